/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TCP segment that the balancer makes itself, out of the frame of another one: without payload,
 * with two words of options at most. It goes on where the frame was going, or back to its sender.
 */
#ifndef ELB_SEGMENT_H
#define ELB_SEGMENT_H

#include <lib/ip6.h>
#include <lib/reset.h>
#include <lib/tcp.h>

#define ELB_SEGMENT_WORDS 2

struct elb_segment {
	__be32 seq, ack;
	__be16 window;
	__u8 flags;
	__u8 words; /* of options */
	__be32 option[ELB_SEGMENT_WORDS];
	__u32 turn; /* back to the sender: addresses and ports change sides */
};

ELB_INLINE struct tcphdr *elb_segment_at(const ELB_CTX *ctx, __u32 where)
{
	return elb_data(ctx) + ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where);
}

/* An IP packet as such segments are made of: whole, without IP options or extension headers. */
ELB_INLINE int elb_segment_is_plain(const ELB_CTX *ctx, __u32 where)
{
	struct iphdr *ip = elb_data(ctx) + ELB_WHERE_L3(where);

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return 0;
	if (ip->version == 6)
		return ELB_WHERE_HEADER(where) == sizeof(struct elb_ip6);
	return ELB_WHERE_HEADER(where) == sizeof(*ip) &&
	       !(ip->frag_off & bpf_htons(ELB_IP_FRAGMENT));
}

/* Both return the sum of the pseudo header without the length. */
ELB_INLINE __u32 elb_segment_ip4(struct iphdr *ip, __u32 tcp_len, __u32 turn)
{
	if (turn) {
		__be32 source = ip->saddr;

		ip->saddr = ip->daddr;
		ip->daddr = source;
		ip->tos = 0;
		ip->id = 0;
		ip->frag_off = bpf_htons(ELB_IP_DF);
		ip->ttl = ELB_RESET_TTL;
	}
	ip->tot_len = bpf_htons(sizeof(*ip) + tcp_len);
	ip->check = 0;
	ip->check = elb_ip_check(ip);
	return elb_reset_sum(&ip->saddr, 8) + bpf_htons(IPPROTO_TCP);
}

ELB_INLINE __u32 elb_segment_ip6(struct elb_ip6 *ip, __u32 tcp_len, __u32 turn)
{
	if (turn) {
		struct elb_ip source = ip->source;

		ip->source = ip->dest;
		ip->dest = source;
		ip->word = bpf_htonl(6u << 28);
		ip->hop_limit = ELB_IP6_HOPS;
	}
	ip->payload_len = bpf_htons(tcp_len);
	return elb_reset_sum(&ip->source, 32) + bpf_htons(IPPROTO_TCP);
}

/* Header and options; the sum of all of it in *sum. 0: the frame ends before. */
ELB_INLINE int elb_segment_tcp(const ELB_CTX *ctx, struct tcphdr *tcp,
			       const struct elb_segment *segment, __u32 *sum)
{
	__u8 *bytes = (__u8 *)tcp;
	__be32 *option = (__be32 *)(tcp + 1);

	if (segment->turn) {
		__u32 ports = *(__u32 *)tcp;

		*(__u32 *)tcp = ports << 16 | ports >> 16;
	}
	tcp->seq = segment->seq;
	tcp->ack_seq = segment->ack;
	bytes[12] = ELB_TCP_DOFF_PLAIN + (segment->words << 4);
	bytes[13] = segment->flags;
	tcp->window = segment->window;
	tcp->check = 0;
	tcp->urg_ptr = 0;
	*sum = elb_reset_sum(tcp, sizeof(*tcp));
	for (int i = 0; i < ELB_SEGMENT_WORDS; i++) {
		if (i >= segment->words)
			break;
		if (!elb_within(ctx, option + i, sizeof(*option)))
			return 0;
		option[i] = segment->option[i];
		*sum = elb_csum_change(*sum, ~0u, segment->option[i]);
	}
	return 1;
}

/*
 * Makes the segment of a plain frame (elb_segment_is_plain), up to level 3; the addresses of level
 * 2 are the caller's. 0: the frame could not get its length. Packet pointers are invalid
 * afterwards.
 */
ELB_NOINLINE int elb_segment_make(ELB_CTX *ctx, __u32 where, struct elb_segment *segment)
{
	__u32 l3 = ELB_WHERE_L3(where), six = ELB_WHERE_HEADER(where) == sizeof(struct elb_ip6);
	__u32 header_len = six ? sizeof(struct elb_ip6) : sizeof(struct iphdr), header, pseudo;

	if (!segment || segment->words > ELB_SEGMENT_WORDS)
		return 0;
	__u32 tcp_len = sizeof(struct tcphdr) + segment->words * 4;
	__u32 length = l3 + header_len + tcp_len;
#ifdef ELB_TC
	if (bpf_skb_change_tail(ctx, length, 0))
		return 0;
#else
	__u32 has = elb_frame_len(ctx);
	if (has != length && bpf_xdp_adjust_tail(ctx, (int)length - (int)has))
		return 0;
#endif
	void *ip = elb_data(ctx) + l3;
	struct tcphdr *tcp = ip + header_len;
	if (!elb_within(ctx, tcp, sizeof(*tcp)) || !elb_within(ctx, ip, sizeof(struct iphdr)))
		return 0;
	if (!six)
		pseudo = elb_segment_ip4(ip, tcp_len, segment->turn);
	else if (elb_within(ctx, ip, sizeof(struct elb_ip6)))
		pseudo = elb_segment_ip6(ip, tcp_len, segment->turn);
	else
		return 0;
	if (!elb_segment_tcp(ctx, tcp, segment, &header))
		return 0;
	elb_tcp_write_check(ctx, l3 + header_len, tcp, pseudo + bpf_htons(tcp_len), header);
	return 1;
}

#endif
