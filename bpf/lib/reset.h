/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer to a TCP segment that nobody will serve: a RST with the numbers that its sender
 * expects (RFC 9293, 3.10.7.1), made of the segment itself and sent back where it came from. So a
 * client learns at once what it otherwise learns by a timeout. Each CPU sends a bounded number.
 */
#ifndef ELB_RESET_H
#define ELB_RESET_H

#include <lib/ip6.h>
#include <lib/tcp.h>

#define ELB_RESETS_PER_TICK 5000 /* for each CPU; a tick is about half a second */
#define ELB_RESET_TTL	    64
#define ELB_IP_DF	    0x4000

const volatile __u8 elb_reset_strays = 1; /* segments of no connection: answer, or only drop */

/* Reasons that a segment's sender is told about. */
ELB_INLINE int elb_reset_wanted(int reason)
{
	switch (reason) {
	case ELB_REASON_NOT_SYN:
	case ELB_REASON_SYN_COOKIE_BAD:
	case ELB_REASON_STRAY_REPLY:
		return elb_reset_strays;
	case ELB_REASON_NO_MEMBER:
	case ELB_REASON_NO_PORT:
	case ELB_REASON_TABLE_FULL:
	case ELB_REASON_TABLE_SHARE:
	case ELB_REASON_CONNECTION_LIMIT:
		return 1;
	}
	return 0;
}

ELB_INLINE int elb_reset_allowed(struct elb_opening *opening)
{
	if (opening->reset_tick != opening->now) {
		opening->reset_tick = opening->now;
		opening->resets = 0;
	}
	return opening->resets++ < ELB_RESETS_PER_TICK;
}

/* An address that stands for one host (RFC 1122, 3.2.1.3). */
ELB_INLINE int elb_is_host4(__be32 addr)
{
	__u32 first = bpf_ntohl(addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

/* The sequence numbers and flags of the answer; `length` counts payload, SYN and FIN. */
ELB_INLINE void elb_reset_tcp(struct tcphdr *tcp, __u32 flags, __u32 length)
{
	__be16 source = tcp->source;
	__be32 seq = tcp->seq;

	tcp->source = tcp->dest;
	tcp->dest = source;
	tcp->seq = 0;
	if (flags & ELB_TCP_ACK) {
		tcp->seq = tcp->ack_seq;
		tcp->ack_seq = 0;
		flags = ELB_TCP_RST;
	} else {
		tcp->ack_seq = bpf_htonl(bpf_ntohl(seq) + length);
		flags = ELB_TCP_RST | ELB_TCP_ACK;
	}
	((__u8 *)tcp)[12] = ELB_TCP_DOFF_PLAIN;
	((__u8 *)tcp)[13] = flags;
	tcp->window = 0;
	tcp->check = 0;
	tcp->urg_ptr = 0;
}

ELB_INLINE __u32 elb_reset_sum(const void *from, __u32 size)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < size; i += 4)
		sum = elb_csum_change(sum, ~0u, *(const __u32 *)(from + i));
	return sum;
}

/* What the checksum of a base TCP header covers, the pseudo header with it; its own field is 0. */
ELB_INLINE __u32 elb_reset_check4(const struct iphdr *ip, const struct tcphdr *tcp)
{
	return elb_reset_sum(tcp, sizeof(*tcp)) + elb_reset_sum(&ip->saddr, 8) +
	       bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp));
}

/* Likewise, the header being plain. */
ELB_INLINE __u32 elb_reset_check6(const struct elb_ip6 *ip, const struct tcphdr *tcp)
{
	return elb_reset_sum(tcp, sizeof(*tcp)) + elb_reset_sum(&ip->source, 32) +
	       bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp));
}

ELB_INLINE void elb_reset_macs(struct elb_ethernet *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->source, ETH_ALEN);
	__builtin_memcpy(eth->source, eth->dest, ETH_ALEN);
	__builtin_memcpy(eth->dest, mac, ETH_ALEN);
}

/* An IPv6 header without extensions of a reset, but the addresses. */
ELB_INLINE void elb_reset_ip6(struct elb_ip6 *ip)
{
	ip->word = bpf_htonl(6u << 28); /* version, no class, no label */
	ip->payload_len = bpf_htons(sizeof(struct tcphdr));
	ip->next = IPPROTO_TCP;
	ip->hop_limit = ELB_RESET_TTL;
}

/* Makes the answer of an IPv4 segment; the length it is cut to, 0 if it gets none. */
ELB_INLINE __u32 elb_reset4(ELB_CTX *ctx, __u32 l3)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct iphdr *ip;
	struct tcphdr *tcp;

	if (!ELB_TAKE(&at, &eth))
		return 0;
	at.pos = (void *)eth + l3;
	if (!ELB_TAKE(&at, &ip) || !ELB_TAKE(&at, &tcp))
		return 0;
	__u32 flags = ((__u8 *)tcp)[13], header = ELB_TCP_DOFF(((__u8 *)tcp)[12]);
	__u32 length = bpf_ntohs(ip->tot_len) - sizeof(*ip);
	if (*(__u8 *)ip != ELB_IP_PLAIN || ip->frag_off & bpf_htons(ELB_IP_FRAGMENT) ||
	    flags & ELB_TCP_RST || header < sizeof(*tcp) || header > length || eth->dest[0] & 1 ||
	    !elb_is_host4(ip->saddr))
		return 0;

	elb_reset_macs(eth);
	__be32 source = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = source;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->id = 0;
	ip->frag_off = bpf_htons(ELB_IP_DF);
	ip->ttl = ELB_RESET_TTL;
	ip->check = 0;
	ip->check = ~elb_csum_fold(elb_reset_sum(ip, sizeof(*ip)));
	elb_reset_tcp(tcp, flags,
		      length - header + !!(flags & ELB_TCP_SYN) + !!(flags & ELB_TCP_FIN));
	__u32 header_sum = elb_reset_sum(tcp, sizeof(*tcp));
	elb_tcp_write_check(ctx, l3 + sizeof(*ip), tcp, elb_reset_check4(ip, tcp) - header_sum,
			    header_sum);
	return l3 + sizeof(*ip) + sizeof(*tcp);
}

/* An address that stands for one host (RFC 4291, 2.4). */
ELB_INLINE int elb_is_host6(const struct elb_ip *addr)
{
	return (addr->word[0] & bpf_htonl(0xff000000)) != bpf_htonl(0xff000000) &&
	       (addr->word[0] | addr->word[1] | addr->word[2] | (addr->word[3] & ~bpf_htonl(1))) &&
	       !elb_is_mapped(addr);
}

/* Likewise of an IPv6 one without extension headers. */
ELB_INLINE __u32 elb_reset6(ELB_CTX *ctx, __u32 l3)
{
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	struct elb_ethernet *eth;
	struct elb_ip6 *ip;
	struct tcphdr *tcp;

	if (!ELB_TAKE(&at, &eth))
		return 0;
	at.pos = (void *)eth + l3;
	if (!ELB_TAKE(&at, &ip) || !ELB_TAKE(&at, &tcp))
		return 0;
	__u32 flags = ((__u8 *)tcp)[13], header = ELB_TCP_DOFF(((__u8 *)tcp)[12]);
	__u32 length = bpf_ntohs(ip->payload_len);
	if (ip->next != IPPROTO_TCP || flags & ELB_TCP_RST || header < sizeof(*tcp) ||
	    header > length || eth->dest[0] & 1 || !elb_is_host6(&ip->source))
		return 0;

	elb_reset_macs(eth);
	for (int i = 0; i < 4; i++) {
		__be32 word = ip->source.word[i];
		ip->source.word[i] = ip->dest.word[i];
		ip->dest.word[i] = word;
	}
	elb_reset_ip6(ip);
	elb_reset_tcp(tcp, flags,
		      length - header + !!(flags & ELB_TCP_SYN) + !!(flags & ELB_TCP_FIN));
	__u32 header_sum = elb_reset_sum(tcp, sizeof(*tcp));
	elb_tcp_write_check(ctx, l3 + sizeof(*ip), tcp, elb_reset_check6(ip, tcp) - header_sum,
			    header_sum);
	return l3 + sizeof(*ip) + sizeof(*tcp);
}

/*
 * Turns the segment at `l3` into its answer. 0: it gets none, the frame is as it was. Packet
 * pointers are invalid afterwards.
 */
ELB_NOINLINE int elb_reset(ELB_CTX *ctx, __u32 l3, __u32 v6)
{
	__u32 length = v6 ? elb_reset6(ctx, l3 & 31) : elb_reset4(ctx, l3 & 31);

	if (!length)
		return 0;
		/* if it cannot be cut, the rest is padding */
#ifdef ELB_TC
	bpf_skb_change_tail(ctx, length, 0);
#else
	bpf_xdp_adjust_tail(ctx, (int)length - (int)elb_frame_len(ctx));
#endif
	elb_count(ELB_REASON_RESET_SENT);
	return 1;
}

/* The end of a packet that opened no connection: counted, and answered if its sender is to know. */
ELB_INLINE int elb_decline(ELB_CTX *ctx, __u32 l3, struct elb_opening *opening, int reason)
{
	int verdict = elb_refuse(opening, reason);

	if (ELB_FLOW_PROTO(opening->key.proto) == IPPROTO_TCP && elb_reset_wanted(reason) &&
	    elb_reset_allowed(opening) && elb_reset(ctx, l3, opening->v6))
		return ELB_TURN;
	return verdict;
}

#endif
