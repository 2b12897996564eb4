/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the families: an IPv6 client's packets to an IPv4 member and back (RFC 7915). The header
 * is made anew; what follows it keeps its bytes but for ports and checksum. Both functions are
 * global: called for few connections, read by the verifier once.
 */
#ifndef ELB_NAT64_H
#define ELB_NAT64_H

#include <lib/flow.h>
#include <lib/hop.h>
#include <lib/ip6.h>
#include <lib/nat.h>
#include <lib/rate.h>
#include <lib/send.h>
#include <lib/toa.h>
#include <lib/too_big.h>

#define ELB_FAMILIES_DIFFER 20 /* bytes between the two IP headers */
#define ELB_DF_ABOVE	    1260 /* IPv4 packets up to this length may be fragmented (RFC 7915, 5.1) */

#ifdef ELB_TC /* there the checksum that the kernel may still owe the packet would be in the way   \
	       */
#define elb_too_big6(ctx, l3, mtu) elb_exit(ELB_REASON_TOO_BIG)
#else
ELB_NOINLINE int elb_too_big6(ELB_CTX *ctx, __u32 l3, __u32 mtu); /* icmp6_error.h */
#endif

/* What remains to be done when the frame is rewritten: mark, count, send. */
ELB_INLINE int elb_depart(ELB_CTX *ctx, const struct elb_hop *hop, struct elb_flow *flow, __u32 ctl,
			  __u32 tcp_flags, __u32 length)
{
	if (elb_bandwidth_any() &&
	    !elb_bandwidth_allows(ELB_FLOW_MEMBER(flow->traffic), ctl, length))
		return elb_exit(ELB_REASON_BANDWIDTH);
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	if (ELB_FLOW_PROTO(flow->proto) == IPPROTO_TCP)
		elb_track(flow, ctl, tcp_flags);
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, length);
	return verdict;
}

/* Ports and checksum, which over IPv6 is never 0. In tc packet pointers are invalid afterwards. */
ELB_INLINE void elb_l4_rewrite(ELB_CTX *ctx, __u32 where, const struct elb_flow *flow,
			       const struct elb_l4 *l4)
{
	struct elb_place at = {.l3 = ELB_WHERE_L3(where), .header_len = ELB_WHERE_HEADER(where)};
	__u32 deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);

	*l4->ports = ELB_LOAD(flow->new_ports);
	elb_nat_l4_check(ctx, at, ELB_WHERE_PROTO(where), l4->check, deltas);
}

/* As IPv4's core does with a segment before it is rewritten. 1: packet pointers are invalid. */
ELB_INLINE int elb_segment6(ELB_CTX *ctx, __u32 where, struct elb_flow *flow, __u32 ctl, __u32 mtu,
			    const struct elb_l4 *l4)
{
	if (ELB_WHERE_PROTO(where) != IPPROTO_TCP)
		return 0;
	elb_note_ack(ctx, flow, l4);
	if (!elb_tcp_is_special(ctx, l4, ctl))
		return 0;
	elb_tcp_operate(ctx, where, flow, ctl, mtu);
	return 1;
}

#ifndef ELB_TC
/* An Ethernet header towards the hop at the start of the frame; where it ends, 0: cut short. */
ELB_INLINE __u32 elb_write_l2(ELB_CTX *ctx, const struct elb_hop *hop, __u32 vlan, __be16 ip_type)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct elb_vlan_tag *tag;

	if (!ELB_TAKE(&at, &eth))
		return 0;
	elb_hop_write(hop, eth);
	__be16 *type = &eth->proto;
	for (int shift = 16; shift >= 0; shift -= 16) {
		if (!(vlan >> shift))
			continue;
		if (!ELB_TAKE(&at, &tag))
			return 0;
		*type = elb_tag_type(vlan >> shift);
		tag->tci = bpf_htons(vlan >> shift & ELB_VLAN_ID);
		type = &tag->type;
	}
	*type = ip_type;
	return ETH_HLEN + 4 * elb_tag_count(vlan);
}
#endif

/*
 * Replaces everything before the ports by an Ethernet header towards the hop and room for an IP
 * header of `ip_len` bytes. Its offset, or 0 if that is not possible: no room, or in tc more
 * headers than the kernel's helper expects.
 */
ELB_INLINE __u32 elb_reframe(ELB_CTX *ctx, const struct elb_hop *hop, __u32 where, __u32 ip_len)
{
	__be16 ip_type =
		ip_len == sizeof(struct iphdr) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__u32 vlan = ELB_LOAD(hop->vlan);
#ifdef ELB_TC
	__u32 was = ctx->vlan_present ? elb_vlan_of(ctx->vlan_proto, ctx->vlan_tci) : 0;

	if (ELB_WHERE_L3(where) != ETH_HLEN || ELB_WHERE_HEADER(where) + ip_len != 60 ||
	    vlan >> 16 || bpf_skb_change_proto(ctx, ip_type, 0) ||
	    (was != vlan && elb_retag(ctx, was, vlan)))
		return 0;
	struct elb_ethernet *eth = elb_data(ctx);
	if (!elb_within(ctx, eth, sizeof(*eth)))
		return 0;
	elb_hop_write(hop, eth);
	eth->proto = ip_type;
	return ETH_HLEN;
#else
	__u32 was = ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where);
	int shrinks = (int)was - (int)(ETH_HLEN + 4 * elb_tag_count(vlan) + ip_len);

	return bpf_xdp_adjust_head(ctx, shrinks) ? 0 : elb_write_l2(ctx, hop, vlan, ip_type);
#endif
}

/* A client's packet to an IPv4 member. `where` as elb_where() has it. */
ELB_NOINLINE int elb_translate64(ELB_CTX *ctx, __u32 where, struct elb_flow *flow, __u32 ctl)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
	__u32 proto = ELB_WHERE_PROTO(where);
	struct iphdr new = {.version = 4, .ihl = 5};
	struct elb_l4 l4;

	if (!flow || !elb_within(ctx, ip, sizeof(*ip)) || !elb_parse_l4_6(ctx, ip, where, &l4))
		return elb_exit(ELB_REASON_MALFORMED);
	if (ip->hop_limit < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(flow->hop), length = elb_ip6_len(ip);
	__u32 total = elb_ip6_len(ip) - ELB_WHERE_HEADER(where) + sizeof(new);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(hop, elb_wire_len6(ctx, &l4, proto, sizeof(new), total));
	if (reason == ELB_REASON_TOO_BIG && hop)
		return elb_too_big6(ctx, ELB_WHERE_L3(where), hop->mtu + ELB_FAMILIES_DIFFER);
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	if (elb_segment6(ctx, where, flow, ctl, hop->mtu + ELB_WHERE_HEADER(where) - sizeof(new),
			 &l4)) {
		ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
		if (!elb_within(ctx, ip, sizeof(*ip)) || !elb_parse_l4_6(ctx, ip, where, &l4))
			return ELB_BROKEN_ENV;
		length = elb_ip6_len(ip);
		total = length - ELB_WHERE_HEADER(where) + sizeof(new);
	}

	new.tos = elb_ip6_class(ip);
	new.tot_len = bpf_htons(total);
	if (total > ELB_DF_ABOVE)
		new.frag_off = bpf_htons(ELB_IP_DF);
	else
		new.id = bpf_get_prandom_u32();
	new.ttl = ip->hop_limit - 1;
	new.protocol = proto;
	new.saddr = ELB_LOAD(flow->new_source);
	new.daddr = ELB_LOAD(flow->new_dest);
	new.check = elb_ip_check(&new);
	__u32 flags = elb_tcp_flags(&l4);
	elb_l4_rewrite(ctx, where, flow, &l4);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);

	__u32 l3 = elb_reframe(ctx, hop, where, sizeof(new));
	struct iphdr *place = elb_data(ctx) + (l3 & 31);
	if (!l3 || !elb_within(ctx, place, sizeof(*place)))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	*place = new;
	return elb_depart(ctx, hop, flow, ctl, flags, length);
}

/* An IPv4 member's answer. The client's addresses stand beside the forward entry. */
ELB_NOINLINE int elb_translate46(ELB_CTX *ctx, __u32 where, struct elb_flow *flow, __u32 ctl)
{
	struct iphdr *ip = elb_data(ctx) + ELB_WHERE_L3(where);
	__u32 proto = ELB_WHERE_PROTO(where), header_len = ELB_WHERE_HEADER(where);
	struct elb_ip6 new;
	struct elb_l4 l4;

	if (!flow || !elb_within(ctx, ip, sizeof(*ip)))
		return elb_exit(ELB_REASON_MALFORMED);
	if (ip->frag_off & bpf_htons(ELB_IP_FRAGMENT))
		return elb_exit(ELB_REASON_FRAGMENT);
	__u32 total = bpf_ntohs(ip->tot_len);
	if (total < header_len ||
	    !elb_take_l4(ctx, (void *)ip + header_len, proto, total - header_len, &l4))
		return elb_exit(ELB_REASON_MALFORMED);
	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	if (proto == IPPROTO_UDP && !*l4.check)
		return elb_exit(ELB_REASON_NO_UDP_CHECKSUM);
	struct elb_flow6 *beside = elb_flow_beside(ELB_LOAD(flow->peer));
	__u32 hop_index = ELB_LOAD(flow->hop), payload_len = total - header_len;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(
		hop, elb_wire_len6(ctx, &l4, proto, sizeof(new), payload_len + sizeof(new)));
	if (reason == ELB_REASON_TOO_BIG)
		return elb_too_big(ctx, ELB_WHERE_L3(where), hop_index, ELB_FAMILIES_DIFFER);
	if (reason != ELB_FORWARD || !hop || !beside)
		return elb_exit(beside ? reason : ELB_REASON_RACE);
	if (elb_segment6(ctx, where, flow, ctl, hop->mtu, &l4)) {
		ip = elb_data(ctx) + ELB_WHERE_L3(where);
		if (!elb_within(ctx, ip, sizeof(*ip)) ||
		    !elb_take_l4(ctx, (void *)ip + header_len, proto, payload_len, &l4))
			return ELB_BROKEN_ENV;
	}

	new.word = bpf_htonl(6u << 28 | (__u32)ip->tos << 20);
	new.payload_len = bpf_htons(payload_len);
	new.next = proto;
	new.hop_limit = ip->ttl - 1;
	new.source = beside->key_dest;
	new.dest = beside->key_source;
	__u32 word = l4.word;
	elb_l4_rewrite(ctx, where, flow, &l4);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);

	__u32 l3 = elb_reframe(ctx, hop, where, sizeof(new));
	struct elb_ip6 *place = elb_data(ctx) + (l3 & 31);
	if (!l3 || !elb_within(ctx, place, sizeof(*place)))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	*place = new;
	int verdict = elb_depart(ctx, hop, flow, ctl, word >> 8, total);
	if (ELB_LEAVES(verdict) && proto == IPPROTO_TCP)
		elb_toa_heard(flow, ctl, payload_len, word);
	return verdict;
}

#endif
