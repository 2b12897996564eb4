/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every frame that is not a plain one: VLAN tags, ARP, IP options, fragments, ICMP, broken headers.
 * One global function, so that the straight way stays short and the verifier reads this once.
 */
#ifndef ELB_UNCOMMON_H
#define ELB_UNCOMMON_H

#include <lib/arp.h>
#include <lib/core.h>

/* Why an IPv4 packet that is no whole, plain TCP or UDP packet is left alone or dropped. */
ELB_INLINE int elb_odd_packet(ELB_CTX *ctx, struct elb_place at, const struct iphdr *ip)
{
	__u32 header_len = ip->ihl * 4, total_len = bpf_ntohs(ip->tot_len);
	__u32 reason = ELB_REASON_PROTOCOL;

	if (ip->version != 4 || ip->ihl < 5 || total_len < header_len ||
	    total_len + at.l3 > elb_frame_len(ctx))
		reason = ELB_REASON_MALFORMED;
	else if (ip->protocol == IPPROTO_ICMP)
		return elb_exit(elb_unbalanced(ip->daddr, IPPROTO_ICMP, reason));
	else if (ip->frag_off & bpf_htons(ELB_IP_FRAGMENT))
		reason = ELB_REASON_FRAGMENT;
	else if (ip->ihl > 5)
		reason = ELB_REASON_IP_OPTIONS;
	else if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP)
		reason = ELB_REASON_MALFORMED;
	return elb_exit(elb_unbalanced(ip->daddr, 0, reason));
}

ELB_INLINE int elb_uncommon4(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			     struct iphdr *ip)
{
	struct elb_l4 l4;

	if (*(__u8 *)ip != ELB_IP_PLAIN || ip->frag_off & bpf_htons(ELB_IP_FRAGMENT) ||
	    !elb_parse_l4(ctx, ip, at.header_len, &l4))
		return elb_odd_packet(ctx, at, ip);
	return elb_carry(ctx, at, eth, ip);
}

ELB_NOINLINE int elb_uncommon(ELB_CTX *ctx)
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
