/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers "who has <virtual, local or host address>" with the receiving interface's MAC. Local
 * addresses are not configured in the kernel, so nobody else would. A probe (sender 0.0.0.0,
 * RFC 5227) is a question and answered; an announcement (sender = target) is not.
 */
#ifndef ELB_ARP_H
#define ELB_ARP_H

#include <lib/addr.h>
#include <lib/parse.h>

#define ELB_ARP_ETHERNET 1
#define ELB_ARP_REQUEST	 1
#define ELB_ARP_REPLY	 2

struct elb_arp {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 op;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender_addr[4]; /* not aligned */
	__u8 target_mac[ETH_ALEN];
	__u8 target_addr[4];
} __attribute__((packed));
ELB_ASSERT(sizeof(struct elb_arp) == 28, "elb_arp");

ELB_INLINE __u32 elb_answer_arp(struct elb_ethernet *eth, struct elb_cursor_at *at, __u32 ifindex)
{
	struct elb_arp *arp;
	__be32 sender, target;

	if (!ELB_TAKE(at, &arp) || arp->hardware != bpf_htons(ELB_ARP_ETHERNET) ||
	    arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_len != ETH_ALEN ||
	    arp->protocol_len != 4 || arp->op != bpf_htons(ELB_ARP_REQUEST))
		return ELB_REASON_PASS_OTHER;
	__builtin_memcpy(&sender, arp->sender_addr, 4);
	__builtin_memcpy(&target, arp->target_addr, 4);
	if (sender == target || elb_addr_kind_of(target) == ELB_ADDR_NONE)
		return ELB_REASON_PASS_OTHER;

	struct elb_link *link = bpf_map_lookup_elem(&elb_links, &ifindex);
	if (!link)
		return ELB_REASON_PASS_OTHER;
	__builtin_memcpy(eth->dest, arp->sender_mac, ETH_ALEN);
	__builtin_memcpy(eth->source, link->mac, ETH_ALEN);
	arp->op = bpf_htons(ELB_ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, ETH_ALEN);
	__builtin_memcpy(arp->target_addr, &sender, 4);
	__builtin_memcpy(arp->sender_mac, link->mac, ETH_ALEN);
	__builtin_memcpy(arp->sender_addr, &target, 4);
	return ELB_REASON_ARP_ANSWERED;
}

#endif
