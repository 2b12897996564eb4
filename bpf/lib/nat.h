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

/* The ports' part of the difference that TCP's and UDP's checksum sees; l3_delta is the other. */
ELB_INLINE __u32 elb_nat_ports_delta(__u32 deltas)
{
	return elb_csum_fold((deltas >> 16) + (~deltas & 0xffff));
}

/*
 * The checksum of TCP or UDP. In tc it may not be computed yet (CHECKSUM_PARTIAL: it holds the sum
 * of the addresses, not inverted); only the kernel's helpers know, and they make packet pointers
 * invalid.
 */
ELB_INLINE void elb_nat_l4_check(ELB_CTX *ctx, struct elb_place at, __u32 proto, __u16 *field,
				 __u32 deltas)
{
	__u16 check = *field;
	int udp = proto == IPPROTO_UDP;

	if (!check && udp)
		return; /* the sender computed none (RFC 768) */
#ifdef ELB_TC
	__u32 offset = at.l3 + at.header_len +
		       (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;

	bpf_l4_csum_replace(ctx, offset, 0, deltas & 0xffff, flags | BPF_F_PSEUDO_HDR);
	bpf_l4_csum_replace(ctx, offset, 0, elb_nat_ports_delta(deltas), flags);
#else
	check = elb_csum_apply_folded(check, deltas >> 16);
	*field = !check && udp ? 0xffff : check;
#endif
}

/*
 * Straight from the entry. Afterwards elb_flow_still() must agree that it was the connection's all
 * the time, else the frame is worthless.
 */
ELB_INLINE void elb_nat_rewrite(ELB_CTX *ctx, struct elb_place at, const struct elb_flow *flow,
				struct iphdr *ip, const struct elb_l4 *l4)
{
	__u32 deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);

	ip->ttl--;
	ip->check = elb_csum_apply(ip->check, (deltas & 0xffff) + ELB_CSUM_TTL);
	ip->saddr = ELB_LOAD(flow->new_source);
	ip->daddr = ELB_LOAD(flow->new_dest);
	if (at.fragment == ELB_FRAGMENT_LATER)
		return;
	*l4->ports = ELB_LOAD(flow->new_ports);
	elb_nat_l4_check(ctx, at, ip->protocol, l4->check, deltas);
}

#endif
