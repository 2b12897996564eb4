/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPv6 connections, and those between the families, in the flow table. An entry of 64 bytes has no
 * room for four addresses of 16 bytes: they stand beside it, in a second array under the same slot
 * number (struct elb_flow6), and the entry's key holds a keyed hash of the two that a packet
 * brings. So the table's protocol, its sweep and its tests know nothing of IPv6. A packet that
 * finds an entry by the hash compares the whole addresses before it uses it.
 *
 *   client -> VIP   member -> local address
 *   v6              v6                       both entries have ELB_KEY_V6 and a side line
 *   v6              v4 (NAT64)               only the forward one has; the reverse key is a plain
 *                                            one, and its packets read the forward one's side line
 * Both entries of either have ELB_FLOW_V6.
 */
#ifndef ELB_FLOW6_H
#define ELB_FLOW6_H

#include <elb/flow_table.h>

#define ELB_SEEDS6 8 /* of the hash: one for each word of two addresses */

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024); /* as elb_flows, or 1: no IPv6 */
	__type(key, __u32);
	__type(value, struct elb_flow6);
} elb_flows6 SEC(".maps");
const volatile __u64 elb_seeds6[ELB_SEEDS6] = {};

/* The addresses beside an entry; NULL if IPv6 is not configured. */
ELB_INLINE struct elb_flow6 *elb_flow_beside(__u32 slot)
{
	return bpf_map_lookup_elem(&elb_flows6, &slot);
}

/*
 * A vector multiplication with random odd factors that only this node knows: two pairs of addresses
 * chosen without knowing them meet with a chance below 2^-32, pairs that differ in one word never.
 * The table hashes the result again.
 */
ELB_INLINE __u64 elb_hash6(const struct elb_ip *source, const struct elb_ip *dest)
{
	return elb_seeds6[0] * source->word[0] + elb_seeds6[1] * source->word[1] +
	       elb_seeds6[2] * source->word[2] + elb_seeds6[3] * source->word[3] +
	       elb_seeds6[4] * dest->word[0] + elb_seeds6[5] * dest->word[1] +
	       elb_seeds6[6] * dest->word[2] + elb_seeds6[7] * dest->word[3];
}
#else
/* What elb_seeds6[i] must hold: the same under every agent. `table_seed` is seed i modulo 5. */
static inline __u64 elb_derive_seed6(__u64 table_seed, __u32 i)
{
	__u64 x = table_seed + (i + 1) * 0x9E3779B97F4A7C15ull;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
	x = (x ^ x >> 27) * 0x94D049BB133111EBull;
	return (x ^ x >> 31) | 1;
}
#endif

ELB_INLINE int elb_is_mapped(const struct elb_ip *ip)
{
	return !(ip->word[0] | ip->word[1]) && ip->word[2] == ELB_MAPPED_WORD;
}

#endif
