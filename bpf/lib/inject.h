/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Resets that the agent wants sent to both ends of a connection that it has ended. It writes them
 * into elb_resets and runs this program so many times by BPF_PROG_TEST_RUN, on a frame as long as
 * the family's reset: each run makes the next reset of it and sends a copy out of the hop's
 * interface. That needs no raw socket (CAP_NET_RAW), one system call for thousands, and works on
 * every kind of link.
 */
#ifndef ELB_INJECT_H
#define ELB_INJECT_H

#include <lib/reset.h>

struct elb_segment4 {
	struct elb_ethernet eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct elb_segment6 {
	struct elb_ethernet eth;
	struct elb_ip6 ip;
	struct tcphdr tcp;
} __attribute__((packed));

ELB_INLINE void elb_inject_ip(struct iphdr *ip, const struct elb_reset *reset)
{
	*(__u8 *)ip = ELB_IP_PLAIN;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(struct tcphdr));
	ip->id = 0;
	ip->frag_off = bpf_htons(ELB_IP_DF);
	ip->ttl = ELB_RESET_TTL;
	ip->protocol = IPPROTO_TCP;
	ip->check = 0;
	ip->saddr = reset->source.word[3];
	ip->daddr = reset->dest.word[3];
	ip->check = ~elb_csum_fold(elb_reset_sum(ip, sizeof(*ip)));
}

/* All but the checksum, which is 0. */
ELB_INLINE void elb_inject_tcp(struct tcphdr *tcp, const struct elb_reset *reset)
{
	*(__u32 *)tcp = reset->ports;
	tcp->seq = reset->seq;
	tcp->ack_seq = reset->ack;
	((__u8 *)tcp)[12] = ELB_TCP_DOFF_PLAIN;
	((__u8 *)tcp)[13] = ELB_TCP_RST | ELB_TCP_ACK;
	tcp->window = 0;
	tcp->urg_ptr = 0;
	tcp->check = 0;
}

/* The frame of a reset; 0: the agent's frame is too short for it. */
ELB_INLINE int elb_inject_frame(struct __sk_buff *skb, const struct elb_reset *reset,
				const struct elb_hop *hop)
{
	struct elb_segment4 *four = (void *)(long)skb->data;
	struct elb_segment6 *six = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	if (elb_is_mapped(&reset->source)) {
		if ((void *)(four + 1) > end)
			return 0;
		four->eth.proto = bpf_htons(ETH_P_IP);
		elb_hop_write(hop, &four->eth);
		elb_inject_ip(&four->ip, reset);
		elb_inject_tcp(&four->tcp, reset);
		four->tcp.check = ~elb_csum_fold(elb_reset_check4(&four->ip, &four->tcp));
		return 1;
	}
	if ((void *)(six + 1) > end)
		return 0;
	six->eth.proto = bpf_htons(ETH_P_IPV6);
	elb_hop_write(hop, &six->eth);
	elb_reset_ip6(&six->ip);
	six->ip.source = reset->source;
	six->ip.dest = reset->dest;
	elb_inject_tcp(&six->tcp, reset);
	six->tcp.check = ~elb_csum_fold(elb_reset_check6(&six->ip, &six->tcp));
	return 1;
}

ELB_INLINE int elb_inject_next(struct __sk_buff *skb)
{
	__u32 index = skb->cb[0]; /* 0 at the first run; stays with the frame */
	struct elb_reset *reset = bpf_map_lookup_elem(&elb_resets, &index);

	skb->cb[0] = index + 1;
	if (!reset)
		return 0;
	__u32 hop_index = reset->hop;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	if (!hop || !hop->valid || !elb_inject_frame(skb, reset, hop))
		return 0;
	__u32 vlan = hop->vlan, ifindex = hop->ifindex;
	for (int shift = 0; shift <= 16; shift += 16)
		if (vlan >> shift & ELB_VLAN_TAG)
			bpf_skb_vlan_push(skb, elb_tag_type(vlan >> shift & 0xffff),
					  vlan >> shift & ELB_VLAN_ID);
	int sent = !bpf_clone_redirect(skb, ifindex, 0);
	for (int shift = 0; shift <= 16; shift += 16)
		if (vlan >> shift & ELB_VLAN_TAG)
			bpf_skb_vlan_pop(skb);
	if (sent)
		elb_count(ELB_REASON_RESET_SENT);
	return sent;
}

#endif
