/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The translation of one direction: computed when the connection opens, copied from its entry
 * after. */
#ifndef ELB_NAT_H
#define ELB_NAT_H

#include <elb/flow_table.h>
#include <lib/csum.h>
#include <lib/parse.h>

struct elb_nat {
	__u32 source;
	__u32 dest;
	__u32 ports;
	__u32 hop;
	__u32 member;
};

/* l3_delta in the low half, l4_delta in the high one: the UDP and TCP sums cover the addresses too.
 */
ELB_INLINE __u32 elb_nat_deltas(const struct elb_nat *nat, const struct elb_flow_key *key)
{
	__u32 l3 = elb_csum_change(0, key->addrs >> 32, nat->source);

	l3 = elb_csum_fold(elb_csum_change(l3, (__u32)key->addrs, nat->dest));
	return l3 | (__u32)elb_csum_fold(elb_csum_change(l3, key->ports, nat->ports)) << 16;
}

/*
 * Straight from the entry. Afterwards elb_flow_still() must agree that it was the connection's all
 * the time, else the frame is worthless.
 */
ELB_INLINE void elb_nat_rewrite(const struct elb_flow *flow, struct iphdr *ip,
				const struct elb_l4 *l4)
{
	__u32 deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);

	ip->ttl--;
	ip->check = elb_csum_apply(ip->check, (deltas & 0xffff) + ELB_CSUM_TTL);
	ip->saddr = ELB_LOAD(flow->new_source);
	ip->daddr = ELB_LOAD(flow->new_dest);
	*l4->ports = ELB_LOAD(flow->new_ports);

	__u16 check = *l4->check;
	if (!check && ip->protocol == IPPROTO_UDP)
		return; /* the sender computed none (RFC 768) */
	check = elb_csum_apply(check, deltas >> 16);
	*l4->check = !check && ip->protocol == IPPROTO_UDP ? 0xffff : check;
}

#endif
