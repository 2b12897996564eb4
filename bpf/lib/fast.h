/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of most packets: untagged IPv4 without options, TCP or UDP, of a connection that is open
 * and asks for nothing special. It is the way of core.h without all that such a packet does not
 * meet, so that the frame is parsed once and hardly anything has to be kept on the stack over the
 * look-ups. What is not as expected goes elb_plain()'s way instead, before anything is written or
 * counted; the packet tests hold both against the same model. Not for tc, where other things cost.
 */
#ifndef ELB_FAST_H
#define ELB_FAST_H

#include <lib/fast_toa.h>

/* Ethernet's type, IP's version and length: one word of the frame, without the type of service. */
#define ELB_FAST_WORD bpf_htonl(ETH_P_IP << 16 | ELB_IP_PLAIN << 8)
#define ELB_FAST_MASK bpf_htonl(0xffffff00)

/* What a connection may not be, and the phase. */
#define ELB_FAST_CTL (ELB_PHASE_MASK | ELB_FLOW_V6 | ELB_FLOW_COOKIE)

/* A segment that tells nothing about the connection but that it goes on. */
#define ELB_TCP_GOES_ON(flags)                                                                     \
	(((flags) & (ELB_TCP_SYN | ELB_TCP_ACK | ELB_TCP_RST | ELB_TCP_FIN)) == ELB_TCP_ACK)

/* A whole header of either protocol. Ethernet's shortest frame has room for TCP's. */
ELB_INLINE int elb_fast_fits(const struct iphdr *ip)
{
	__u32 length = bpf_ntohs(ip->tot_len);

	if (ip->protocol == IPPROTO_TCP)
		return length >= sizeof(*ip) + sizeof(struct tcphdr);
	return ip->protocol == IPPROTO_UDP && length >= sizeof(*ip) + sizeof(struct udphdr);
}

/* Has this side been heard before, and do the segment's options pass as they are? */
ELB_INLINE int elb_fast_segment(const ELB_CTX *ctx, const struct elb_l4 *l4, __u32 ctl)
{
	__u32 seen = ctl & ELB_FLOW_REVERSE ? ELB_FLOW_SEEN_OUT : ELB_FLOW_SEEN_IN;

	return ctl & seen && !elb_tcp_is_special(ctx, l4, ctl);
}

/* Valid, without tags and wide enough: one load, since the three lie beside each other. */
ELB_INLINE int elb_fast_hop(const struct elb_hop *hop, __u32 length)
{
	if (!hop)
		return 0;
	__u64 word =
		*(const elb_mac_u64 *)((const void *)hop + __builtin_offsetof(struct elb_hop, mtu));
	return word >> 16 == 1 && length <= (word & 0xffff);
}
ELB_ASSERT(__builtin_offsetof(struct elb_hop, mtu) == 16 &&
		   __builtin_offsetof(struct elb_hop, valid) == 18 &&
		   __builtin_offsetof(struct elb_hop, vlan) == 20,
	   "mtu, valid and vlan are one word");

/* A packet goes through the entry now. 0: it is not as it was found. */
ELB_INLINE int elb_fast_note(struct elb_flow *flow, __u32 found)
{
	__u32 now = bpf_jiffies64() >> elb_tick_shift;

	if ((__s32)(now - ELB_LOAD(flow->last)) > 0 && !elb_refresh(flow, found, now))
		return 0;
	return ELB_LOAD(flow->ctl) == found; /* after `last`, see elb_flow_refresh() */
}

/* A segment that is none of those, but only because the option goes into it and has room there. */
ELB_INLINE int elb_fast_wants_toa(const ELB_CTX *ctx, const struct elb_hop *hop,
				  const struct elb_l4 *l4, const struct iphdr *ip, __u32 ctl)
{
	return (ctl & (ELB_FLOW_TOA | ELB_FLOW_SPOKEN | ELB_FLOW_REVERSE | ELB_FLOW_SEEN_IN)) ==
		       (ELB_FLOW_TOA | ELB_FLOW_SEEN_IN) &&
	       !elb_tcp_has_options(ctx, l4) &&
	       elb_fast_hop(hop, bpf_ntohs(ip->tot_len) + ELB_TOA_SIZE);
}

/*
 * As elb_known(), for an entry in the middle of its life, which most are. Its home word need not be
 * asked: what is LIVE is linked. One whose ctl changes meanwhile is elb_plain()'s.
 */
ELB_INLINE struct elb_flow *elb_fast_known(const struct iphdr *ip, const struct elb_l4 *l4,
					   __u32 *ctl)
{
	struct elb_flow_key key = elb_key_of(ELB_PLAIN_PLACE, ip, l4);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, elb_flow_home(ELB_TABLE, &key));

	if (!flow)
		return 0;
	key = elb_key_of(ELB_PLAIN_PLACE, ip, l4);
	__u32 found = ELB_LOAD(flow->ctl); /* before the key */
	if (elb_flow_phase(found) != ELB_LIVE || !elb_flow_has_key(flow, &key)) {
		if (!(ELB_LOAD(flow->home) & ELB_HOME_MAP & ~1u))
			return 0;
		__u64 where = elb_find_elsewhere(key.addrs, key.ports, key.proto);
		if (!where)
			return 0;
		flow = elb_table_slot(ELB_TABLE, where >> 32);
		if (!flow)
			return 0;
		found = where;
	}
	*ctl = found;
	return elb_fast_note(flow, found) ? flow : 0;
}

/* A plain frame with a whole header? */
ELB_INLINE int elb_is_fast(ELB_CTX *ctx)
{
	void *data = elb_data(ctx);
	struct iphdr *ip = data + ETH_HLEN;

	return data + ELB_FAST_HEADERS <= elb_data_end(ctx) &&
	       (*(elb_mac_u32 *)(data + ETH_HLEN - 2) & ELB_FAST_MASK) == ELB_FAST_WORD &&
	       !(ip->frag_off & bpf_htons(ELB_IP_FRAGMENT)) && elb_fast_fits(ip);
}

/* Such a frame, from its connection to its verdict. */
ELB_INLINE int elb_fast(ELB_CTX *ctx)
{
	void *data = elb_data(ctx);
	struct iphdr *ip = data + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	struct elb_l4 l4 = {.ports = (void *)tcp};
	__u32 ctl = 0;

	if (data + ELB_FAST_HEADERS > elb_data_end(ctx))
		return ELB_BROKEN_ENV;
	if (ip->protocol == IPPROTO_TCP && !ELB_TCP_GOES_ON(((__u8 *)tcp)[13]))
		return elb_plain(ctx);
	struct elb_flow *flow = elb_fast_known(ip, &l4, &ctl);
	if (!flow || (ctl & ELB_FAST_CTL) != ELB_LIVE || ip->ttl < 2)
		return elb_plain(ctx);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!elb_fast_hop(hop, bpf_ntohs(ip->tot_len)))
		return elb_plain(ctx);
	l4.word = ((__u16 *)tcp)[6];
	if (ip->protocol == IPPROTO_TCP && !elb_fast_segment(ctx, &l4, ctl))
		return elb_fast_wants_toa(ctx, hop, &l4, ip, ctl)
			       ? elb_fast_toa(ctx, flow, hop, ctl)
			       : elb_plain(ctx);
	if (elb_bandwidth_any() &&
	    !elb_bandwidth_allows(ELB_FLOW_MEMBER(flow->traffic), ctl, bpf_ntohs(ip->tot_len)))
		return elb_exit(ELB_REASON_BANDWIDTH);

	if (ip->protocol == IPPROTO_TCP)
		elb_note_newer(flow, tcp->ack_seq);
	elb_hop_write(hop, data);
	l4.check = ip->protocol == IPPROTO_TCP ? &tcp->check : &((struct udphdr *)tcp)->check;
	elb_nat_rewrite(ctx, ELB_PLAIN_PLACE, flow, ip, &l4);
	__u32 is = ELB_LOAD(flow->ctl);
	if (is != ctl && !elb_flow_same(is, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	if (ip->protocol == IPPROTO_TCP)
		elb_toa_heard(flow, ctl, bpf_ntohs(ip->tot_len) - sizeof(*ip), ((__u16 *)tcp)[6]);
	elb_count_forwarded(flow, ctl & ELB_FLOW_REVERSE, bpf_ntohs(ip->tot_len));
	return verdict;
}

#endif
