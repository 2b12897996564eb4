// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The balancer for interfaces without native XDP and for peers that leave checksums to the receiver
 * (veth): the same core on tc's packets, with the same maps. Attached to an interface's ingress.
 */
#define ELB_TC
#include <lib/balance.h>

/* Headers that the core reads may still be in pages. */
#define ELB_TC_HEADERS 192u

SEC("tc")
int tc_balancer(struct __sk_buff *ctx)
{
	__u32 want = ctx->len < ELB_TC_HEADERS ? ctx->len : ELB_TC_HEADERS;

	if (elb_data(ctx) + want > elb_data_end(ctx) && bpf_skb_pull_data(ctx, want))
		return TC_ACT_SHOT;
	return elb_done(ctx, elb_balance(ctx));
}

/* As in xdp_balancer.bpf.c. */
SEC("tc")
int elb_clock(struct __sk_buff *ctx)
{
	return bpf_jiffies64() >> elb_tick_shift;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
