/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the module stands in the kernel's way: the end of a passive TCP handshake, where the client
 * is noted, and getname(), where it is told. Process context, by the module's init and exit alone.
 */
#ifndef TOA_HOOK_H
#define TOA_HOOK_H

#include <linux/types.h>

/* Looks whether all places are there and free; changes nothing and says what is wrong. */
int toa_hooks_find(void);

/* All or none. */
int toa_hooks_place(void);

/* Returns when no code of this module is being executed, nor will be. */
void toa_hooks_remove(void);

extern bool toa_debug;

#endif
