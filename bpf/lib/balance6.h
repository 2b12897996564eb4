/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of an IPv6 packet, the same steps as IPv4's in core.h: find its connection or open one,
 * check that it can leave, rewrite, count, send. One global function for plain frames, tags and
 * extension headers alike.
 */
#ifndef ELB_BALANCE6_H
#define ELB_BALANCE6_H

#include <lib/core.h>
#include <lib/icmp6.h>

ELB_INLINE struct elb_flow_key elb_key_of6(const struct elb_ip6 *ip, const struct elb_l4 *l4,
					   __u32 proto)
{
	struct elb_flow_key key = {
		.addrs = elb_hash6(&ip->source, &ip->dest),
		.ports = *l4->ports,
		.proto = proto | ELB_KEY_V6,
	};

	return key;
}

/* As elb_known(), with the slot. That the addresses are the packet's is not known yet. */
ELB_INLINE struct elb_flow *elb_known6(const struct elb_flow_key *key, __u32 *slot, __u32 *ctl)
{
	__u32 home = elb_flow_home(ELB_TABLE, key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, home);
	struct elb_flow_ref ref;

	if (!flow)
		return 0;
	*slot = home;
	if (!elb_flow_find_first(flow, key, home, ELB_USABLE, &ref)) {
		if (!(ref.word & ELB_HOME_MAP & ~1u))
			return 0;
		__u64 found = elb_find_elsewhere(key->addrs, key->ports, key->proto);
		if (!found)
			return 0;
		*slot = found >> 32;
		flow = elb_table_slot(ELB_TABLE, *slot);
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
ELB_INLINE int elb_open6(ELB_CTX *ctx, __u32 where, __u32 vlan, const struct elb_ip6 *ip,
			 const struct elb_l4 *l4, const struct elb_flow_key *key,
			 struct elb_opening *opening)
{
	const struct elb_ethernet *eth = elb_data(ctx);
	__u32 header_len = ELB_WHERE_HEADER(where), total_len = elb_ip6_len(ip);

	if (!elb_within(ctx, eth, sizeof(*eth)))
		return ELB_REASON_MALFORMED;
	opening->key = *key;
	opening->v6 = 1;
	opening->proven = 0;
	opening->header_len = header_len;
	opening->who.client = ip->source;
	opening->six.key_source = ip->source;
	opening->six.key_dest = ip->dest;
	opening->from.ifindex = elb_ingress(ctx);
	opening->from.vlan = vlan;
	opening->from.pad = 0;
	__builtin_memcpy(opening->from.mac, eth->source, ETH_ALEN);
	opening->ttl = ip->hop_limit;
	opening->tcp_flags = elb_tcp_flags(l4);
	opening->total_len = elb_wire_len6(ctx, l4, ELB_WHERE_PROTO(where), header_len, total_len);
	opening->now = bpf_jiffies64() >> elb_tick_shift;
	opening->bad = elb_l4_wrong(ELB_WHERE_PROTO(where), l4, total_len - header_len) ||
		       total_len + ELB_WHERE_L3(where) > elb_frame_len(ctx);
	return elb_connect(opening);
}

/* What the client's packets may measure on the way to the member that was chosen. */
ELB_INLINE __u32 elb_opening_mtu(const struct elb_opening *opening)
{
	__u32 hop_index = opening->nat.hop;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);

	return (hop ? hop->mtu : 0) + (elb_member_is_v6(opening) ? 0 : ELB_FAMILIES_DIFFER);
}

/* Do the addresses beside the entry belong to the packet? Else its hash is all that is equal. */
ELB_INLINE int elb_is_of(const struct elb_flow6 *beside, const struct elb_ip6 *ip)
{
	const __u64 *own = (const __u64 *)&ip->source, *held = (const __u64 *)&beside->key_source;

	return !((own[0] ^ held[0]) | (own[1] ^ held[1]) | (own[2] ^ held[2]) | (own[3] ^ held[3]));
}

/* The packet belongs to a connection with an IPv6 member: send it on, rewritten. */
ELB_INLINE int elb_translate6(ELB_CTX *ctx, __u32 where, __u32 vlan, struct elb_ip6 *ip,
			      struct elb_flow *flow, const struct elb_flow6 *beside, __u32 ctl)
{
	struct elb_ethernet *eth = elb_data(ctx);
	struct elb_l4 l4;

	if (ip->hop_limit < 2)
		return elb_exit(ELB_REASON_TTL);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!elb_within(ctx, eth, sizeof(*eth)) || !elb_parse_l4_6(ctx, ip, where, &l4))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 length = elb_ip6_len(ip);
	int reason = elb_hop_check(hop, elb_wire_len6(ctx, &l4, ELB_WHERE_PROTO(where),
						      ELB_WHERE_HEADER(where), length));
	if (reason == ELB_REASON_TOO_BIG && hop)
		return elb_too_big6(ctx, ELB_WHERE_L3(where), hop->mtu);
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	if (elb_segment6(ctx, where, flow, ctl, hop->mtu, &l4)) {
		eth = elb_data(ctx);
		ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
		if (!elb_within(ctx, eth, sizeof(*eth)) || !elb_within(ctx, ip, sizeof(*ip)) ||
		    !elb_parse_l4_6(ctx, ip, where, &l4))
			return ELB_BROKEN_ENV;
		length = elb_ip6_len(ip);
	}

	ip->hop_limit--;
	ip->source = beside->new_source;
	ip->dest = beside->new_dest;
	elb_hop_write(hop, eth);
	/* In one register, as in elb_translate(). */
	__u64 facts = length | (__u64)l4.word << 32;
	asm volatile("" : "+r"(facts));
	elb_l4_rewrite(ctx, where, flow, &l4); /* in tc, the last use of the frame */
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);
	__u32 out_vlan = hop->vlan;
	int verdict = elb_depart(ctx, hop, flow, ctl, facts >> 40, (__u32)facts);
	if (ELB_LEAVES(verdict) && ELB_WHERE_PROTO(where) == IPPROTO_TCP)
		elb_toa_heard(flow, ctl, (__u32)facts - ELB_WHERE_HEADER(where), facts >> 32);
	if (ELB_LEAVES(verdict) && out_vlan != vlan && elb_retag(ctx, vlan, out_vlan))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

/* A packet with ports, from its connection to its verdict. */
ELB_INLINE int elb_carry6(ELB_CTX *ctx, __u32 where, __u32 vlan, struct elb_ip6 *ip)
{
	__u32 slot, ctl = 0;
	struct elb_l4 l4;

	if (!elb_parse_l4_6(ctx, ip, where, &l4))
		return elb_unbalanced6(ctx, ELB_WHERE_L3(where), ELB_REASON_MALFORMED);
	if (ELB_WHERE_PROTO(where) == IPPROTO_UDP && !*l4.check)
		return elb_unbalanced6(ctx, ELB_WHERE_L3(where), ELB_REASON_NO_UDP_CHECKSUM);
	struct elb_flow_key key = elb_key_of6(ip, &l4, ELB_WHERE_PROTO(where));
	struct elb_flow *flow = elb_known6(&key, &slot, &ctl);
	if (!flow) {
		__u32 zero = 0;
		struct elb_opening *opening = bpf_map_lookup_elem(&elb_scratch, &zero);
		if (!opening)
			return ELB_BROKEN_ENV;
		int reason = elb_open6(ctx, where, vlan, ip, &l4, &key, opening);
		reason = elb_reconsider(ctx, where, opening, reason);
		ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
		if (!elb_within(ctx, ip, sizeof(*ip)))
			return ELB_BROKEN_ENV;
		if (reason == ELB_REASON_TOO_BIG)
			return elb_too_big6(ctx, ELB_WHERE_L3(where), elb_opening_mtu(opening));
		if (reason != ELB_FORWARD)
			return elb_decline(ctx, ELB_WHERE_L3(where), opening, reason);
		ctl = opening->ctl;
		slot = opening->slot;
		flow = elb_table_slot(ELB_TABLE, slot);
		if (!flow)
			return ELB_BROKEN_ENV;
	}
	struct elb_flow6 *beside = elb_flow_beside(slot);
	if (!beside || !elb_is_of(beside, ip))
		return elb_exit(ELB_REASON_RACE);
	if (ctl & ELB_FLOW_COOKIE) {
		int verdict = elb_seq_carry(ctx, where, vlan, flow, ctl);
		if (verdict != ELB_FORWARD)
			return verdict;
		ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
		if (!elb_within(ctx, ip, sizeof(*ip)))
			return ELB_BROKEN_ENV;
	}
	if (elb_is_mapped(&beside->new_dest))
		return elb_translate64(ctx, where, flow, ctl);
	return elb_translate6(ctx, where, vlan, ip, flow, beside, ctl);
}

ELB_NOINLINE int elb_balance6(ELB_CTX *ctx, __u32 l3, __u32 vlan)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, l3);
	__u32 where;

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return elb_exit(ELB_REASON_MALFORMED);
	if (*(__u8 *)ip >> 4 != 6 || elb_is_mapped(&ip->dest))
		return elb_unbalanced6(ctx, l3, ELB_REASON_MALFORMED);
	where = elb_where(l3 & 31, sizeof(*ip), ip->next);
	if (ip->next != IPPROTO_TCP && ip->next != IPPROTO_UDP) {
		__u32 found = elb_skip_extensions(ctx, l3);
		if (found < 256)
			return elb_unbalanced6(ctx, l3, found);
		where = (l3 & 31) | found;
		if (ELB_WHERE_PROTO(where) == IPPROTO_ICMPV6)
			return elb_icmp6(ctx, where, vlan);
	}
	return elb_carry6(ctx, where, vlan, ip);
}

#endif
