/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire format of the client's address (TOA), the only copy: the balancer writes it, toa.ko and
 * its BPF twin read it on members. A TCP option, all of it in network order:
 *
 *   kind 254 | size 8 or 20 | the client's port (2) | the client's IPv4 (4) or IPv6 address (16)
 *
 * Nothing but macros, so that the kernel, BPF, C and C++ can all include it.
 */
#ifndef ELB_TOA_FORMAT_H
#define ELB_TOA_FORMAT_H

#define ELB_OPTION_END	0
#define ELB_OPTION_NOP	1
#define ELB_OPTION_TOA	254
#define ELB_OPTIONS_MAX 40 /* bytes of options in a TCP header */

#define ELB_TOA_SIZE	8
#define ELB_TOA_SIZE6	20
#define ELB_TOA_PORT	2 /* offsets in the option */
#define ELB_TOA_ADDRESS 4

#endif
