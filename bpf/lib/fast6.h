/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fast way (fast.h) of IPv6: an untagged packet without extension headers, TCP or UDP, of an
 * open connection between a client and a member of IPv6. What is not as expected goes
 * elb_balance6()'s way instead, before anything is written or counted.
 */
#ifndef ELB_FAST6_H
#define ELB_FAST6_H

#include <lib/balance6.h>
#include <lib/fast.h>

#define ELB_FAST6_HEADERS (ETH_HLEN + sizeof(struct elb_ip6) + sizeof(struct tcphdr))

/* Ethernet's type and IP's version: one word of the frame, without class and flow label. */
#define ELB_FAST6_WORD bpf_htonl(ETH_P_IPV6 << 16 | 6 << 12)
#define ELB_FAST6_MASK bpf_htonl(0xfffff000)

/* A whole header of either protocol behind the fixed one. */
ELB_INLINE int elb_fast_fits6(const struct elb_ip6 *ip)
{
	__u32 length = bpf_ntohs(ip->payload_len);

	if (ip->next == IPPROTO_TCP)
		return length >= sizeof(struct tcphdr);
	return ip->next == IPPROTO_UDP && length >= sizeof(struct udphdr);
}

ELB_INLINE int elb_is_fast6(ELB_CTX *ctx)
{
	void *data = elb_data(ctx);

	return data + ELB_FAST6_HEADERS <= elb_data_end(ctx) &&
	       (*(elb_mac_u32 *)(data + ETH_HLEN - 2) & ELB_FAST6_MASK) == ELB_FAST6_WORD &&
	       elb_fast_fits6(data + ETH_HLEN);
}

/*
 * As elb_fast_known(), with the addresses beside the entry, which are the packet's. Which line they
 * stand in does not depend on what the entry holds, so that a CPU waits for both at once.
 */
ELB_INLINE struct elb_flow *elb_fast_known6(const struct elb_ip6 *ip, const struct elb_l4 *l4,
					    __u32 *ctl, const struct elb_flow6 **beside)
{
	struct elb_flow_key key = elb_key_of6(ip, l4, ip->next);
	__u32 slot = elb_flow_home(ELB_TABLE, &key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, slot);

	if (!flow)
		return 0;
	key.ports = *l4->ports;
	key.proto = ip->next | ELB_KEY_V6;
	__u32 found = ELB_LOAD(flow->ctl); /* before the key */
	if (elb_flow_phase(found) != ELB_LIVE || !elb_flow_has_key(flow, &key)) {
		if (!(ELB_LOAD(flow->home) & ELB_HOME_MAP & ~1u))
			return 0;
		__u64 where = elb_find_elsewhere(key.addrs, key.ports, key.proto);
		if (!where)
			return 0;
		slot = where >> 32;
		flow = elb_table_slot(ELB_TABLE, slot);
		if (!flow)
			return 0;
		found = where;
	}
	*beside = elb_flow_beside(slot);
	if (!*beside || !elb_is_of(*beside, ip))
		return 0;
	*ctl = found;
	return elb_fast_note(flow, found) ? flow : 0;
}

/* Such a frame, from its connection to its verdict. */
ELB_INLINE int elb_fast6(ELB_CTX *ctx)
{
	void *data = elb_data(ctx);
	struct elb_ip6 *ip = data + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	struct elb_l4 l4 = {.ports = (void *)tcp};
	const struct elb_flow6 *beside = 0;
	__u32 ctl = 0;

	if (data + ELB_FAST6_HEADERS > elb_data_end(ctx))
		return ELB_BROKEN_ENV;
	if (ip->next == IPPROTO_TCP ? !ELB_TCP_GOES_ON(((__u8 *)tcp)[13])
				    : !((struct udphdr *)tcp)->check)
		return elb_balance6(ctx, ETH_HLEN, 0);
	struct elb_flow *flow = elb_fast_known6(ip, &l4, &ctl, &beside);
	if (!flow || (ctl & ELB_FAST_CTL) != (ELB_LIVE | ELB_FLOW_V6) || ip->hop_limit < 2 ||
	    elb_is_mapped(&beside->new_dest))
		return elb_balance6(ctx, ETH_HLEN, 0);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!elb_fast_hop(hop, elb_ip6_len(ip)))
		return elb_balance6(ctx, ETH_HLEN, 0);
	l4.word = ((__u16 *)tcp)[6];
	if (ip->next == IPPROTO_TCP && !elb_fast_segment(ctx, &l4, ctl))
		return elb_balance6(ctx, ETH_HLEN, 0);
	if (elb_bandwidth_any() &&
	    !elb_bandwidth_allows(ELB_FLOW_MEMBER(flow->traffic), ctl, elb_ip6_len(ip)))
		return elb_exit(ELB_REASON_BANDWIDTH);

	if (ip->next == IPPROTO_TCP)
		elb_note_newer(flow, tcp->ack_seq);
	elb_hop_write(hop, data);
	ip->hop_limit--;
	ip->source = beside->new_source;
	ip->dest = beside->new_dest;
	l4.check = ip->next == IPPROTO_TCP ? &tcp->check : &((struct udphdr *)tcp)->check;
	elb_l4_rewrite(ctx, elb_where(ETH_HLEN, sizeof(*ip), ip->next), flow, &l4);
	__u32 is = ELB_LOAD(flow->ctl);
	if (is != ctl && !elb_flow_same(is, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	if (ip->next == IPPROTO_TCP)
		elb_toa_heard(flow, ctl, bpf_ntohs(ip->payload_len), ((__u16 *)tcp)[6]);
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, elb_ip6_len(ip));
	return verdict;
}

#endif
