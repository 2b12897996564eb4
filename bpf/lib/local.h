/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which local address and port is tried next. */
#ifndef ELB_LOCAL_H
#define ELB_LOCAL_H

#include <bpf/bpf_endian.h>
#include <lib/maps.h>

/*
 * The next local endpoint towards a member. CPU c draws the numbers = c modulo cpu_count, so CPUs
 * do not compete; a number is a port, and above the port range an address. A full round passes
 * before one is used again, which keeps clear of TIME-WAIT on the member.
 *
 * Entries of one member for several listeners share its ports: they begin apart, and a cursor that
 * meets the other's long run of taken ports leaps out of it for good.
 */
ELB_INLINE void elb_next_local(__u64 *cursor, __u32 apart, __u32 first, __u32 count, __u32 *addr,
			       __u32 *port)
{
	__u32 n = ((__u32)*cursor + apart) * elb_cpu_count + bpf_get_smp_processor_id();

	*cursor += 1;
	n += (__u32)elb_flow_seed[4]; /* a new table does not begin where the last one did */
	*port = bpf_htons(ELB_PORT_FIRST_HOST + n % ELB_PORT_COUNT);
	*addr = bpf_htonl(first + n / ELB_PORT_COUNT % count);
}

#endif
