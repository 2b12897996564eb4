/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pointer to a function in one of the kernel's read-only tables, and how it is changed: the
 * page is mapped a second time, writable, for the time of one store. The kernel's own mapping keeps
 * its protection, no other processor sees a difference, and nothing has to be put back.
 */
#ifndef TOA_SLOT_H
#define TOA_SLOT_H

#include <linux/types.h>

#include "signatures.h"

union toa_function {
	void *pointer;
	typeof(((struct proto_ops *)0)->getname) getname;
	typeof(((struct inet_connection_sock_af_ops *)0)->syn_recv_sock) syn_recv_sock;
};

struct toa_slot {
	const char *name;     /* for messages */
	const char *function; /* the kernel's function that must be there */
	union toa_function ours;
	union toa_function *place; /* NULL: this kernel has no such table */
	union toa_function was;
};

/*
 * Looks at the slot without changing it. -EBUSY: something else than the kernel's own function is
 * there; -EFAULT: the table is not where tables of the kernel or its modules are.
 */
int toa_slot_find(struct toa_slot *slot, const void *place);

int toa_slot_swap(struct toa_slot *slot);

/* -EBUSY: somebody put another function over ours, and would call ours after we are gone. */
int toa_slot_restore(struct toa_slot *slot);

#endif
