/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters: why a packet was not forwarded, and what was forwarded for whom. All of them for one
 * CPU, plain additions; readers sum over CPUs.
 */
#ifndef ELB_COUNT_H
#define ELB_COUNT_H

#include <lib/maps.h>
#include <lib/parse.h>

#define ELB_FORWARD ELB_REASON_COUNT /* no reason: the packet goes on */

ELB_INLINE void elb_count_reason(__u32 reason)
{
	__u64 *packets = bpf_map_lookup_elem(&elb_reasons, &reason);

	if (packets)
		*packets += 1;
}

/* Counts the reason and gives the verdict that goes with it. Global: the verifier reads it once. */
__attribute__((noinline)) int elb_exit(__u32 reason)
{
	__u64 drops = 0;

	elb_count_reason(reason);
#define ELB_REASON_DROP(NAME, name, drop, text) drops |= (__u64)drop << ELB_REASON_##NAME;
	ELB_REASONS(ELB_REASON_DROP)
#undef ELB_REASON_DROP
	if (reason == ELB_REASON_ARP_ANSWERED || reason == ELB_REASON_ECHO_ANSWERED ||
	    reason == ELB_REASON_TOO_BIG_TOLD || reason == ELB_REASON_ND_ANSWERED ||
	    reason == ELB_REASON_SYN_COOKIE_SENT)
		return ELB_TURN;
	return drops >> (reason & 63) & 1 ? ELB_DROP : ELB_PASS;
}
ELB_ASSERT(ELB_REASON_COUNT <= ELB_REASON_PLACES, "reasons fit the map of drops");

/* Something that happened on the way of a packet that is not its end. */
__attribute__((noinline)) int elb_count(__u32 reason)
{
	__u64 *packets = bpf_map_lookup_elem(&elb_reasons, &reason);

	if (packets)
		*packets += 1;
	return 0;
}

ELB_INLINE void elb_count_limited(__u32 listener)
{
	__u64 *limited = bpf_map_lookup_elem(&elb_limited, &listener);

	if (limited)
		*limited += 1;
}

ELB_INLINE void elb_count_refused(__u32 listener)
{
	__u64 *refused = bpf_map_lookup_elem(&elb_refused, &listener);

	if (refused)
		*refused += 1;
}

ELB_INLINE void elb_count_connection(__u32 member)
{
	struct elb_traffic *traffic = bpf_map_lookup_elem(&elb_traffic, &member);

	if (traffic)
		traffic->connections++;
}

/* The flow's own figures may lose an addition if one direction arrives on two CPUs at once. */
ELB_INLINE void elb_count_forwarded(struct elb_flow *flow, int reverse, __u32 total_len)
{
	__u32 member = ELB_FLOW_MEMBER(flow->traffic);

	flow->packets++;
	flow->traffic += ELB_FLOW_TRAFFIC(total_len + ETH_HLEN, 0);
	struct elb_traffic *traffic = bpf_map_lookup_elem(&elb_traffic, &member);
	if (!traffic)
		return;
	__u64 bytes = total_len + ETH_HLEN;
	if (reverse) {
		ELB_KEEP_APART(traffic);
		traffic->packets_out++;
		traffic->bytes_out += bytes;
	} else {
		traffic->packets_in++;
		traffic->bytes_in += bytes;
	}
}

#endif
