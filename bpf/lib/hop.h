/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Next hops. Towards members the agent keeps them (routes and neighbours); towards clients a
 * connection answers the neighbour its first packet came from, learnt here ("auto last hop"), so
 * that the path of a packet needs no route lookup.
 */
#ifndef ELB_HOP_H
#define ELB_HOP_H

#include <lib/count.h>
#include <lib/parse.h>

/* 0 if a packet of this length may leave by the hop, else the reason. */
ELB_INLINE __u32 elb_hop_check(const struct elb_hop *hop, __u32 total_len)
{
	if (!hop || !hop->valid)
		return ELB_REASON_NO_HOP;
	if (total_len > hop->mtu)
		return ELB_REASON_TOO_BIG;
	return ELB_FORWARD;
}

typedef __u64 __attribute__((may_alias)) elb_mac_u64;
typedef __u32 __attribute__((may_alias)) elb_mac_u32;
typedef __u16 __attribute__((may_alias)) elb_mac_u16;

/*
 * Both addresses in two stores; they lie beside each other in the hop and in the frame. By way of
 * void: clang takes the alignment of a struct's member from the struct, and would store words
 * of 16.
 */
ELB_INLINE void elb_hop_write(const struct elb_hop *hop, struct elb_ethernet *eth)
{
	const void *from = hop;
	void *to = eth;

	*(elb_mac_u64 *)to = *(const elb_mac_u64 *)from;
	*(elb_mac_u32 *)(to + 8) = *(const elb_mac_u32 *)(from + 8);
}

/* Is it the neighbour's? The agent may have given the hop to another one meanwhile. */
ELB_INLINE int elb_hop_is(const struct elb_hop *hop, const struct elb_hop_key *key)
{
	return hop && hop->valid && hop->ifindex == key->ifindex && hop->vlan == key->vlan &&
	       *(const elb_mac_u32 *)hop->dest_mac == *(const elb_mac_u32 *)key->mac &&
	       *(const elb_mac_u16 *)(hop->dest_mac + 4) == *(const elb_mac_u16 *)(key->mac + 4);
}

/*
 * Index of the neighbour's hop; 0: no room for another one, or an interface that the agent has not
 * described. Answers carry the interface's own address and the tags of the frame. `guess` is the
 * one that the CPU's last connection got: clients mostly come by the same router, and a look into
 * the array is cheap.
 */
ELB_INLINE __u32 elb_hop_learn(const struct elb_hop_key *from, __u32 guess)
{
	if (elb_hop_is(bpf_map_lookup_elem(&elb_hops, &guess), from))
		return guess;

	/* a copy: Linux 6.1 takes no key out of the memory that a global function was given */
	struct elb_hop_key copy = *from, *key = &copy;
	__u32 *known = bpf_map_lookup_elem(&elb_hop_index, key);
	__u32 index = 0;

	if (known)
		return *known;
	struct elb_link *link = bpf_map_lookup_elem(&elb_links, &key->ifindex);
	if (!link || bpf_map_pop_elem(&elb_hop_free, &index))
		return 0;

	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &index);
	if (!hop)
		return 0;
	__builtin_memcpy(hop->dest_mac, key->mac, sizeof(hop->dest_mac));
	__builtin_memcpy(hop->source_mac, link->mac, sizeof(hop->source_mac));
	hop->ifindex = key->ifindex;
	hop->vlan = key->vlan;
	hop->mtu = link->mtu;
	hop->valid = 1;
	if (!bpf_map_update_elem(&elb_hop_index, key, &index, BPF_NOEXIST))
		return index;

	/* another CPU was faster */
	hop->valid = 0;
	bpf_map_push_elem(&elb_hop_free, &index, 0);
	known = bpf_map_lookup_elem(&elb_hop_index, key);
	return known ? *known : 0;
}

#endif
