/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What happens to every IPv4 packet with ports: find its connection (or open one), check that it
 * can leave, rewrite, count, send. Nothing is written to the frame before it is certain that it
 * leaves. Inlined twice: for the plain frame with constant offsets (elb_plain), and for tags,
 * options and fragments (uncommon.h).
 */
#ifndef ELB_CORE_H
#define ELB_CORE_H

#include <lib/nat64.h>
#include <lib/rate.h>
#include <lib/reset.h>
#include <lib/send.h>
#include <lib/seq.h>
#include <lib/toa.h>
#include <lib/too_big.h>

/* The longest IP packet that the frame becomes on the wire: less than the frame if tc sees a batch.
 */
ELB_INLINE __u32 elb_wire_len(const ELB_CTX *ctx, struct elb_place at, const struct iphdr *ip,
			      const struct elb_l4 *l4)
{
#ifdef ELB_TC
	if (ctx->gso_size && at.fragment == ELB_FRAGMENT_NONE)
		return ctx->gso_size + at.header_len +
		       (ip->protocol == IPPROTO_TCP ? (l4->word & 0xf0) >> 2 : 8);
#endif
	return bpf_ntohs(ip->tot_len);
}

/* The headers once more, after a function that may have moved the frame. */
ELB_INLINE int elb_again(const ELB_CTX *ctx, struct elb_place at, struct elb_ethernet **eth,
			 struct iphdr **ip)
{
	*eth = elb_data(ctx);
	*ip = (void *)*eth + (at.l3 & 31);
	return (void *)(*eth + 1) <= elb_data_end(ctx) && (void *)(*ip + 1) <= elb_data_end(ctx);
}

/* Opens a connection for the packet; ELB_FORWARD with *opening filled, or why not. */
ELB_INLINE int elb_open(ELB_CTX *ctx, struct elb_place at, const struct elb_ethernet *eth,
			const struct iphdr *ip, const struct elb_l4 *l4,
			struct elb_opening *opening)
{
	__u32 total_len = bpf_ntohs(ip->tot_len);

	opening->key = elb_key_of(at, ip, l4);
	opening->v6 = 0;
	opening->proven = 0;
	opening->who.client = elb_mapped(ip->saddr);
	opening->from.ifindex = elb_ingress(ctx);
	opening->from.vlan = at.vlan;
	opening->from.pad = 0;
	__builtin_memcpy(opening->from.mac, eth->source, ETH_ALEN);
	opening->ttl = ip->ttl;
	opening->tcp_flags = elb_tcp_flags(l4);
	opening->total_len = elb_wire_len(ctx, at, ip, l4);
	opening->now = bpf_jiffies64() >> elb_tick_shift;
	opening->bad = elb_l4_bad(ip, at, l4) || total_len + at.l3 > elb_frame_len(ctx);
	return elb_connect(opening);
}

/* The packet belongs to a connection: send it on, rewritten. */
ELB_INLINE int elb_translate(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			     struct iphdr *ip, struct elb_flow *flow, __u32 ctl)
{
	struct elb_l4 l4 = {};

	if (ctl & (ELB_FLOW_V6 | ELB_FLOW_COOKIE)) {
		__u32 where = elb_where(at.l3, at.header_len, ip->protocol);

		if (ctl & ELB_FLOW_COOKIE && at.fragment != ELB_FRAGMENT_LATER) {
			int verdict = elb_seq_carry(ctx, where, at.vlan, flow, ctl);
			if (verdict != ELB_FORWARD)
				return verdict;
		}
		if (ctl & ELB_FLOW_V6) /* a member's answer to an IPv6 client */
			return elb_translate46(ctx, where, flow, ctl);
		if (!elb_again(ctx, at, &eth, &ip))
			return ELB_BROKEN_ENV;
	}
	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (at.fragment != ELB_FRAGMENT_LATER && !elb_parse_l4(ctx, ip, at.header_len, &l4))
		return elb_exit(ELB_REASON_MALFORMED);
	int reason = elb_hop_check(hop, elb_wire_len(ctx, at, ip, &l4));
	if (reason == ELB_REASON_TOO_BIG)
		return elb_too_big(ctx, at.l3, hop_index, 0);
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);

	if (elb_bandwidth_any() &&
	    !elb_bandwidth_allows(ELB_FLOW_MEMBER(flow->traffic), ctl, bpf_ntohs(ip->tot_len)))
		return elb_exit(ELB_REASON_BANDWIDTH);
	if (ip->protocol == IPPROTO_TCP && at.fragment != ELB_FRAGMENT_LATER) {
		elb_note_ack(ctx, flow, &l4);
		if (elb_tcp_is_special(ctx, &l4, ctl)) {
			/* a fragment cannot grow */
			__u32 may = at.fragment == ELB_FRAGMENT_NONE ? ctl : ctl & ~ELB_FLOW_TOA;

			elb_tcp_operate(ctx, ELB_PLACE_WORD(at), flow, may, hop->mtu);
			if (!elb_again(ctx, at, &eth, &ip) ||
			    !elb_parse_l4(ctx, ip, at.header_len, &l4))
				return ELB_BROKEN_ENV;
		}
	}

	/* In one register, which the compiler must not take apart: places on the stack are few. */
	__u64 facts = bpf_ntohs(ip->tot_len) | (__u64)ip->protocol << 16 | (__u64)l4.word << 32;
	asm volatile("" : "+r"(facts));
	elb_hop_write(hop, eth);
	elb_nat_rewrite(ctx, at, flow, ip, &l4); /* in tc, the last use of ip */
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	__u32 vlan = hop->vlan;
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	__u32 total_len = facts & 0xffff;
	if ((facts >> 16 & 0xff) == IPPROTO_TCP && at.fragment != ELB_FRAGMENT_LATER) {
		l4.word = facts >> 32;
		elb_track(flow, ctl, elb_tcp_flags(&l4));
		elb_toa_heard(flow, ctl, total_len - at.header_len, l4.word);
	}
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, total_len);
	if (vlan != at.vlan && elb_retag(ctx, at.vlan, vlan))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

/* Opens a connection for a packet that has none. ELB_FORWARD, or the verdict in *verdict. */
ELB_INLINE struct elb_flow *elb_newcomer(ELB_CTX *ctx, struct elb_place at,
					 const struct elb_ethernet *eth, struct iphdr *ip,
					 __u32 *ctl, int *verdict)
{
	struct elb_l4 l4;
	__u32 zero = 0;

	*verdict = ELB_BROKEN_ENV;
	struct elb_opening *opening = bpf_map_lookup_elem(&elb_scratch, &zero);
	if (!opening || !elb_parse_l4(ctx, ip, at.header_len, &l4))
		return 0;
	__u32 where = elb_where(at.l3, at.header_len, ip->protocol);
	int reason = elb_open(ctx, at, eth, ip, &l4, opening);
	reason = elb_reconsider(ctx, where, opening, reason);
	if (reason == ELB_REASON_TOO_BIG) {
		*verdict = elb_too_big(ctx, at.l3, opening->nat.hop, 0);
		return 0;
	}
	if (reason != ELB_FORWARD) {
		*verdict = elb_decline(ctx, at.l3, opening, reason);
		return 0;
	}
	*ctl = opening->ctl;
	return elb_table_slot(ELB_TABLE, opening->slot);
}

/*
 * A packet from its connection to its verdict. What outlives a helper's call has to go to the
 * stack; so on the way of a known packet nothing is kept that can be read from the frame again:
 * only ctx, the frame, the entry and its ctl are.
 */
ELB_INLINE int elb_carry(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			 struct iphdr *ip)
{
	struct elb_l4 l4 = {};
	__u32 ctl = 0;
	int verdict;

	if (at.fragment != ELB_FRAGMENT_LATER && !elb_parse_l4(ctx, ip, at.header_len, &l4))
		return ELB_BROKEN_ENV;
	struct elb_flow *flow = elb_known(at, ip, &l4, &ctl);
	if (!flow && at.fragment == ELB_FRAGMENT_LATER)
		return elb_exit(elb_unbalanced(ip->daddr, ELB_REASON_FRAGMENT));
	if (!flow) {
		flow = elb_newcomer(ctx, at, eth, ip, &ctl, &verdict);
		if (!flow)
			return verdict;
		if (!elb_again(ctx, at, &eth, &ip))
			return ELB_BROKEN_ENV;
	}
	return elb_translate(ctx, at, eth, ip, flow, ctl);
}

/* A plain frame, whatever it wants. Global, so that it is no part of the way of most (fast.h). */
ELB_NOINLINE int elb_plain(ELB_CTX *ctx)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct iphdr *ip;

	if (!ELB_TAKE(&at, &eth) || !ELB_TAKE(&at, &ip))
		return ELB_BROKEN_ENV;
	return elb_carry(ctx, ELB_PLAIN_PLACE, eth, ip);
}

#endif
