/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading an IPv6 packet: the fixed header, the extension headers that are stepped over, the ports.
 */
#ifndef ELB_IP6_H
#define ELB_IP6_H

#include <linux/in6.h>

#include <elb/flow6.h>
#include <lib/addr.h>
#include <lib/count.h>
#include <lib/parse.h>

struct elb_ip6 {
	__be32 word; /* version, traffic class, flow label */
	__be16 payload_len;
	__u8 next;
	__u8 hop_limit;
	struct elb_ip source;
	struct elb_ip dest;
};
ELB_ASSERT(sizeof(struct elb_ip6) == 40, "elb_ip6");

#define ELB_IP6_HOPS	   64  /* hop limit of packets made here */
#define ELB_IP6_STEPS	   4   /* extension headers stepped over, */
#define ELB_IP6_HEADER_MAX 248 /* and what they may amount to with the fixed header */

/* The kinds that say nothing which concerns a balancer. */
#define ELB_IP6_SKIPPED(next) ((next) == IPPROTO_HOPOPTS || (next) == IPPROTO_DSTOPTS)

/*
 * Where a packet is and what it carries in one word, since a global function takes five arguments:
 * offset of the IP header, length of the headers in front of the ports, protocol behind them.
 */
ELB_INLINE __u32 elb_where(__u32 l3, __u32 header_len, __u32 proto)
{
	return l3 | header_len << 8 | proto << 16;
}
#define ELB_WHERE_L3(where)	((where)&31) /* 22 at most */
#define ELB_WHERE_HEADER(where) ((where) >> 8 & 255)
#define ELB_WHERE_PROTO(where)	((where) >> 16 & 255)

ELB_INLINE struct elb_ip6 *elb_ip6_at(const ELB_CTX *ctx, __u32 l3)
{
	return elb_data(ctx) + (l3 & 31);
}

ELB_INLINE int elb_within(const ELB_CTX *ctx, const void *header, __u32 size)
{
	return header + size <= elb_data_end(ctx);
}

/* The packet's length without Ethernet. */
ELB_INLINE __u32 elb_ip6_len(const struct elb_ip6 *ip)
{
	return sizeof(*ip) + bpf_ntohs(ip->payload_len);
}

ELB_INLINE __u32 elb_ip6_class(const struct elb_ip6 *ip)
{
	return bpf_ntohl(ip->word) >> 20 & 0xff;
}

/* 0 unless a whole TCP or UDP header stands at `start`, of a packet that has `length` from there.
 */
ELB_INLINE int elb_take_l4(const ELB_CTX *ctx, void *start, __u32 proto, __u32 length,
			   struct elb_l4 *l4)
{
	struct elb_cursor_at at = {.pos = start, .end = elb_data_end(ctx)};
	struct tcphdr *tcp;
	struct udphdr *udp;

	l4->ports = start;
	if (proto == IPPROTO_TCP) {
		if (!ELB_TAKE(&at, &tcp))
			return 0;
		l4->check = &tcp->check;
		l4->word = ((__u16 *)tcp)[6];
		return length >= sizeof(*tcp);
	}
	if (!ELB_TAKE(&at, &udp))
		return 0;
	ELB_KEEP_APART(udp);
	l4->check = &udp->check;
	l4->word = udp->len;
	return length >= sizeof(*udp);
}

ELB_INLINE int elb_parse_l4_6(const ELB_CTX *ctx, struct elb_ip6 *ip, __u32 where,
			      struct elb_l4 *l4)
{
	__u32 header_len = ELB_WHERE_HEADER(where), total = elb_ip6_len(ip);

	return total >= header_len && elb_take_l4(ctx, (void *)ip + header_len,
						  ELB_WHERE_PROTO(where), total - header_len, l4);
}

/* The longest IP packet that a frame becomes on the wire: less than `length` if tc sees a batch. */
ELB_INLINE __u32 elb_wire_len6(const ELB_CTX *ctx, const struct elb_l4 *l4, __u32 proto,
			       __u32 header_len, __u32 length)
{
#ifdef ELB_TC
	if (ctx->gso_size)
		return ctx->gso_size + header_len +
		       (proto == IPPROTO_TCP ? (l4->word & 0xf0) >> 2 : 8);
#endif
	return length;
}

/*
 * Steps over extension headers: header_len << 8 | protocol << 16 as elb_where() has them, or the
 * reason not to balance the packet, in the low byte.
 */
ELB_NOINLINE int elb_skip_extensions(ELB_CTX *ctx, __u32 l3)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, l3);
	__u32 header_len = sizeof(*ip);

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return ELB_REASON_MALFORMED;
	__u32 next = ip->next;
	for (int i = 0; i < ELB_IP6_STEPS && ELB_IP6_SKIPPED(next); i++) {
		__u8 *extension = (void *)ip + header_len;
		if (!elb_within(ctx, extension, 2))
			return ELB_REASON_MALFORMED;
		next = extension[0];
		header_len += (extension[1] + 1) * 8;
		if (header_len > ELB_IP6_HEADER_MAX)
			return ELB_REASON_IP6_EXTENSION;
	}
	if (header_len > elb_ip6_len(ip))
		return ELB_REASON_MALFORMED;
	switch (next) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMPV6:
		return header_len << 8 | next << 16;
	case IPPROTO_FRAGMENT:
		return ELB_REASON_FRAGMENT;
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_AH:
		return ELB_REASON_IP6_EXTENSION;
	default:
		return ELB_REASON_PROTOCOL;
	}
}

/* A packet that is not balanced, whatever it is: `if_ours` is the reason if it was meant to be. */
ELB_NOINLINE int elb_unbalanced6(ELB_CTX *ctx, __u32 l3, __u32 if_ours)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, l3);

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return elb_exit(ELB_REASON_MALFORMED);
	switch (elb_kind_of(&ip->dest)) {
	case ELB_ADDR_NONE:
		return elb_exit(ELB_REASON_PASS_OTHER);
	case ELB_ADDR_HOST:
		return elb_exit(ELB_REASON_PASS_HOST);
	default:
		return elb_exit(if_ours);
	}
}

#endif
