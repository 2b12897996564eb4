/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a frame: a cursor that moves from header to header and refuses to leave the first buffer.
 * All offsets are constants: programs loaded without CAP_PERFMON may not add an unknown number to a
 * packet pointer on older kernels, which is one reason why IP options are not balanced.
 */
#ifndef ELB_PARSE_H
#define ELB_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <elb/atomic.h>

#define ELB_IP_PLAIN	0x45 /* version 4, header of 20 bytes */
#define ELB_IP_FRAGMENT 0x3fff
#define ELB_TCP_FIN	0x01
#define ELB_TCP_SYN	0x02
#define ELB_TCP_RST	0x04
#define ELB_TCP_ACK	0x10

/* Not struct ethhdr: that is packed, and clang would copy it byte by byte. */
struct elb_ethernet {
	__u8 dest[ETH_ALEN];
	__u8 source[ETH_ALEN];
	__be16 proto;
};

struct elb_cursor_at {
	void *pos;
	void *end;
};

/*
 * The header at the cursor, which moves behind it; 0 if the buffer ends before. Not a NULL pointer:
 * without CAP_PERFMON a packet pointer may not be compared with 0.
 */
#define ELB_TAKE(at, header) elb_take(at, sizeof(**(header)), (void **)(header))

ELB_INLINE int elb_take(struct elb_cursor_at *at, __u32 size, void **header)
{
	*header = at->pos;
	if (at->pos + size > at->end)
		return 0;
	at->pos += size;
	return 1;
}

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

/* 0 unless a whole TCP or UDP header follows a plain IP header. */
ELB_INLINE int elb_parse_l4(struct xdp_md *ctx, struct iphdr *ip, struct elb_l4 *l4)
{
	struct elb_cursor_at at = {.pos = ip + 1, .end = (void *)(long)ctx->data_end};
	struct tcphdr *tcp;
	struct udphdr *udp;

	l4->ports = at.pos;
	if (ip->protocol == IPPROTO_TCP) {
		if (!ELB_TAKE(&at, &tcp))
			return 0;
		l4->check = &tcp->check;
		l4->word = ((__u16 *)tcp)[6];
		return bpf_ntohs(ip->tot_len) >= sizeof(*ip) + sizeof(*tcp);
	}
	if (ip->protocol == IPPROTO_UDP) {
		if (!ELB_TAKE(&at, &udp))
			return 0;
		ELB_KEEP_APART(udp);
		l4->check = &udp->check;
		l4->word = udp->len;
		return bpf_ntohs(ip->tot_len) >= sizeof(*ip) + sizeof(*udp);
	}
	return 0;
}

ELB_INLINE __u32 elb_tcp_flags(const struct elb_l4 *l4)
{
	return l4->word >> 8;
}

/* Lengths that contradict each other; looked for only before a connection opens. */
ELB_INLINE int elb_l4_bad(const struct iphdr *ip, const struct elb_l4 *l4)
{
	__u32 length = bpf_ntohs(ip->tot_len) - sizeof(*ip);

	if (ip->protocol == IPPROTO_TCP)
		return (l4->word & 0xf0) < 0x50;
	return bpf_ntohs(l4->word) < sizeof(struct udphdr) || bpf_ntohs(l4->word) > length;
}

#endif
