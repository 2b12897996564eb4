/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a frame, the same on every interface and in both directions. A plain one (untagged, an
 * IPv4 header of 20 bytes, no fragment, TCP or UDP) takes the straight way with constant offsets,
 * everything else the other one. See docs/life-of-a-packet.md.
 */
#ifndef ELB_BALANCE_H
#define ELB_BALANCE_H

#ifdef ELB_TC
#include <lib/balance6.h>
#else
#include <lib/fast.h>
#include <lib/fast6.h>
#endif
#include <lib/uncommon.h>

/* Behind tags, IPv6: offset of its header | tags << 32, else 0. */
ELB_NOINLINE __u64 elb_find_ip6(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	__u32 vlan;

	if (!ELB_TAKE(&at, &eth))
		return 0;
	__be16 type = eth->proto;
	if (!elb_take_tags(ctx, &at, &type, &vlan) || type != bpf_htons(ETH_P_IPV6))
		return 0;
	return (at.pos - (void *)eth) | (__u64)vlan << 32;
}

/* IPv6 goes its own way from here, so that stacks do not pile up; untagged it has a short cut. */
ELB_INLINE int elb_not_plain(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;

	if (!ELB_TAKE(&at, &eth))
		return elb_exit(ELB_REASON_MALFORMED);
	if (eth->proto == bpf_htons(ETH_P_IPV6) && elb_is_untagged(ctx))
		return elb_balance6(ctx, ETH_HLEN, 0);
	if (ELB_IS_TAG(eth->proto) || !elb_is_untagged(ctx)) {
		__u64 found = elb_find_ip6(ctx);
		if (found)
			return elb_balance6(ctx, found, found >> 32);
	}
	__u64 found = elb_uncommon(ctx);
	if (ELB_IS_FOUND_ICMP(found))
		return elb_icmp(ctx, found & 255, found >> 8 & 255, found >> 16);
	return found;
}

ELB_INLINE int elb_balance(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct iphdr *ip;
	struct elb_l4 l4;

#ifndef ELB_TC
	if (elb_is_fast(ctx))
		return elb_fast(ctx);
	if (elb_is_fast6(ctx))
		return elb_fast6(ctx);
#endif
	if (!ELB_TAKE(&at, &eth) || !ELB_TAKE(&at, &ip) || !elb_is_untagged(ctx) ||
	    eth->proto != bpf_htons(ETH_P_IP) || *(__u8 *)ip != ELB_IP_PLAIN ||
	    ip->frag_off & bpf_htons(ELB_IP_FRAGMENT) || !elb_parse_l4(ctx, ip, sizeof(*ip), &l4))
		return elb_not_plain(ctx);
	return elb_plain(ctx);
}

#endif
