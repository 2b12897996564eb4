// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The balancer: one program for every interface and both directions.
 * elb_clock tells the agent the time as the packets see it (run it with BPF_PROG_TEST_RUN; the
 * return value is the current tick).
 * elb_inject sends the resets that the agent has written, one a run (lib/inject.h).
 */
#include <lib/balance.h>
#include <lib/inject.h>

SEC("xdp.frags")
int xdp_balancer(struct xdp_md *ctx)
{
	return elb_balance(ctx);
}

SEC("xdp")
int elb_clock(struct xdp_md *ctx)
{
	return bpf_jiffies64() >> elb_tick_shift;
}

SEC("tc")
int elb_inject(struct __sk_buff *skb)
{
	return elb_inject_next(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
