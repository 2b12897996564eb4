/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a packet, the same on every interface and in both directions: parse, find its
 * connection (or open one), check that it can leave, rewrite, count, send. Nothing is written to
 * the packet before it is certain that it leaves. See docs/life-of-a-packet.md.
 */
#ifndef ELB_BALANCE_H
#define ELB_BALANCE_H

#include <lib/arp.h>
#include <lib/open.h>

/* The rare parts of the hit path, global so that its registers and the verifier are spared. */
ELB_NOINLINE int elb_mark(struct elb_flow *flow, __u32 ctl, __u32 set, __u32 clear)
{
	if (flow)
		elb_flow_mark(ELB_TABLE, flow, ctl, set, clear);
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

/* Why an IPv4 packet that is no whole, plain TCP or UDP packet is left alone or dropped. */
ELB_INLINE int elb_odd_packet(const struct iphdr *ip, struct xdp_md *ctx)
{
	__u32 header_len = ip->ihl * 4, total_len = bpf_ntohs(ip->tot_len);
	__u32 reason = ELB_REASON_PROTOCOL;

	if (ip->version != 4 || ip->ihl < 5 || total_len < header_len ||
	    total_len + ETH_HLEN > bpf_xdp_get_buff_len(ctx))
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

/* Sends the frame, whose addresses of level 2 are written, out of an interface. */
ELB_INLINE int elb_send(struct xdp_md *ctx, __u32 ifindex)
{
	if (ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	int verdict = bpf_redirect_map(&elb_tx_ports, ifindex, XDP_ABORTED);
	return verdict == XDP_REDIRECT ? verdict : elb_exit(ELB_REASON_NO_HOP);
}

ELB_INLINE struct elb_flow_key elb_key_of(const struct iphdr *ip)
{
	struct elb_flow_key key = {
		.addrs = (__u64)ip->saddr << 32 | ip->daddr,
		.ports = *(const __u32 *)(ip + 1),
		.proto = ip->protocol,
	};

	return key;
}

/* The entry of the packet's connection, refreshed, with *ctl as found; NULL if there is none. */
ELB_INLINE struct elb_flow *elb_known(const struct iphdr *ip, __u32 *ctl)
{
	struct elb_flow_key key = elb_key_of(ip);
	__u32 home = elb_flow_home(ELB_TABLE, &key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, home);
	struct elb_flow_ref ref;

	if (!flow)
		return 0;
	key = elb_key_of(ip);
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

/* Opens a connection for the packet; ELB_FORWARD with *opening filled, or why not. */
ELB_INLINE int elb_open(struct xdp_md *ctx, const struct elb_ethernet *eth, const struct iphdr *ip,
			const struct elb_l4 *l4, struct elb_opening *opening)
{
	__u32 total_len = bpf_ntohs(ip->tot_len);

	opening->key = elb_key_of(ip);
	opening->from.ifindex = ctx->ingress_ifindex;
	opening->from.pad = 0;
	__builtin_memcpy(opening->from.mac, eth->source, ETH_ALEN);
	__builtin_memcpy(opening->own_mac, eth->dest, ETH_ALEN);
	opening->ttl = ip->ttl;
	opening->tcp_flags = elb_tcp_flags(l4);
	opening->total_len = total_len;
	opening->now = bpf_jiffies64() >> elb_tick_shift;
	opening->bad = elb_l4_bad(ip, l4) || total_len + ETH_HLEN > bpf_xdp_get_buff_len(ctx);
	return elb_connect(opening);
}

/* The packet belongs to a connection: send it on, rewritten. */
ELB_INLINE int elb_translate(struct xdp_md *ctx, struct elb_ethernet *eth, struct iphdr *ip,
			     struct elb_flow *flow, __u32 ctl)
{
	struct elb_l4 l4;

	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(hop, bpf_ntohs(ip->tot_len));
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	if (!elb_parse_l4(ctx, ip, &l4))
		return elb_exit(ELB_REASON_MALFORMED);

	elb_nat_rewrite(flow, ip, &l4);
	elb_hop_write(hop, eth);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	__u32 out = hop->ifindex;
	if (ip->protocol == IPPROTO_TCP)
		elb_track(flow, ctl, elb_tcp_flags(&l4));
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, ip);
	return elb_send(ctx, out);
}

/*
 * What outlives a helper's call has to go to the stack, and without CAP_PERFMON the kernel puts a
 * barrier of some 10 ns behind such a store. So on the way of a known packet nothing is kept that
 * can be read from the frame again: only ctx, the frame, the entry and its ctl are.
 */
ELB_INLINE int elb_balance(struct xdp_md *ctx)
{
	struct elb_cursor_at at = {.pos = (void *)(long)ctx->data,
				   .end = (void *)(long)ctx->data_end};

	struct elb_ethernet *eth;
	if (!ELB_TAKE(&at, &eth))
		return elb_exit(ELB_REASON_MALFORMED);
	if (eth->proto == bpf_htons(ETH_P_ARP))
		return elb_exit(elb_answer_arp(eth, &at, ctx->ingress_ifindex));
	if (eth->proto != bpf_htons(ETH_P_IP))
		return elb_exit(ELB_REASON_PASS_OTHER);

	struct iphdr *ip;
	struct elb_l4 l4;
	if (!ELB_TAKE(&at, &ip))
		return elb_exit(ELB_REASON_MALFORMED);
	if (*(__u8 *)ip != ELB_IP_PLAIN || ip->frag_off & bpf_htons(ELB_IP_FRAGMENT) ||
	    !elb_parse_l4(ctx, ip, &l4))
		return elb_odd_packet(ip, ctx);

	__u32 ctl = 0;
	struct elb_flow *flow = elb_known(ip, &ctl);
	if (!flow) {
		__u32 zero = 0;
		struct elb_opening *opening = bpf_map_lookup_elem(&elb_scratch, &zero);
		if (!opening || !elb_parse_l4(ctx, ip, &l4))
			return XDP_ABORTED;
		int reason = elb_open(ctx, eth, ip, &l4, opening);
		if (reason != ELB_FORWARD)
			return elb_refuse(opening, reason);
		ctl = opening->ctl;
		flow = elb_table_slot(ELB_TABLE, opening->slot);
		if (!flow)
			return XDP_ABORTED;
	}
	return elb_translate(ctx, eth, ip, flow, ctl);
}

#endif
