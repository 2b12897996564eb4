/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading TCP and UDP behind an IPv4 header, without leaving the first buffer. */
#ifndef ELB_PARSE_H
#define ELB_PARSE_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <lib/packet.h>

#define ELB_IP_PLAIN	0x45 /* version 4, header of 20 bytes */
#define ELB_IP_FRAGMENT 0x3fff
#define ELB_IP_OFFSET	0x1fff
#define ELB_IP_MORE	0x2000
#define ELB_IP_DF	0x4000
#define ELB_TCP_FIN	0x01
#define ELB_TCP_SYN	0x02
#define ELB_TCP_RST	0x04
#define ELB_TCP_ACK	0x10
#define ELB_TCP_OPENS(flags)                                                                       \
	(((flags) & (ELB_TCP_SYN | ELB_TCP_ACK | ELB_TCP_RST | ELB_TCP_FIN)) == ELB_TCP_SYN)

/*
 * Keeps clang from merging two branches into one pointer plus an offset that depends on the branch:
 * without CAP_PERFMON such arithmetic is refused.
 */
#define ELB_KEEP_APART(pointer) asm volatile("" : "+r"(pointer))

/* What TCP and UDP have in common here. */
struct elb_l4 {
	__u32 *ports;
	__u16 *check;
	__u16 word; /* TCP: data offset and flags, UDP: length; as loaded */
};

/* 0 unless a whole TCP or UDP header follows the IP header of that length. */
ELB_INLINE int elb_parse_l4(const ELB_CTX *ctx, struct iphdr *ip, __u32 header_len,
			    struct elb_l4 *l4)
{
	struct elb_cursor_at at = {.pos = (void *)ip + header_len, .end = elb_data_end(ctx)};
	struct tcphdr *tcp;
	struct udphdr *udp;

	l4->ports = at.pos;
	if (ip->protocol == IPPROTO_TCP) {
		if (!ELB_TAKE(&at, &tcp))
			return 0;
		l4->check = &tcp->check;
		l4->word = ((__u16 *)tcp)[6];
		return bpf_ntohs(ip->tot_len) >= header_len + sizeof(*tcp);
	}
	if (ip->protocol == IPPROTO_UDP) {
		if (!ELB_TAKE(&at, &udp))
			return 0;
		ELB_KEEP_APART(udp);
		l4->check = &udp->check;
		l4->word = udp->len;
		return bpf_ntohs(ip->tot_len) >= header_len + sizeof(*udp);
	}
	return 0;
}

ELB_INLINE __u32 elb_tcp_flags(const struct elb_l4 *l4)
{
	return l4->word >> 8;
}

/* The same for a header that has `length` bytes in its packet. */
ELB_INLINE int elb_l4_wrong(__u32 proto, const struct elb_l4 *l4, __u32 length)
{
	if (proto == IPPROTO_TCP)
		return (l4->word & 0xf0) < 0x50;
	return bpf_ntohs(l4->word) < sizeof(struct udphdr) || bpf_ntohs(l4->word) > length;
}

/* Lengths that contradict each other; looked for only before a connection opens. */
ELB_INLINE int elb_l4_bad(const struct iphdr *ip, struct elb_place at, const struct elb_l4 *l4)
{
	__u32 length = bpf_ntohs(ip->tot_len) - at.header_len;

	if (ip->protocol == IPPROTO_TCP)
		return (l4->word & 0xf0) < 0x50;
	return bpf_ntohs(l4->word) < sizeof(struct udphdr) ||
	       (at.fragment != ELB_FRAGMENT_FIRST && bpf_ntohs(l4->word) > length);
}

#endif
