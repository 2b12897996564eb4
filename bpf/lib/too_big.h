/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells the sender of a packet that may not be fragmented how much its way takes (RFC 1191). The
 * message is written in front of the packet, of which as much is quoted as an error has to.
 *
 * In tc the kernel may still owe the packet a checksum (CHECKSUM_PARTIAL), which nobody can cancel
 * here: a device sums up all from the packet's TCP or UDP header on and writes the result into it.
 * So that part stays, as the end of the message, full of zeros: its sum is 0 and is written as 0 or
 * all ones, which the message's own checksum does not see.
 */
#ifndef ELB_TOO_BIG_H
#define ELB_TOO_BIG_H

#include <lib/icmp.h>

#define ELB_QUOTE_WORDS 17 /* the longest IP header and 8 bytes */
#define ELB_L2_WORDS	6  /* Ethernet with two tags, and a bit more */
#define ELB_TELL_MAX	50 /* for each CPU and tick (half a second) */

struct elb_message {
	struct iphdr ip;
	struct elb_icmp icmp;
	__u32 quote[ELB_QUOTE_WORDS];
};
ELB_ASSERT(sizeof(struct elb_message) == 96, "elb_message");

#ifdef ELB_TC
#define ELB_MESSAGE_LEN (2 * sizeof(struct elb_message))
#else
#define ELB_MESSAGE_LEN sizeof(struct elb_message)
#endif

struct elb_l2_words {
	__u32 word[ELB_L2_WORDS];
};

/* Allowance, and memory that the stack is too small for. */
struct elb_tell {
	__u32 tick, count;
	struct elb_l2_words l2;
	struct elb_message message;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct elb_tell);
} elb_telling SEC(".maps");

ELB_INLINE int elb_may_tell(struct elb_tell *tell)
{
	__u32 tick = bpf_jiffies64() >> elb_tick_shift;

	if (tell->tick != tick) {
		tell->tick = tick;
		tell->count = 0;
	}
	return tell->count++ < ELB_TELL_MAX;
}

/* Room for the message in front of the packet, the packet's rest cut off. 1: refused. */
ELB_INLINE int elb_make_room(ELB_CTX *ctx, __u32 l3)
{
#ifdef ELB_TC
	return bpf_skb_change_tail(ctx, l3 + sizeof(struct elb_message), 0) ||
	       bpf_skb_change_head(ctx, sizeof(struct elb_message), 0);
#else
	__u32 surplus = elb_frame_len(ctx) - l3 - ELB_QUOTE_WORDS * 4;

	return bpf_xdp_adjust_tail(ctx, -(int)surplus) ||
	       bpf_xdp_adjust_head(ctx, -(int)(sizeof(struct iphdr) + sizeof(struct elb_icmp)));
#endif
}

ELB_INLINE __u16 elb_sum_words(const __u32 *words, int count)
{
	__u64 sum = 0;

	for (int i = 0; i < count; i++)
		sum += words[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return elb_csum_fold(sum);
}

ELB_INLINE void elb_write_message(struct elb_message *message, __be32 from, __be32 to, __u32 mtu)
{
	__builtin_memset(&message->ip, 0, sizeof(message->ip));
	message->ip.version = 4;
	message->ip.ihl = 5;
	message->ip.tot_len = bpf_htons(ELB_MESSAGE_LEN);
	message->ip.ttl = ELB_ICMP_TTL;
	message->ip.protocol = IPPROTO_ICMP;
	message->ip.saddr = from;
	message->ip.daddr = to;
	message->ip.check = ~elb_sum_words((__u32 *)&message->ip, sizeof(message->ip) / 4);
	message->icmp.type = ELB_ICMP_UNREACHABLE;
	message->icmp.code = ELB_ICMP_FRAG_NEEDED;
	message->icmp.check = 0;
	message->icmp.unused = 0;
	message->icmp.mtu = bpf_htons(mtu);
	message->icmp.check = ~elb_sum_words((__u32 *)&message->icmp, 2 + ELB_QUOTE_WORDS);
}

/* The packet, unchanged so far, does not fit the hop; `grows`: by that much when translated. */
ELB_NOINLINE int elb_too_big(ELB_CTX *ctx, __u32 l3, __u32 hop_index, __u32 grows)
{
	struct elb_message *out;
	struct elb_l2_words *l2;
	struct elb_cursor_at at;
	struct elb_ethernet *eth;
	struct iphdr *ip;
	__u32 zero = 0;

	struct elb_tell *tell = bpf_map_lookup_elem(&elb_telling, &zero);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!tell || !hop || !elb_take_ip(ctx, l3, &at, &eth, &ip) ||
	    !(ip->frag_off & bpf_htons(ELB_IP_DF)) || !elb_may_tell(tell))
		return elb_exit(ELB_REASON_TOO_BIG);
	__u32 mtu = hop->mtu - grows;
	at.pos = ip;
	if (!ELB_TAKE(&at, &out))
		return elb_exit(ELB_REASON_TOO_BIG);
	at.pos = eth;
	if (!ELB_TAKE(&at, &l2) || !elb_turn_ethernet(ctx, eth))
		return elb_exit(ELB_REASON_TOO_BIG);
	tell->l2 = *l2;
	__builtin_memcpy(tell->message.quote, out, sizeof(tell->message.quote));
	elb_write_message(&tell->message, ip->daddr, ip->saddr, mtu);

	if (elb_make_room(ctx, l3))
		return elb_exit(ELB_REASON_TOO_BIG);
	at = (struct elb_cursor_at){.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	if (!ELB_TAKE(&at, &l2))
		return ELB_BROKEN_ENV;
	*l2 = tell->l2;
	at.pos = (void *)l2 + (l3 & 31);
	if (!ELB_TAKE(&at, &out))
		return ELB_BROKEN_ENV;
	*out = tell->message;
#ifdef ELB_TC
	if (!ELB_TAKE(&at, &out))
		return ELB_BROKEN_ENV;
	__builtin_memset(out, 0, sizeof(*out));
#endif
	return elb_exit(ELB_REASON_TOO_BIG_TOLD);
}

#endif
