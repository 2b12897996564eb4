/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every frame that is not a plain one: VLAN tags, ARP, IP options, fragments, ICMP, broken headers.
 * One global function, so that the straight way stays short and the verifier reads this once.
 */
#ifndef ELB_UNCOMMON_H
#define ELB_UNCOMMON_H

#include <lib/arp.h>
#include <lib/core.h>

#define ELB_OPTIONS_MAX 40
#define ELB_OPTION_END	0
#define ELB_OPTION_NOP	1
#define ELB_OPTION_LSRR 131
#define ELB_OPTION_SSRR 137
#define ELB_FRAG_TICKS	60 /* about 30 seconds, as long as a receiver collects fragments */

/*
 * Is there a source route (RFC 791: the sender says which routers), or options that do not fit the
 * header? Both are refused.
 */
ELB_NOINLINE int elb_odd_options(ELB_CTX *ctx, __u32 l3, __u32 header_len)
{
	struct elb_cursor_at at;
	struct elb_ethernet *eth;
	struct iphdr *ip;
	__u8 *option;
	__u32 offset = sizeof(*ip);

	if (!elb_take_ip(ctx, l3, &at, &eth, &ip))
		return 1;
	for (int i = 0; i < ELB_OPTIONS_MAX; i++) {
		offset &= 63;
		if (offset >= header_len)
			return 0;
		at.pos = (void *)ip + offset;
		option = at.pos;
		if (at.pos + 2 > at.end)
			return 1;
		if (option[0] == ELB_OPTION_END)
			return 0;
		if (option[0] == ELB_OPTION_NOP) {
			offset++;
			continue;
		}
		if (option[0] == ELB_OPTION_LSRR || option[0] == ELB_OPTION_SSRR || option[1] < 2 ||
		    offset + option[1] > header_len)
			return 1;
		offset += option[1] & 63;
	}
	return 0;
}

/* The ports that the first fragment of the same datagram had; 0: not seen, or long ago. */
ELB_INLINE int elb_fragment_ports(const struct elb_frag_key *key, __u32 *ports)
{
	struct elb_frag *seen = bpf_map_lookup_elem(&elb_frags, key);

	if (!seen || (__u32)(bpf_jiffies64() >> elb_tick_shift) - seen->tick > ELB_FRAG_TICKS)
		return 0;
	*ports = seen->ports;
	return 1;
}

ELB_INLINE void elb_note_fragment(const struct elb_frag_key *key, __u32 ports)
{
	struct elb_frag frag = {.ports = ports, .tick = bpf_jiffies64() >> elb_tick_shift};

	bpf_map_update_elem(&elb_frags, key, &frag, BPF_ANY);
}

/*
 * ICMP is handed back, so that its functions do not stand on the stack of this one: the mark, and
 * what elb_icmp() needs, in bytes from the lowest: l3, header_len; then the tags.
 */
#define ELB_FOUND_ICMP		 (0x8000ull << 48)
#define ELB_IS_FOUND_ICMP(found) ((found) >> 48 == 0x8000) /* not a verdict below 0 */

ELB_INLINE __u64 elb_uncommon4(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			       struct iphdr *ip)
{
	__u32 total_len = bpf_ntohs(ip->tot_len);
	__u16 frag_off = bpf_ntohs(ip->frag_off);
	struct elb_l4 l4;

	at.header_len = ip->ihl * 4;
	if (ip->version != 4 || ip->ihl < 5 || total_len < at.header_len ||
	    total_len + at.l3 > elb_frame_len(ctx))
		return elb_exit(elb_unbalanced(ip->daddr, ELB_REASON_MALFORMED));
	if (ip->protocol == IPPROTO_ICMP)
		return ELB_FOUND_ICMP | at.l3 | at.header_len << 8 | (__u64)at.vlan << 16;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return elb_exit(elb_unbalanced(ip->daddr, ELB_REASON_PROTOCOL));
	if (ip->ihl > 5 && elb_odd_options(ctx, at.l3, at.header_len))
		return elb_exit(elb_unbalanced(ip->daddr, ELB_REASON_IP_OPTIONS));
	struct elb_frag_key key = {
		.source = ip->saddr, .dest = ip->daddr, .id = ip->id, .proto = ip->protocol};
	if (frag_off & ELB_IP_OFFSET) {
		at.fragment = ELB_FRAGMENT_LATER;
		if (!elb_fragment_ports(&key, &at.ports))
			return elb_exit(elb_unbalanced(ip->daddr, ELB_REASON_FRAGMENT));
		return elb_carry(ctx, at, eth, ip);
	}
	if (!elb_parse_l4(ctx, ip, at.header_len, &l4))
		return elb_exit(elb_unbalanced(ip->daddr, frag_off & ELB_IP_MORE
								  ? ELB_REASON_FRAGMENT
								  : ELB_REASON_MALFORMED));
	at.ports = *l4.ports;
	if (frag_off & ELB_IP_MORE)
		at.fragment = ELB_FRAGMENT_FIRST;
	int verdict = elb_carry(ctx, at, eth, ip);
	if (at.fragment == ELB_FRAGMENT_FIRST && ELB_LEAVES(verdict))
		elb_note_fragment(&key, at.ports);
	return verdict;
}

/* The verdict, or ELB_FOUND_ICMP. */
ELB_NOINLINE __u64 elb_uncommon(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_place place = {.header_len = 20};
	struct elb_ethernet *eth;
	struct iphdr *ip;

	if (!ELB_TAKE(&at, &eth))
		return elb_exit(ELB_REASON_MALFORMED);
	__be16 type = eth->proto;
	if (!elb_take_tags(ctx, &at, &type, &place.vlan))
		return elb_exit(ELB_REASON_MALFORMED);
	if (type == bpf_htons(ETH_P_ARP))
		return elb_exit(elb_answer_arp(eth, &at, elb_ingress(ctx)));
	place.l3 = at.pos - (void *)eth;
	if (type != bpf_htons(ETH_P_IP))
		return elb_exit(ELB_REASON_PASS_OTHER);
	if (!ELB_TAKE(&at, &ip))
		return elb_exit(ELB_REASON_MALFORMED);
	return elb_uncommon4(ctx, place, eth, ip);
}

#endif
