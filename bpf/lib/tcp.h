/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a TCP connection as its segments tell it: what the agent's timeouts and resets go by
 * (elb/flow_sweep.h), and the options of a segment that may not pass as they are.
 */
#ifndef ELB_TCP_H
#define ELB_TCP_H

#include <elb/toa.h>
#include <lib/csum.h>
#include <lib/flow.h>
#include <lib/open.h>

#define ELB_TCP_DOFF(word) (((word)&0xf0) >> 2) /* bytes of the header */
#define ELB_TCP_DOFF_PLAIN 0x50
/* Two NOPs and a timestamp, which is all that most segments carry. */
#define ELB_TCP_DOFF_STAMP 0x80
#define ELB_TCP_STAMP	   bpf_htonl(0x0101080a)

#define ELB_OPTION_MSS 2
#define ELB_TCP_AT     511 /* where a TCP header may begin: behind 248 bytes of IPv6 */
#define ELB_MSS_MIN    88  /* no clamp goes below; Linux refuses less as well */

ELB_INLINE struct tcphdr *elb_tcp_of(const struct elb_l4 *l4)
{
	return (struct tcphdr *)l4->ports;
}

/*
 * A reset towards the other end takes its sequence number from here, and an end ignores one with an
 * old number. So it only goes forward, though segments overtake each other, on their way or between
 * CPUs; a SYN begins anew.
 */
ELB_INLINE void elb_note_newer(struct elb_flow *flow, __be32 ack)
{
	__be32 noted = ELB_LOAD(flow->ack);

	if (ack != noted && (!noted || (__s32)(bpf_ntohl(ack) - bpf_ntohl(noted)) > 0))
		ELB_STORE(flow->ack, ack);
}

/* The same for a segment of any flags. */
ELB_INLINE void elb_note_ack(const ELB_CTX *ctx, struct elb_flow *flow, const struct elb_l4 *l4)
{
	const struct tcphdr *tcp = elb_tcp_of(l4);
	__u32 flags = elb_tcp_flags(l4);

	/* it does fit: the verifier has forgotten that this is the way of TCP */
	if (!(flags & (ELB_TCP_ACK | ELB_TCP_SYN)) || (void *)(tcp + 1) > elb_data_end(ctx))
		return;
	if (!(flags & ELB_TCP_SYN))
		elb_note_newer(flow, tcp->ack_seq);
	else
		ELB_STORE(flow->ack, flags & ELB_TCP_ACK ? tcp->ack_seq : 0);
}

/*
 * TCP progress, for the agent's timeouts. Most segments tell nothing new. A SYN on a connection
 * that was closing opens it anew, with the same member and local port, as both ends may (RFC 6191).
 */
ELB_INLINE void elb_track(struct elb_flow *flow, __u32 ctl, __u32 flags)
{
	__u32 reverse = ctl & ELB_FLOW_REVERSE;
	__u32 set = reverse ? ELB_FLOW_SEEN_OUT : ELB_FLOW_SEEN_IN, clear = 0;

	if (!(flags & (ELB_TCP_FIN | ELB_TCP_SYN | ELB_TCP_RST)) && (ctl & set))
		return;
	if (!reverse && ELB_TCP_OPENS(flags)) {
		if (!(ctl & (ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST)))
			return;
		set = 0;
		clear = ELB_FLOW_SEEN_IN | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST |
			ELB_FLOW_SPOKEN;
	}
	if (flags & ELB_TCP_FIN)
		set |= reverse ? ELB_FLOW_FIN_OUT : ELB_FLOW_FIN_IN;
	if (flags & ELB_TCP_RST)
		set |= ELB_FLOW_RST;
	elb_mark(flow, ctl, set, clear);
}

/* 0: nothing in the options of a client's segment can be one that has to be looked at. */
ELB_INLINE int elb_tcp_has_options(const ELB_CTX *ctx, const struct elb_l4 *l4)
{
	const __be32 *first = (const __be32 *)(elb_tcp_of(l4) + 1);
	__u32 doff = l4->word & 0xf0;

	if (doff == ELB_TCP_DOFF_PLAIN)
		return 0;
	return doff != ELB_TCP_DOFF_STAMP || (void *)(first + 1) > elb_data_end(ctx) ||
	       *first != ELB_TCP_STAMP;
}

ELB_INLINE void elb_tcp_fix_check(ELB_CTX *ctx, __u32 tcp_at, struct tcphdr *tcp, __u32 sum)
{
#ifdef ELB_TC
	/* leaves the sum of a header alone whose checksum the sender's device was to compute */
	bpf_l4_csum_replace(ctx, tcp_at + offsetof(struct tcphdr, check), 0, sum, 0);
#else
	tcp->check = elb_csum_apply(tcp->check, sum);
#endif
}

/*
 * The checksum of a segment made here, whose field is 0, from the sums of pseudo header and header.
 * In tc it may be the device's to compute (then the field holds the sum of the pseudo header): only
 * the kernel's helpers know, but given apart, the two parts make the right one of both kinds.
 * Packet pointers are invalid afterwards.
 */
ELB_INLINE void elb_tcp_write_check(ELB_CTX *ctx, __u32 tcp_at, struct tcphdr *tcp, __u32 pseudo,
				    __u32 header)
{
#ifdef ELB_TC
	__u32 offset = tcp_at + offsetof(struct tcphdr, check);

	bpf_l4_csum_replace(ctx, offset, 0, elb_csum_fold(pseudo), BPF_F_PSEUDO_HDR);
	bpf_l4_csum_replace(ctx, offset, 0, elb_csum_fold(header), 0);
#else
	tcp->check = ~elb_csum_fold(pseudo + header);
#endif
}

/* Where the walk over a header's options is; offsets are within the options. */
struct elb_options {
	ELB_CTX *ctx;
	__u32 start; /* of the options in the frame */
	__u32 length;
	__u32 next;
	__u32 blank; /* so many bytes are still to become NOPs */
	__u32 sum;   /* what the checksum changes by */
	__u32 less, most;
	__u32 mss; /* what was found; 0: none */
};

/* Adds what a byte at an even or odd offset changes. */
ELB_INLINE void elb_options_put(struct elb_options *walk, __u8 *at, __u32 offset, __u8 is)
{
	__u32 shift = (offset & 1) * 8;

	walk->sum = elb_csum_change(walk->sum, (__u32)*at << shift, (__u32)is << shift);
	*at = is;
}

ELB_INLINE void elb_options_mss(struct elb_options *walk, __u8 *value, __u32 offset)
{
	__u32 was = value[0] << 8 | value[1], is = was > walk->less ? was - walk->less : 0;

	if (is > walk->most)
		is = walk->most;
	if (is < ELB_MSS_MIN)
		is = ELB_MSS_MIN;
	if (is >= was)
		return;
	elb_options_put(walk, value, offset, is >> 8);
	elb_options_put(walk, value + 1, offset + 1, is);
}

/* One option, or one byte of an option that becomes NOPs. 1: there is nothing more to look at. */
static int elb_options_step(__u32 index, struct elb_options *walk)
{
	__u32 at = walk->next;
	__u8 *option = elb_data(walk->ctx) + ((walk->start + at) & 1023);
	void *end = elb_data_end(walk->ctx);

	if (at >= walk->length || (void *)(option + 1) > end)
		return 1;
	walk->next = at + 1;
	if (walk->blank) {
		walk->blank--;
		elb_options_put(walk, option, at, ELB_OPTION_NOP);
		return 0;
	}
	__u32 kind = *option;
	if (kind == ELB_OPTION_NOP)
		return 0;
	if (kind == ELB_OPTION_END || (void *)(option + 2) > end)
		return 1;
	__u32 size = option[1];
	if (size < 2 || at + size > walk->length)
		return 1;
	if (kind == ELB_OPTION_TOA) {
		walk->blank = size;
		walk->next = at;
		return 0;
	}
	if (kind == ELB_OPTION_MSS && size == 4 && (void *)(option + 4) <= end) {
		walk->mss = option[2] << 8 | option[3];
		if (walk->most)
			elb_options_mss(walk, option + 2, at);
	}
	walk->next = at + size;
	return 0;
}

/*
 * Walks over the options of the TCP header at `tcp_at`. Every TOA option becomes NOPs: only the
 * balancer may say who the client is. An MSS is lowered by `less` and to no more than `most`, never
 * raised; most = 0 leaves it alone. Returns the MSS as it was, 0 if there is none. Packet pointers
 * are invalid afterwards.
 *
 * Bytes behind an end or an option of impossible length are nobody's: receivers stop there too.
 */
ELB_NOINLINE int elb_tcp_options(ELB_CTX *ctx, __u32 tcp_at, __u32 less, __u32 most)
{
	struct elb_options walk = {.ctx = ctx, .less = less, .most = most};
	struct tcphdr *tcp = elb_data(ctx) + (tcp_at & ELB_TCP_AT);

	if ((void *)(tcp + 1) > elb_data_end(ctx))
		return 0;
	walk.start = (tcp_at & ELB_TCP_AT) + sizeof(*tcp);
	walk.length = ELB_TCP_DOFF(((__u8 *)tcp)[12]) - sizeof(*tcp);
	if (walk.length > ELB_OPTIONS_MAX)
		return 0;
	/* a step for each byte, and one more for each TOA option, of two bytes or more */
	bpf_loop(ELB_OPTIONS_MAX * 3 / 2 + 1, elb_options_step, &walk, 0);
	tcp = elb_data(ctx) + (tcp_at & ELB_TCP_AT);
	if ((void *)(tcp + 1) > elb_data_end(ctx))
		return 0;
	elb_tcp_fix_check(ctx, tcp_at, tcp, elb_csum_fold(walk.sum));
	return walk.mss;
}

#endif
