/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors about connections of IPv6 and between the families, so that path MTU discovery works
 * there too (icmp.h is IPv4's). Within IPv6 an error is translated in place. Between the families
 * (RFC 7915, 4.2 and 5.2) a short one is made anew that quotes what its receiver has sent: address,
 * ports and 8 bytes, which is what it is found by. An error changes no state, whatever it quotes.
 */
#ifndef ELB_ICMP6_ERROR_H
#define ELB_ICMP6_ERROR_H

#include <lib/nat64.h>
#include <lib/too_big.h>

#define ELB_ICMP6_UNREACHABLE 1
#define ELB_ICMP6_TOO_BIG     2
#define ELB_ICMP6_TIME	      3
#define ELB_ICMP6_PARAMETER   4
#define ELB_IP6_MTU_MIN	      1280

struct elb_icmp6 {
	__u8 type, code;
	__be16 check;
	__be32 word; /* MTU, pointer */
};

struct elb_message6 {
	struct elb_ip6 ip;
	struct elb_icmp6 icmp;
	struct elb_ip6 inner;
	__u32 quote[2];
};
ELB_ASSERT(sizeof(struct elb_message6) == 96, "elb_message6");

struct elb_message4 {
	struct iphdr ip;
	struct elb_icmp icmp;
	struct iphdr inner;
	__u32 quote[2];
};
ELB_ASSERT(sizeof(struct elb_message4) == 56, "elb_message4");

/* Both addresses and everything behind them, with the rest of the pseudo header. */
ELB_INLINE void elb_finish6(struct elb_message6 *message)
{
	__u32 length = sizeof(*message) - sizeof(message->ip);

	message->ip.word = bpf_htonl(6u << 28);
	message->ip.payload_len = bpf_htons(length);
	message->ip.next = IPPROTO_ICMPV6;
	message->ip.hop_limit = ELB_IP6_HOPS;
	message->icmp.check = 0;
	__u32 sum = elb_sum_words((const __u32 *)&message->ip.source,
				  (sizeof(*message) - offsetof(struct elb_ip6, source)) / 4);
	message->icmp.check =
		~elb_csum_fold(sum + bpf_htons(length) + (__u32)bpf_htons(IPPROTO_ICMPV6));
}

#ifndef ELB_TC
/* The packet, unchanged so far, does not fit its way: its sender is told how much does. */
ELB_NOINLINE int elb_too_big6(ELB_CTX *ctx, __u32 l3, __u32 mtu)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, l3);
	__u32 *quote = (void *)(ip + 1), zero = 0;
	struct elb_tell *tell = bpf_map_lookup_elem(&elb_telling, &zero);
	struct elb_ethernet *eth = elb_data(ctx);
	struct elb_message6 message = {};

	if (!tell || !elb_within(ctx, eth, sizeof(*eth)) || !elb_within(ctx, ip, sizeof(*ip) + 8) ||
	    !elb_may_tell(tell) || !elb_turn_ethernet(ctx, eth))
		return elb_exit(ELB_REASON_TOO_BIG);
	message.ip.source = ip->dest;
	message.ip.dest = ip->source;
	message.icmp.type = ELB_ICMP6_TOO_BIG;
	message.icmp.word = bpf_htonl(mtu < ELB_IP6_MTU_MIN ? ELB_IP6_MTU_MIN : mtu);
	message.inner = *ip;
	message.quote[0] = quote[0];
	message.quote[1] = quote[1];
	elb_finish6(&message);
	__u32 length = (l3 & 31) + sizeof(message);
	if (elb_frame_len(ctx) < length ||
	    bpf_xdp_adjust_tail(ctx, (int)length - (int)elb_frame_len(ctx)))
		return elb_exit(ELB_REASON_TOO_BIG);
	struct elb_message6 *out = elb_data(ctx) + (l3 & 31);
	if (!elb_within(ctx, out, sizeof(*out)))
		return ELB_BROKEN_ENV;
	*out = message;
	return elb_exit(ELB_REASON_TOO_BIG_TOLD);
}
#endif

/* A frame towards the hop with room for `length` bytes of another family's packet: its offset, 0
 * if that is refused. */
ELB_INLINE __u32 elb_new_frame(ELB_CTX *ctx, const struct elb_hop *hop, __u32 length, __be16 type)
{
#ifdef ELB_TC
	return 0;
#else
	__u32 vlan = ELB_LOAD(hop->vlan), have = elb_frame_len(ctx);
	int grows = ETH_HLEN + 4 * elb_tag_count(vlan) + length - have;

	if (grows > 0 ? bpf_xdp_adjust_head(ctx, -grows) : bpf_xdp_adjust_tail(ctx, grows))
		return 0;
	return elb_write_l2(ctx, hop, vlan, type);
#endif
}

/* RFC 7915, 4.2: type << 8 | code of ICMPv6; 0: not translated. */
ELB_INLINE __u32 elb_error_to6(__u32 type, __u32 code)
{
	if (type == ELB_ICMP_TIME)
		return ELB_ICMP6_TIME << 8 | code;
	if (type != ELB_ICMP_UNREACHABLE)
		return 0;
	switch (code) {
	case 3:
		return ELB_ICMP6_UNREACHABLE << 8 | 4;
	case ELB_ICMP_FRAG_NEEDED:
		return ELB_ICMP6_TOO_BIG << 8;
	case 9:
	case 10:
	case 13:
	case 15:
		return ELB_ICMP6_UNREACHABLE << 8 | 1;
	case 2:
	case 14:
		return 0;
	default:
		return code > 15 ? 0 : ELB_ICMP6_UNREACHABLE << 8;
	}
}

/* RFC 7915, 5.2. */
ELB_INLINE __u32 elb_error_to4(__u32 type, __u32 code)
{
	switch (type) {
	case ELB_ICMP6_TIME:
		return ELB_ICMP_TIME << 8 | code;
	case ELB_ICMP6_TOO_BIG:
		return ELB_ICMP_UNREACHABLE << 8 | ELB_ICMP_FRAG_NEEDED;
	case ELB_ICMP6_UNREACHABLE:
		if (code > 4)
			return 0;
		return ELB_ICMP_UNREACHABLE << 8 | (code == 4 ? 3 : code == 1 ? 10 : 1);
	default:
		return 0;
	}
}

/*
 * An error about a packet from a local address to an IPv4 member, whose connection is an IPv6
 * client's: elb_icmp_error() has found its reverse entry and looked at the lengths.
 */
ELB_NOINLINE int elb_icmp_error46(ELB_CTX *ctx, __u32 where, struct elb_flow *flow, __u32 ctl)
{
	struct elb_icmp *icmp = elb_data(ctx) + ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where);
	struct iphdr *inner = (void *)(icmp + 1);
	struct elb_message6 message = {};

	if (!flow || !elb_within(ctx, icmp, sizeof(*icmp) + sizeof(*inner)))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	__u32 inner_len = inner->ihl * 4, kind = elb_error_to6(icmp->type, icmp->code);
	struct elb_quoted *quoted = (void *)inner + inner_len;
	struct elb_flow6 *beside = elb_flow_beside(ELB_LOAD(flow->peer));
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!kind || !beside || !hop || !hop->valid || !elb_within(ctx, quoted, sizeof(*quoted)))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	message.ip.source = message.inner.dest = beside->key_dest;
	message.ip.dest = message.inner.source = beside->key_source;
	message.icmp.type = kind >> 8;
	message.icmp.code = kind;
	if (message.icmp.type == ELB_ICMP6_TOO_BIG) {
		__u32 mtu = bpf_ntohs(icmp->mtu) + ELB_FAMILIES_DIFFER;
		message.icmp.word = bpf_htonl(mtu < ELB_IP6_MTU_MIN ? ELB_IP6_MTU_MIN : mtu);
	}
	message.inner.word = bpf_htonl(6u << 28 | (__u32)inner->tos << 20);
	message.inner.payload_len = bpf_htons(bpf_ntohs(inner->tot_len) - inner_len);
	message.inner.next = inner->protocol;
	message.inner.hop_limit = inner->ttl;
	message.quote[0] = elb_swap_ports(ELB_LOAD(flow->new_ports));
	message.quote[1] = ((__u32 *)quoted)[1];
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);
	elb_finish6(&message);
	__u32 l3 = elb_new_frame(ctx, hop, sizeof(message), bpf_htons(ETH_P_IPV6));
	struct elb_message6 *out = elb_data(ctx) + (l3 & 31);
	if (!l3 || !elb_within(ctx, out, sizeof(*out)))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	*out = message;
	int verdict = elb_send(ctx, hop->ifindex);
	if (ELB_LEAVES(verdict))
		elb_count_reason(ELB_REASON_ICMP_TRANSLATED);
	return verdict;
}

/* An ICMPv6 error about an answer to the client of an IPv4 member. */
ELB_NOINLINE int elb_icmp_error64(ELB_CTX *ctx, __u32 where, struct elb_flow *flow, __u32 ctl)
{
	struct elb_icmp6 *icmp = elb_data(ctx) + ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where);
	struct elb_ip6 *inner = (void *)(icmp + 1);
	__u32 *quoted = (void *)(inner + 1);
	struct elb_message4 message = {};

	if (!flow || !elb_within(ctx, icmp, sizeof(*icmp) + sizeof(*inner) + 8))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	__u32 kind = elb_error_to4(icmp->type, icmp->code), hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	__u32 mtu = bpf_ntohl(icmp->word); /* RFC 8201, 4: less than the minimum is no MTU */
	if (!kind || !hop || !hop->valid ||
	    (icmp->type == ELB_ICMP6_TOO_BIG && mtu < ELB_IP6_MTU_MIN))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	mtu -= ELB_FAMILIES_DIFFER;
	message.ip.version = message.inner.version = 4;
	message.ip.ihl = message.inner.ihl = 5;
	message.ip.tot_len = bpf_htons(sizeof(message));
	message.ip.ttl = ELB_ICMP_TTL;
	message.ip.protocol = IPPROTO_ICMP;
	message.ip.saddr = message.inner.daddr = ELB_LOAD(flow->new_source);
	message.ip.daddr = message.inner.saddr = ELB_LOAD(flow->new_dest);
	message.ip.check = elb_ip_check(&message.ip);
	message.icmp.type = kind >> 8;
	message.icmp.code = kind;
	if (icmp->type == ELB_ICMP6_TOO_BIG)
		message.icmp.mtu = bpf_htons(mtu > 0xffff ? 0xffff : mtu);
	message.inner.tos = elb_ip6_class(inner);
	message.inner.tot_len = bpf_htons(bpf_ntohs(inner->payload_len) + sizeof(message.inner));
	message.inner.frag_off = bpf_htons(ELB_IP_DF);
	message.inner.ttl = inner->hop_limit;
	message.inner.protocol = inner->next;
	message.inner.check = elb_ip_check(&message.inner);
	message.quote[0] = elb_swap_ports(ELB_LOAD(flow->new_ports));
	message.quote[1] = elb_seq_quoted(flow, ctl, quoted[1]);
	message.icmp.check =
		~elb_sum_words((__u32 *)&message.icmp, (sizeof(message) - sizeof(message.ip)) / 4);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);
	__u32 l3 = elb_new_frame(ctx, hop, sizeof(message), bpf_htons(ETH_P_IP));
	struct elb_message4 *out = elb_data(ctx) + (l3 & 31);
	if (!l3 || !elb_within(ctx, out, sizeof(*out)))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	*out = message;
	int verdict = elb_send(ctx, hop->ifindex);
	if (ELB_LEAVES(verdict))
		elb_count_reason(ELB_REASON_ICMP_TRANSLATED);
	return verdict;
}

/* Replaces an address of what an ICMPv6 checksum covers. */
ELB_INLINE __u32 elb_replace6(__u32 sum, struct elb_ip *field, const struct elb_ip *value)
{
	sum = bpf_csum_diff(field->word, sizeof(*field), (__be32 *)value->word, sizeof(*value),
			    sum);
	*field = *value;
	return elb_csum_fold(sum);
}

/*
 * An ICMPv6 error, to one of our addresses. It quotes a packet that we sent; the other direction's
 * entry has the translation: the error is a reply to it, from the same address.
 */
ELB_NOINLINE int elb_icmp_error6(ELB_CTX *ctx, __u32 where, __u32 vlan)
{
	struct elb_ethernet *eth = elb_data(ctx);
	struct elb_ip6 *ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
	struct elb_icmp6 *icmp = (void *)ip + ELB_WHERE_HEADER(where);
	struct elb_ip6 *inner = (void *)(icmp + 1);
	struct elb_quoted *quoted = (void *)(inner + 1);

	if (!elb_within(ctx, eth, sizeof(*eth)) || !elb_within(ctx, ip, sizeof(*ip)) ||
	    !elb_within(ctx, icmp, sizeof(*icmp) + sizeof(*inner) + sizeof(*quoted)) ||
	    elb_ip6_len(ip) < ELB_WHERE_HEADER(where) + sizeof(*icmp) + sizeof(*inner) + 8 ||
	    *(__u8 *)inner >> 4 != 6 || (inner->next != IPPROTO_TCP && inner->next != IPPROTO_UDP))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	__u64 found = elb_find_elsewhere(elb_hash6(&inner->dest, &inner->source),
					 elb_swap_ports(quoted->ports), inner->next | ELB_KEY_V6);
	struct elb_flow *flow = found ? elb_table_slot(ELB_TABLE, found >> 32) : 0;
	struct elb_flow6 *beside = found ? elb_flow_beside(found >> 32) : 0;
	if (!flow || !beside)
		return elb_icmp_unknown(ctx, ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where) +
						     sizeof(*icmp));
	__u32 differs = 0;
	for (int i = 0; i < 4; i++)
		differs |= (beside->key_source.word[i] ^ inner->dest.word[i]) |
			   (beside->key_dest.word[i] ^ inner->source.word[i]) |
			   (beside->key_dest.word[i] ^ ip->dest.word[i]);
	if (differs)
		return elb_exit(ELB_REASON_ICMP_STRAY);
	if (elb_is_mapped(&beside->new_dest))
		return elb_icmp_error64(ctx, where, flow, found);
	__u32 hop_index = ELB_LOAD(flow->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = ip->hop_limit < 2 ? ELB_REASON_TTL : elb_hop_check(hop, elb_ip6_len(ip));
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);

	__u32 sum = (__u16)~icmp->check;
	sum = elb_replace6(sum, &ip->source, &beside->new_source);
	sum = elb_replace6(sum, &ip->dest, &beside->new_dest);
	sum = elb_replace6(sum, &inner->source, &beside->new_dest);
	sum = elb_replace6(sum, &inner->dest, &beside->new_source);
	ELB_ICMP_REPLACE(sum, quoted->ports, elb_swap_ports(ELB_LOAD(flow->new_ports)));
	if (found & ELB_FLOW_COOKIE)
		ELB_ICMP_REPLACE(sum, quoted->tcp_seq,
				 elb_seq_quoted(flow, found, quoted->tcp_seq));
	struct tcphdr *tcp = (void *)quoted;
	if (inner->next == IPPROTO_UDP && quoted->udp_check) {
		__u16 check = elb_csum_apply(quoted->udp_check, ELB_LOAD(flow->l4_delta));
		ELB_ICMP_REPLACE(sum, quoted->udp_check, check ? check : 0xffff);
	}
	if (inner->next == IPPROTO_TCP && elb_within(ctx, tcp, sizeof(*tcp)) &&
	    elb_ip6_len(ip) >=
		    ELB_WHERE_HEADER(where) + sizeof(*icmp) + sizeof(*inner) + sizeof(*tcp))
		ELB_ICMP_REPLACE(sum, tcp->check,
				 elb_csum_apply(tcp->check, ELB_LOAD(flow->l4_delta)));
	icmp->check = ~sum;
	ip->hop_limit--;
	elb_hop_write(hop, eth);
	if (!elb_flow_still(flow, found))
		return elb_exit(ELB_REASON_RACE);
	__u32 to = hop->vlan;
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	elb_count_reason(ELB_REASON_ICMP_TRANSLATED);
	if (to != vlan && elb_retag(ctx, vlan, to))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

#endif
