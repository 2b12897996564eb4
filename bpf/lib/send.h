/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a frame leaves. */
#ifndef ELB_SEND_H
#define ELB_SEND_H

#include <lib/count.h>

/* Where a frame leaves, whose addresses of level 2 are written; counts if it can not. */
ELB_INLINE int elb_send(ELB_CTX *ctx, __u32 ifindex)
{
#ifdef ELB_TC
	if (ifindex == ctx->ifindex)
		return ELB_TURN;
	if (bpf_map_lookup_elem(&elb_tx_ports, &ifindex))
		return bpf_redirect(ifindex, 0);
#else
	if (ifindex == ctx->ingress_ifindex)
		return ELB_TURN;
	if (bpf_redirect_map(&elb_tx_ports, ifindex, XDP_ABORTED) == XDP_REDIRECT)
		return ELB_AWAY;
#endif
	return elb_exit(ELB_REASON_NO_HOP);
}
#define ELB_LEAVES(verdict) ((verdict) == ELB_TURN || (verdict) == ELB_AWAY)

#endif
