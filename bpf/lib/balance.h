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

/* Where flags go: cold, so the verifier and the registers of the hit path are spared. */
ELB_NOINLINE int elb_mark_slot(__u32 slot, __u32 ctl, __u32 set, __u32 clear)
{
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, slot);

	if (flow)
		elb_flow_mark(ELB_TABLE, flow, ctl, set, clear);
	return 0;
}

/*
 * TCP progress, for the agent's timeouts. Most segments tell nothing new. A SYN on a connection
 * that was closing opens it anew, with the same member and local port, as both ends may (RFC 6191).
 */
ELB_INLINE void elb_track(__u32 slot, __u32 ctl, __u32 flags)
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
	elb_mark_slot(slot, ctl, set, clear);
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

/* Sends the frame, whose addresses of level 2 are written, out of the hop's interface. */
ELB_INLINE int elb_send(struct xdp_md *ctx, const struct elb_hop *hop)
{
	if (hop->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	int verdict = bpf_redirect_map(&elb_tx_ports, hop->ifindex, XDP_ABORTED);
	return verdict == XDP_REDIRECT ? verdict : elb_exit(ELB_REASON_NO_HOP);
}

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
	if (!ELB_TAKE(&at, &ip))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 total_len = bpf_ntohs(ip->tot_len);
	struct elb_l4 l4;
	if (*(__u8 *)ip != ELB_IP_PLAIN || ip->frag_off & bpf_htons(ELB_IP_FRAGMENT))
		return elb_odd_packet(ip, ctx);
	if (ip->protocol == IPPROTO_TCP) {
		if (total_len < sizeof(*ip) + sizeof(struct tcphdr) || !elb_parse_tcp(&at, &l4))
			return elb_odd_packet(ip, ctx);
	} else if (ip->protocol == IPPROTO_UDP) {
		if (total_len < sizeof(*ip) + sizeof(struct udphdr) ||
		    !elb_parse_udp(&at, total_len - sizeof(*ip), &l4))
			return elb_odd_packet(ip, ctx);
	} else {
		return elb_odd_packet(ip, ctx);
	}

	struct elb_flow_key key = {
		.addrs = (__u64)ip->saddr << 32 | ip->daddr,
		.ports = *l4.ports,
		.proto = ip->protocol,
	};
	__u32 now = bpf_jiffies64() >> elb_tick_shift, noted;
	struct elb_flow_ref ref;
	if (!elb_flow_find(ELB_TABLE, &key, elb_flow_home(ELB_TABLE, &key), ELB_USABLE, &ref) ||
	    !ref.flow || !elb_flow_refresh(ELB_TABLE, ref.flow, ref.ctl, now, &noted)) {
		__u32 zero = 0;
		struct elb_opening *opening = bpf_map_lookup_elem(&elb_scratch, &zero);
		if (!opening)
			return XDP_ABORTED;
		opening->key = key;
		opening->from.ifindex = ctx->ingress_ifindex;
		opening->from.pad = 0;
		__builtin_memcpy(opening->from.mac, eth->source, ETH_ALEN);
		__builtin_memcpy(opening->own_mac, eth->dest, ETH_ALEN);
		opening->bad = l4.bad || total_len + ETH_HLEN > bpf_xdp_get_buff_len(ctx);
		opening->ttl = ip->ttl;
		opening->tcp_flags = l4.tcp_flags;
		opening->total_len = total_len;
		opening->now = now;
		int reason = elb_admit(opening);
		if (reason == ELB_FORWARD)
			reason = elb_open_pair(opening);
		if (reason != ELB_FORWARD)
			return elb_refuse(opening, reason);
		ref.slot = opening->slot;
		ref.ctl = opening->ctl;
		ref.flow = elb_table_slot(ELB_TABLE, ref.slot);
		if (!ref.flow)
			return XDP_ABORTED;
	}

	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(ref.flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(hop, total_len);
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);

	elb_nat_rewrite(ref.flow, ip, &l4);
	elb_hop_write(hop, eth);
	if (!elb_flow_still(ref.flow, ref.ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	if (ip->protocol == IPPROTO_TCP)
		elb_track(ref.slot, ref.ctl, l4.tcp_flags);
	elb_count_forwarded(ref.flow, ref.ctl & ELB_FLOW_REVERSE, total_len + ETH_HLEN);
	return elb_send(ctx, hop);
}

#endif
