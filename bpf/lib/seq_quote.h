/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an ICMP error quotes of a connection opened by a SYN cookie: the member knows its own packet
 * only by its own numbers (elb/flow_seq.h). */
#ifndef ELB_SEQ_QUOTE_H
#define ELB_SEQ_QUOTE_H

#include <elb/flow_seq.h>
#include <lib/parse.h>

/* The quoted sequence number as the packet's sender has it. `flow`: the entry of the packet's other
 * direction, which only the client's is of the packets that were translated. */
ELB_INLINE __be32 elb_seq_quoted(const struct elb_flow *flow, __u32 ctl, __be32 quoted)
{
	if ((ctl & (ELB_FLOW_COOKIE | ELB_FLOW_REVERSE)) != ELB_FLOW_COOKIE)
		return quoted;
	struct elb_flow *other = elb_table_slot(ELB_TABLE, ELB_LOAD(flow->peer));
	__u32 slot = other ? ELB_LOAD(other->peer) : 0;
	__u64 *seq = bpf_map_lookup_elem(&elb_seqs, &slot);

	if (!other || !seq)
		return quoted;
	__u64 is = ELB_LOAD(*seq);
	return ELB_SEQ_PHASE(is) <= ELB_SEQ_WAITING
		       ? quoted
		       : bpf_htonl(bpf_ntohl(quoted) + ELB_SEQ_VALUE(is));
}

#endif
