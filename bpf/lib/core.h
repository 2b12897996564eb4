/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What happens to every IPv4 packet with ports: find its connection (or open one), check that it
 * can leave, rewrite, count, send. Nothing is written to the frame before it is certain that it
 * leaves. Inlined twice: for the plain frame with constant offsets (balance.h), and for tags,
 * options and fragments (uncommon.h).
 */
#ifndef ELB_CORE_H
#define ELB_CORE_H

#include <lib/open.h>

/* The rare parts of the hit path, global so that its registers and the verifier are spared. */
ELB_NOINLINE int elb_mark(struct elb_flow *flow, __u32 ctl, __u32 set, __u32 clear)
{
	if (!flow)
		return 0;
	__u32 member = ELB_FLOW_MEMBER(ELB_LOAD(flow->traffic)); /* before: still ours if marked */
	int counted = elb_flow_mark(ELB_TABLE, flow, ctl, set, clear);
	if (counted)
		elb_count_open(member, counted);
	return 0;
}

ELB_NOINLINE int elb_refresh(struct elb_flow *flow, __u32 ctl, __u32 now)
{
	__u32 noted;

	return flow && elb_flow_refresh(ELB_TABLE, flow, ctl, now, &noted);
}

/* A key that is not in its home slot: slot << 32 | ctl, 0 if it is nowhere. */
ELB_NOINLINE __u64 elb_find_elsewhere(__u64 addrs, __u32 ports, __u32 proto)
{
	struct elb_flow_key key = {.addrs = addrs, .ports = ports, .proto = proto};
	struct elb_flow_ref ref;

	if (!elb_flow_find(ELB_TABLE, &key, elb_flow_home(ELB_TABLE, &key), ELB_USABLE, &ref))
		return 0;
	return (__u64)ref.slot << 32 | ref.ctl;
}

/*
 * TCP progress, for the agent's timeouts. Most segments tell nothing new. A SYN on a connection
 * that was closing opens it anew, with the same member and local port, as both ends may (RFC 6191).
 */
ELB_INLINE void elb_track(struct elb_flow *flow, __u32 ctl, __u32 flags)
{
	__u32 reverse = ctl & ELB_FLOW_REVERSE;
	__u32 set = reverse ? ELB_FLOW_SEEN_OUT : ELB_FLOW_SEEN_IN, clear = 0;

	if (!(flags & (ELB_TCP_FIN | ELB_TCP_SYN | ELB_TCP_RST)) && (ctl & set))
		return;
	if (!reverse && ELB_TCP_OPENS(flags)) {
		if (!(ctl & (ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST)))
			return;
		set = 0;
		clear = ELB_FLOW_SEEN_IN | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST;
	}
	if (flags & ELB_TCP_FIN)
		set |= reverse ? ELB_FLOW_FIN_OUT : ELB_FLOW_FIN_IN;
	if (flags & ELB_TCP_RST)
		set |= ELB_FLOW_RST;
	elb_mark(flow, ctl, set, clear);
}

/* Where a frame leaves, whose addresses of level 2 are written; counts if it can not. */
ELB_INLINE int elb_send(ELB_CTX *ctx, __u32 ifindex)
{
#ifdef ELB_TC
	if (ifindex == ctx->ifindex)
		return ELB_TURN;
	if (bpf_map_lookup_elem(&elb_tx_ports, &ifindex))
		return bpf_redirect(ifindex, 0);
#else
	if (ifindex == ctx->ingress_ifindex)
		return ELB_TURN;
	if (bpf_redirect_map(&elb_tx_ports, ifindex, XDP_ABORTED) == XDP_REDIRECT)
		return ELB_AWAY;
#endif
	return elb_exit(ELB_REASON_NO_HOP);
}
#define ELB_LEAVES(verdict) ((verdict) == ELB_TURN || (verdict) == ELB_AWAY)

ELB_INLINE struct elb_flow_key elb_key_of(const struct iphdr *ip, const struct elb_l4 *l4)
{
	struct elb_flow_key key = {
		.addrs = (__u64)ip->saddr << 32 | ip->daddr,
		.ports = *l4->ports,
		.proto = ip->protocol,
	};

	return key;
}

/* The entry of the packet's connection, refreshed, with *ctl as found; NULL if there is none. */
ELB_INLINE struct elb_flow *elb_known(const struct iphdr *ip, const struct elb_l4 *l4, __u32 *ctl)
{
	struct elb_flow_key key = elb_key_of(ip, l4);
	__u32 home = elb_flow_home(ELB_TABLE, &key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, home);
	struct elb_flow_ref ref;

	if (!flow)
		return 0;
	key = elb_key_of(ip, l4);
	if (!elb_flow_find_first(flow, &key, home, ELB_USABLE, &ref)) {
		if (!(ref.word & ELB_HOME_MAP & ~1u))
			return 0;
		__u64 found = elb_find_elsewhere(key.addrs, key.ports, key.proto);
		if (!found)
			return 0;
		flow = elb_table_slot(ELB_TABLE, found >> 32);
		if (!flow)
			return 0;
		ref.ctl = found;
	}
	*ctl = ref.ctl;

	__u32 now = bpf_jiffies64() >> elb_tick_shift;
	__u32 last = ELB_LOAD(flow->last); /* before ctl, see elb_flow_refresh() */
	if (!elb_flow_settled(last, ELB_LOAD(flow->ctl), ref.ctl, now) &&
	    !elb_refresh(flow, ref.ctl, now))
		return 0;
	return flow;
}

#include <lib/nat64.h>

/* Opens a connection for the packet; ELB_FORWARD with *opening filled, or why not. */
ELB_INLINE int elb_open(ELB_CTX *ctx, struct elb_place at, const struct elb_ethernet *eth,
			const struct iphdr *ip, const struct elb_l4 *l4,
			struct elb_opening *opening)
{
	__u32 total_len = bpf_ntohs(ip->tot_len);

	opening->key = elb_key_of(ip, l4);
	opening->v6 = 0;
	opening->who.client = elb_mapped(ip->saddr);
	opening->from.ifindex = elb_ingress(ctx);
	opening->from.vlan = at.vlan;
	opening->from.pad = 0;
	__builtin_memcpy(opening->from.mac, eth->source, ETH_ALEN);
	opening->ttl = ip->ttl;
	opening->tcp_flags = elb_tcp_flags(l4);
	opening->total_len = total_len;
	opening->now = bpf_jiffies64() >> elb_tick_shift;
	opening->bad = elb_l4_bad(ip, at, l4) || total_len + at.l3 > elb_frame_len(ctx);
	return elb_connect(opening);
}

/* The packet belongs to a connection: send it on, rewritten. */
ELB_INLINE int elb_translate(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			     struct iphdr *ip, struct elb_flow *flow, __u32 ctl)
{
	struct elb_l4 l4;

	if (ctl & ELB_FLOW_V6) /* a member's answer to an IPv6 client */
		return elb_translate46(ctx, elb_where(at.l3, at.header_len, ip->protocol), flow,
				       ctl);
	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(hop, bpf_ntohs(ip->tot_len));
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	if (!elb_parse_l4(ctx, ip, at.header_len, &l4))
		return elb_exit(ELB_REASON_MALFORMED);

	elb_nat_rewrite(flow, ip, &l4);
	elb_hop_write(hop, eth);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	__u32 vlan = hop->vlan;
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	if (ip->protocol == IPPROTO_TCP)
		elb_track(flow, ctl, elb_tcp_flags(&l4));
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, ip);
	if (vlan != at.vlan && elb_retag(ctx, at.vlan, vlan))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

/*
 * A packet with ports, from its connection to its verdict. What outlives a helper's call has to go
 * to the stack; so on the way of a known packet nothing is kept that can be read from the frame
 * again: only ctx, the frame, the entry and its ctl are.
 */
ELB_INLINE int elb_carry(ELB_CTX *ctx, struct elb_place at, struct elb_ethernet *eth,
			 struct iphdr *ip)
{
	struct elb_l4 l4;
	__u32 ctl = 0;

	if (!elb_parse_l4(ctx, ip, at.header_len, &l4))
		return ELB_BROKEN_ENV;
	struct elb_flow *flow = elb_known(ip, &l4, &ctl);
	if (!flow) {
		__u32 zero = 0;
		struct elb_opening *opening = bpf_map_lookup_elem(&elb_scratch, &zero);
		if (!opening || !elb_parse_l4(ctx, ip, at.header_len, &l4))
			return ELB_BROKEN_ENV;
		int reason = elb_open(ctx, at, eth, ip, &l4, opening);
		if (reason != ELB_FORWARD)
			return elb_refuse(opening, reason);
		ctl = opening->ctl;
		flow = elb_table_slot(ELB_TABLE, opening->slot);
		if (!flow)
			return ELB_BROKEN_ENV;
	}
	return elb_translate(ctx, at, eth, ip, flow, ctl);
}

#endif
