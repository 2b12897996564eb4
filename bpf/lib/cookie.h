/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer to a SYN flood. What a CPU is asked to open above max-new-connections-per-s gets a
 * SYN-ACK whose sequence number is a cookie of the kernel's: a keyed hash of addresses, ports, the
 * client's number and the minute. Nothing is kept. Who sends it back does exist, and may open the
 * connection whatever the rate is. What follows is in seq.h; why so, in docs/adr/0012.
 */
#ifndef ELB_COOKIE_H
#define ELB_COOKIE_H

#include <lib/open.h>
#include <lib/segment.h>
#include <lib/toa.h>

/* The kernel takes a cookie back for up to two minutes; a tick is about half a second. */
#define ELB_COOKIE_TICKS  256
/* What a client may send before it hears of the member: little, since it is not kept. */
#define ELB_COOKIE_WINDOW 5840
#define ELB_COOKIE_TRIES  4

const volatile __u8 elb_syn_cookies = 0; /* the kernel has the helpers, and they are wanted */

/* A segment as the kernel's helpers want to see the client's SYN. */
struct elb_cookie_syn {
	struct tcphdr tcp;
	__u8 mss[4];
};
ELB_ASSERT(sizeof(struct elb_cookie_syn) == 24, "elb_cookie_syn");

/*
 * The cookie for a SYN with this MSS, which holds the greatest of the kernel's four values that is
 * not above it; that value << 32. Below 0: none. `tcp` may be any segment of the client's.
 */
ELB_INLINE __s64 elb_cookie_for(const ELB_CTX *ctx, __u32 where, const struct tcphdr *tcp,
				__be32 seq, __u32 mss)
{
	struct elb_cookie_syn syn = {.mss = {ELB_OPTION_MSS, 4, mss >> 8, mss}};
	void *ip = elb_data(ctx) + ELB_WHERE_L3(where);

	syn.tcp.source = tcp->source;
	syn.tcp.dest = tcp->dest;
	syn.tcp.seq = seq;
	syn.tcp.doff = sizeof(syn) / 4;
	syn.tcp.syn = 1;
	if (ELB_WHERE_HEADER(where) == sizeof(struct elb_ip6))
		return elb_within(ctx, ip, sizeof(struct elb_ip6))
			       ? bpf_tcp_raw_gen_syncookie_ipv6(ip, &syn.tcp, sizeof(syn))
			       : -1;
	return elb_within(ctx, ip, sizeof(struct iphdr))
		       ? bpf_tcp_raw_gen_syncookie_ipv4(ip, &syn.tcp, sizeof(syn))
		       : -1;
}

/* Does the segment acknowledge a cookie that was made for the SYN before it? */
ELB_INLINE int elb_cookie_is_right(const ELB_CTX *ctx, __u32 where, struct tcphdr *tcp)
{
	void *ip = elb_data(ctx) + ELB_WHERE_L3(where);

	if (ELB_WHERE_HEADER(where) == sizeof(struct elb_ip6))
		return elb_within(ctx, ip, sizeof(struct elb_ip6)) &&
		       !bpf_tcp_raw_check_syncookie_ipv6(ip, tcp);
	return elb_within(ctx, ip, sizeof(struct iphdr)) &&
	       !bpf_tcp_raw_check_syncookie_ipv4(ip, tcp);
}

/*
 * The client's MSS as its cookie holds it. The kernel does not tell, but makes the same cookie
 * again from the same value. If the minute has changed since, none fits: then what every host takes
 * (RFC 9293, 3.7.1).
 */
ELB_INLINE __u32 elb_cookie_mss(const ELB_CTX *ctx, __u32 where, const struct tcphdr *tcp)
{
	__u32 six = ELB_WHERE_HEADER(where) == sizeof(struct elb_ip6);
	__u32 cookie = bpf_ntohl(tcp->ack_seq) - 1;
	__be32 seq = bpf_htonl(bpf_ntohl(tcp->seq) - 1);

	for (int i = 0; i < ELB_COOKIE_TRIES && elb_syn_cookies; i++) {
		/* the usual one first */
		__u32 tried = six ? (i == 0   ? 1440
				     : i == 1 ? 1420
				     : i == 2 ? 65535
					      : 1220)
				  : (i == 0   ? 1460
				     : i == 1 ? 1440
				     : i == 2 ? 1300
					      : 536);
		__s64 made = elb_cookie_for(ctx, where, tcp, seq, tried);

		if (made >= 0 && (__u32)made == cookie)
			return made >> 32;
	}
	return six ? 1220 : 536;
}

/* The MSS of a client's SYN; the kernel's default if it has none. Packet pointers are invalid
 * afterwards. */
ELB_INLINE __u32 elb_client_mss(ELB_CTX *ctx, __u32 where)
{
	struct tcphdr *tcp = elb_segment_at(ctx, where);
	__u8 *option = (__u8 *)(tcp + 1);
	__u32 mss = 0;

	if (!elb_within(ctx, tcp, sizeof(*tcp)) || ((__u8 *)tcp)[12] < ELB_TCP_DOFF_PLAIN + 16)
		return 536;
	if (elb_within(ctx, option, 4) && option[0] == ELB_OPTION_MSS && option[1] == 4)
		mss = option[2] << 8 | option[3];
	else
		mss = elb_tcp_options(ctx, ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where), 0, 0);
	return mss ? mss : 536;
}

/*
 * What the client may put into a segment. Its member is not chosen yet: the way to the ring's first
 * one stands for all of them, else only the client's own link counts.
 */
ELB_INLINE __u32 elb_offered_mss(ELB_CTX *ctx, const struct elb_opening *opening)
{
	__u32 ifindex = elb_ingress(ctx), listener = opening->listener;
	__u32 headers = (opening->v6 ? sizeof(struct elb_ip6) : sizeof(struct iphdr)) +
			sizeof(struct tcphdr) + ELB_TOA_SIZE;
	struct elb_link *link = bpf_map_lookup_elem(&elb_links, &ifindex);
	void *ring = bpf_map_lookup_elem(&elb_rings, &listener);
	__u32 mtu = link ? link->mtu : 1280;
	__u32 first = ring ? elb_pick_place(ring, 0) : ELB_PICK_NONE;

	if (ELB_PICKED(first)) {
		struct elb_member *member = bpf_map_lookup_elem(&elb_members, &first);
		__u32 hop_index = member ? member->hop : 0;
		struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);

		if (hop && hop->mtu < mtu)
			mtu = hop->mtu;
	}
	return mtu > headers + ELB_MSS_MIN ? mtu - headers : ELB_MSS_MIN;
}

/* Turns a SYN into its answer. SYN_COOKIE_SENT, or `otherwise` with the frame still good for a
 * drop. */
ELB_INLINE int elb_cookie_offer(ELB_CTX *ctx, __u32 where, const struct elb_opening *opening,
				int otherwise)
{
	__u32 listener = opening->listener, client_mss = elb_client_mss(ctx, where);
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	struct tcphdr *tcp = elb_segment_at(ctx, where);
	struct elb_ethernet *eth = elb_data(ctx);

	if (!cursor || !elb_within(ctx, tcp, sizeof(*tcp)) || !elb_within(ctx, eth, sizeof(*eth)) ||
	    eth->dest[0] & 1)
		return otherwise;
	__s64 made = elb_cookie_for(ctx, where, tcp, tcp->seq, client_mss);
	if (made < 0)
		return otherwise;
	struct elb_segment segment = {
		.seq = bpf_htonl(made),
		.ack = bpf_htonl(bpf_ntohl(tcp->seq) + 1),
		.window = bpf_htons(ELB_COOKIE_WINDOW),
		.flags = ELB_TCP_SYN | ELB_TCP_ACK,
		.words = 1,
		.option = {bpf_htonl(ELB_OPTION_MSS << 24 | 4 << 16 |
				     elb_offered_mss(ctx, opening))},
		.turn = 1,
	};
	if (cursor->cookies_until != opening->now + ELB_COOKIE_TICKS) /* once a tick */
		ELB_STORE(cursor->cookies_until, opening->now + ELB_COOKIE_TICKS);
	if (!elb_segment_make(ctx, where, &segment))
		return otherwise;
	eth = elb_data(ctx);
	if (!elb_within(ctx, eth, sizeof(*eth)))
		return otherwise;
	__u8 mac[ETH_ALEN];
	__builtin_memcpy(mac, eth->source, ETH_ALEN);
	__builtin_memcpy(eth->source, eth->dest, ETH_ALEN);
	__builtin_memcpy(eth->dest, mac, ETH_ALEN);
	return ELB_REASON_SYN_COOKIE_SENT;
}

/* Looks at a stray segment only if cookies of its listener are out: others cost nothing more. */
ELB_INLINE int elb_cookie_accept(const ELB_CTX *ctx, __u32 where, struct elb_opening *opening,
				 int otherwise)
{
	__u32 listener = opening->listener;
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	struct tcphdr *tcp = elb_segment_at(ctx, where);

	if ((opening->tcp_flags & (ELB_TCP_ACK | ELB_TCP_SYN | ELB_TCP_RST)) != ELB_TCP_ACK)
		return otherwise;
	if (!cursor || (__s32)(ELB_LOAD(cursor->cookies_until) - opening->now) <= 0)
		return otherwise;
	if (!elb_within(ctx, tcp, sizeof(*tcp)))
		return otherwise;
	if (!elb_cookie_is_right(ctx, where, tcp))
		return ELB_REASON_SYN_COOKIE_BAD;
	opening->proven = 1;
	opening->cookie = bpf_ntohl(tcp->ack_seq) - 1;
	opening->first = tcp->seq;
	elb_count(ELB_REASON_SYN_COOKIE_OK);
	return ELB_REASON_SYN_COOKIE_OK;
}

/*
 * A segment that opened no connection for `reason`. SYN_COOKIE_OK: it brings a cookie, so opening
 * may be tried again. Else the reason that it ends with. Packet pointers are invalid afterwards.
 */
ELB_NOINLINE int elb_cookie(ELB_CTX *ctx, __u32 where, struct elb_opening *opening, int reason)
{
	if (!opening || !elb_syn_cookies || !elb_segment_is_plain(ctx, where))
		return reason;
	if (reason == ELB_REASON_NOT_SYN)
		return elb_cookie_accept(ctx, where, opening, reason);
	if (reason == ELB_REASON_RATE_GUARD && ELB_WHERE_PROTO(where) == IPPROTO_TCP)
		return elb_cookie_offer(ctx, where, opening, reason);
	return reason;
}

/* elb_connect() told the reason: is there another way? */
ELB_INLINE int elb_reconsider(ELB_CTX *ctx, __u32 where, struct elb_opening *opening, int reason)
{
	if (!elb_syn_cookies || (reason != ELB_REASON_RATE_GUARD && reason != ELB_REASON_NOT_SYN))
		return reason;
	reason = elb_cookie(ctx, where, opening, reason);
	return reason == ELB_REASON_SYN_COOKIE_OK ? elb_connect(opening) : reason;
}

#endif
