/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segments of a connection opened by a SYN cookie (elb/flow_seq.h), before they are translated like
 * all others.
 *
 *   client                    balancer                    member
 *     | SYN x ------------------> |                         |
 *     | <-- SYN-ACK c, ack x+1    | (nothing kept)          |
 *     | ACK c+1 ----------------> | --> SYN x ------------> |
 *     |                           | <---- SYN-ACK m, ack x+1|   difference = m - c
 *     |                           | --> ACK m+1 ----------> |
 *     | data, ack c+1 ----------> | ------- ack m+1 ------> |
 *     | <-- data, seq c+1         | <------- data, seq m+1  |
 *
 * Nobody keeps the SYN to the member for a retransmission: the client's own next segment with the
 * cookie becomes a SYN again, at most one in a tick.
 */
#ifndef ELB_SEQ_H
#define ELB_SEQ_H

#include <elb/flow_seq.h>
#include <lib/cookie.h>
#include <lib/flow.h>
#include <lib/hop.h>
#include <lib/nat64.h>
#include <lib/send.h>
#include <lib/toa.h>

/* What the member may send before it hears of the client's window: little enough for any. */
#define ELB_ANSWER_WINDOW 2920
#define ELB_TCP_FAMILY	  (ELB_TCP_SYN | ELB_TCP_ACK | ELB_TCP_RST | ELB_TCP_FIN)

/* Changes a sequence number by its difference. In tc packet pointers are invalid afterwards. */
ELB_INLINE void elb_seq_add(ELB_CTX *ctx, __u32 where, struct tcphdr *tcp, __be32 *field,
			    __u32 amount)
{
	__be32 was = *field, is = bpf_htonl(bpf_ntohl(was) + amount);

	*field = is;
	elb_tcp_fix_check(ctx, ELB_WHERE_L3(where) + ELB_WHERE_HEADER(where), tcp,
			  elb_csum_fold(elb_csum_change(0, was, is)));
}

/*
 * The client's segment becomes the SYN that the member has not answered yet. It must be the first
 * one behind the client's SYN, exactly: the kernel takes a cookie that is off by up to three for
 * another MSS, and the member would be told a wrong number.
 */
ELB_INLINE int elb_seq_syn(ELB_CTX *ctx, __u32 where, struct tcphdr *tcp,
			   const struct elb_flow *flow, __u64 *seq, __u64 was)
{
	__u32 now = bpf_jiffies64() >> elb_tick_shift;
	__u64 is = elb_seq_word(ELB_SEQ_VALUE(was), ELB_SEQ_OWNER(was), now, ELB_SEQ_WAITING);

	if (is == was || tcp->seq != ELB_LOAD(flow->ack) ||
	    bpf_ntohl(tcp->ack_seq) - 1 != ELB_SEQ_VALUE(was) ||
	    !elb_segment_is_plain(ctx, where) || __sync_val_compare_and_swap(seq, was, is) != was)
		return elb_exit(ELB_REASON_SYN_COOKIE_EARLY);
	struct elb_segment segment = {
		.seq = bpf_htonl(bpf_ntohl(tcp->seq) - 1),
		.window = tcp->window,
		.flags = ELB_TCP_SYN,
		.words = 1,
		.option = {bpf_htonl(ELB_OPTION_MSS << 24 | 4 << 16 |
				     elb_cookie_mss(ctx, where, tcp))},
	};
	return elb_segment_make(ctx, where, &segment) ? ELB_FORWARD
						      : elb_exit(ELB_REASON_NO_HEADROOM);
}

ELB_INLINE int elb_seq_client(ELB_CTX *ctx, __u32 where, const struct elb_flow *flow, __u32 ctl,
			      __u64 *seq, __u64 was)
{
	struct tcphdr *tcp = elb_segment_at(ctx, where);

	if (!elb_within(ctx, tcp, sizeof(*tcp)))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 flags = ((__u8 *)tcp)[13];
	if (ELB_TCP_OPENS(flags) && ctl & (ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST)) {
		/* as elb_track(): the client itself opens the connection anew */
		__u32 by = ELB_SEQ_PHASE(was) == ELB_SEQ_WAITING ? 0 : ELB_SEQ_VALUE(was);

		__sync_val_compare_and_swap(seq, was,
					    elb_seq_word(by, ELB_SEQ_OWNER(was), 0, ELB_SEQ_ANEW));
		return ELB_FORWARD;
	}
	if (!(flags & ELB_TCP_ACK))
		return ELB_FORWARD; /* a RST, or a SYN sent twice: the member knows what to do */
	if (ELB_SEQ_PHASE(was) != ELB_SEQ_WAITING)
		elb_seq_add(ctx, where, tcp, &tcp->ack_seq, ELB_SEQ_VALUE(was));
	else if (!(flags & ELB_TCP_RST))
		return elb_seq_syn(ctx, where, tcp, flow, seq, was);
	return ELB_FORWARD;
}

/* The member's SYN-ACK becomes the ACK that it waits for, with the client's address if it is to be
 * told: this segment completes the handshake. */
ELB_INLINE int elb_seq_answer(ELB_CTX *ctx, __u32 where, __u32 vlan, struct elb_flow *flow,
			      struct elb_flow *forward, __u32 ctl)
{
	struct tcphdr *tcp = elb_segment_at(ctx, where);
	__u32 hop_index = ELB_LOAD(forward->hop);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);

	if (!elb_within(ctx, tcp, sizeof(*tcp)) || !elb_segment_is_plain(ctx, where))
		return elb_exit(ELB_REASON_MALFORMED);
	struct elb_segment segment = {
		.seq = tcp->ack_seq,
		.ack = bpf_htonl(bpf_ntohl(tcp->seq) + 1),
		.window = bpf_htons(ELB_ANSWER_WINDOW),
		.flags = ELB_TCP_ACK,
		.turn = 1,
	};
	if ((ctl & (ELB_FLOW_TOA | ELB_FLOW_V6)) == ELB_FLOW_TOA) {
		segment.words = ELB_TOA_SIZE / 4;
		segment.option[0] = bpf_htonl(ELB_OPTION_TOA << 24 | ELB_TOA_SIZE << 16) |
				    ELB_LOAD(forward->key_ports) << 16;
		segment.option[1] = ELB_LOAD(forward->key_addrs) >> 32;
	}
	__u32 length = ELB_WHERE_HEADER(where) + sizeof(*tcp) + segment.words * 4;
	int reason = elb_hop_check(hop, length);
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	if (!elb_segment_make(ctx, where, &segment))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	struct elb_ethernet *eth = elb_data(ctx);
	if (!elb_within(ctx, eth, sizeof(*eth)))
		return ELB_BROKEN_ENV;
	elb_hop_write(hop, eth);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE);
	ELB_STORE(flow->ack, segment.seq); /* for a reset, should the client stay silent */
	elb_mark(flow, ctl, ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT, 0);
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;
	elb_count_forwarded(forward, 0, length);
	__u32 to = hop->vlan;
	if (to != vlan && elb_retag(ctx, vlan, to))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

/* Is the packet one that will be refused for its length? Then it stays as its sender knows it, who
 * is told by a message that quotes it. */
ELB_INLINE int elb_seq_too_big(const ELB_CTX *ctx, __u32 where, const struct elb_flow *flow,
			       __u32 ctl, __u32 doff)
{
	__u32 hop_index = ELB_LOAD(flow->hop), length;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	struct iphdr *ip = elb_data(ctx) + ELB_WHERE_L3(where);

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return 1;
	if (ip->version == 4)
		length = bpf_ntohs(ip->tot_len) + (ctl & ELB_FLOW_V6 ? ELB_FAMILIES_DIFFER : 0);
	else
		length = bpf_ntohs(((struct elb_ip6 *)ip)->payload_len) + sizeof(struct elb_ip6);
#ifdef ELB_TC
	if (ctx->gso_size)
		length = ctx->gso_size + ELB_WHERE_HEADER(where) + doff;
#endif
	return elb_hop_check(hop, length) != ELB_FORWARD;
}

ELB_INLINE int elb_seq_member(ELB_CTX *ctx, __u32 where, __u32 vlan, struct elb_flow *flow,
			      struct elb_flow *forward, __u32 ctl, __u64 *seq, __u64 was)
{
	struct tcphdr *tcp = elb_segment_at(ctx, where);
	__u32 phase = ELB_SEQ_PHASE(was), amount = -ELB_SEQ_VALUE(was);

	if (!elb_within(ctx, tcp, sizeof(*tcp)))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 flags = ((__u8 *)tcp)[13] & ELB_TCP_FAMILY;
	if (flags == (ELB_TCP_SYN | ELB_TCP_ACK) && phase != ELB_SEQ_ANEW) {
		__u64 is = elb_seq_word(bpf_ntohl(tcp->seq) + amount, ELB_SEQ_OWNER(was), 0,
					ELB_SEQ_ANSWERED);

		/* before the phase says in whose numbers it is: for a reset */
		ELB_STORE(forward->ack, bpf_htonl(bpf_ntohl(tcp->seq) + 1));
		/* lost to another CPU with the same segment, or to a client that gave up */
		if (phase == ELB_SEQ_WAITING && __sync_val_compare_and_swap(seq, was, is) != was)
			return elb_exit(ELB_REASON_RACE);
		return elb_seq_answer(ctx, where, vlan, flow, forward, ctl);
	}
	if (phase == ELB_SEQ_WAITING) {
		if (!(flags & ELB_TCP_RST))
			return elb_exit(ELB_REASON_SYN_COOKIE_EARLY);
		/* the client expects the number behind its cookie */
		amount = ELB_SEQ_VALUE(was) + 1 - bpf_ntohl(tcp->seq);
	} else if (elb_seq_too_big(ctx, where, flow, ctl, ELB_TCP_DOFF(((__u8 *)tcp)[12]))) {
		return ELB_FORWARD;
	}
	elb_seq_add(ctx, where, tcp, &tcp->seq, amount);
	return ELB_FORWARD;
}

/*
 * A segment of such a connection: ELB_FORWARD if it is to be translated, which it is then ready
 * for, or its verdict. Packet pointers are invalid afterwards.
 */
ELB_NOINLINE int elb_seq_carry(ELB_CTX *ctx, __u32 where, __u32 vlan, struct elb_flow *flow,
			       __u32 ctl)
{
	if (!flow)
		return elb_exit(ELB_REASON_RACE);
	__u32 slot = ELB_LOAD(flow->peer);
	struct elb_flow *other = elb_table_slot(ELB_TABLE, slot);
	if (!other)
		return elb_exit(ELB_REASON_RACE);
	if (!(ctl & ELB_FLOW_REVERSE))
		slot = ELB_LOAD(other->peer);
	__u64 *seq = bpf_map_lookup_elem(&elb_seqs, &slot);
	if (!seq)
		return elb_exit(ELB_REASON_RACE);
	__u64 was = ELB_LOAD(*seq);
	__u32 owner = elb_flow_generation(ctl & ELB_FLOW_REVERSE ? ELB_LOAD(other->ctl) : ctl);
	if (!elb_flow_still(flow, ctl) || ELB_SEQ_OWNER(was) != owner)
		return elb_exit(ELB_REASON_RACE);
	if (ctl & ELB_FLOW_REVERSE)
		return elb_seq_member(ctx, where, vlan, flow, other, ctl, seq, was);
	return elb_seq_client(ctx, where, flow, ctl, seq, was);
}

#endif
