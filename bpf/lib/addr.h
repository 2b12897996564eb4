/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose is an address: of the balancer, of the node, or of nobody here. */
#ifndef ELB_ADDR_H
#define ELB_ADDR_H

#include <linux/in.h>
#include <lib/maps.h>

ELB_INLINE __u32 elb_kind_of(const struct elb_ip *addr)
{
	struct elb_addr_key key = {.prefix_len = 128, .addr = *addr};
	__u32 *kind = bpf_map_lookup_elem(&elb_addrs, &key);

	return kind ? *kind : ELB_ADDR_NONE;
}

ELB_INLINE __u32 elb_addr_kind_of(__be32 addr)
{
	struct elb_ip ip = elb_mapped(addr);

	return elb_kind_of(&ip);
}

/*
 * A packet that is not balanced, whatever it is: `if_ours` is the reason if it was meant to be.
 * Global, so that the verifier reads it once.
 */
__attribute__((noinline)) int elb_unbalanced(__be32 dest, __u32 proto, __u32 if_ours)
{
	switch (elb_addr_kind_of(dest)) {
	case ELB_ADDR_VIP:
		return proto == IPPROTO_ICMP ? ELB_REASON_PASS_ICMP : if_ours;
	case ELB_ADDR_LOCAL:
		return proto == IPPROTO_ICMP ? ELB_REASON_STRAY_REPLY : if_ours;
	case ELB_ADDR_HOST:
		return ELB_REASON_PASS_HOST;
	default:
		return ELB_REASON_PASS_OTHER;
	}
}

#endif
