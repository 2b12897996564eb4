/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a frame, the same on every interface and in both directions. A plain one (untagged, an
 * IPv4 header of 20 bytes, no fragment, TCP or UDP) takes the straight way with constant offsets,
 * everything else the other one. See docs/life-of-a-packet.md.
 */
#ifndef ELB_BALANCE_H
#define ELB_BALANCE_H

#include <lib/uncommon.h>

/* Untagged IPv6 has a short cut: it is no less common than IPv4. */
ELB_INLINE int elb_not_plain(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;

	if (ELB_TAKE(&at, &eth) && elb_is_untagged(ctx) && eth->proto == bpf_htons(ETH_P_IPV6))
		return elb_balance6(ctx, ETH_HLEN, 0);
	return elb_uncommon(ctx);
}

ELB_INLINE int elb_balance(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct iphdr *ip;
	struct elb_l4 l4;

	if (!ELB_TAKE(&at, &eth) || !ELB_TAKE(&at, &ip) || !elb_is_untagged(ctx) ||
	    eth->proto != bpf_htons(ETH_P_IP) || *(__u8 *)ip != ELB_IP_PLAIN ||
	    ip->frag_off & bpf_htons(ELB_IP_FRAGMENT) || !elb_parse_l4(ctx, ip, sizeof(*ip), &l4))
		return elb_not_plain(ctx);
	return elb_carry(ctx, ELB_PLAIN_PLACE, eth, ip);
}

#endif
