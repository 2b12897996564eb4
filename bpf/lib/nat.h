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
	__u32 deltas; /* l3_delta in the low half, l4_delta in the high one */
	__u32 hop;
	__u32 member;
};

/* Valid only if elb_flow_refresh() or elb_flow_still() agrees afterwards. */
ELB_INLINE void elb_nat_load(struct elb_nat *nat, const struct elb_flow *flow)
{
	nat->source = ELB_LOAD(flow->new_source);
	nat->dest = ELB_LOAD(flow->new_dest);
	nat->ports = ELB_LOAD(flow->new_ports);
	nat->deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);
	nat->hop = ELB_LOAD(flow->hop);
	nat->member = ELB_LOAD(flow->member);
}

/* Computes the deltas of a translation of `key`; the UDP and TCP sums cover the addresses too. */
ELB_INLINE void elb_nat_compute(struct elb_nat *nat, const struct elb_flow_key *key)
{
	__u32 sum = elb_csum_change(0, key->addrs >> 32, nat->source);

	sum = elb_csum_fold(elb_csum_change(sum, (__u32)key->addrs, nat->dest));
	nat->deltas = sum | (__u32)elb_csum_fold(elb_csum_change(sum, key->ports, nat->ports))
				    << 16;
}

ELB_INLINE void elb_nat_rewrite(const struct elb_nat *nat, struct iphdr *ip,
				const struct elb_l4 *l4)
{
	ip->saddr = nat->source;
	ip->daddr = nat->dest;
	ip->ttl--;
	ip->check = elb_csum_apply(ip->check, (nat->deltas & 0xffff) + ELB_CSUM_TTL);
	*l4->ports = nat->ports;
	if (ip->protocol == IPPROTO_TCP) {
		*l4->check = elb_csum_apply(*l4->check, nat->deltas >> 16);
	} else if (*l4->check) { /* 0: the sender computed none (RFC 768) */
		__u16 check = elb_csum_apply(*l4->check, nat->deltas >> 16);
		*l4->check = check ? check : 0xffff;
	}
}

#endif
