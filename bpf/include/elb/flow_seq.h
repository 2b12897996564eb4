/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections opened by a SYN cookie (ELB_FLOW_COOKIE). The client was told the cookie for the
 * initial sequence number, before there was a member with one of its own; so from then on the two
 * sides count differently, and every segment is translated. An entry of 64 bytes has no room for
 * the difference: it stands in a second array under the slot number of the FORWARD entry, as one
 * word that is changed by compare-and-swap.
 *
 *   low half   ELB_SEQ_WAITING: the cookie. Later: the member's numbers minus the client's.
 *   high half  generation of the forward entry << 16 | tick of the last SYN << 2 | phase
 *
 * The generation makes a packet that was stopped for long lose its compare-and-swap instead of
 * writing into the slot's next occupant. Readers need no more than elb_flow_still() afterwards: the
 * word belongs to the connection as long as its forward slot does.
 */
#ifndef ELB_FLOW_SEQ_H
#define ELB_FLOW_SEQ_H

#include <elb/flow_table.h>

enum elb_seq_phase {
	ELB_SEQ_NONE,	  /* no connection of this kind was here yet */
	ELB_SEQ_WAITING,  /* the member was sent a SYN; nothing passes */
	ELB_SEQ_ANSWERED, /* the balancer itself answers the member's SYN-ACK, again if need be */
	ELB_SEQ_ANEW,	  /* closed, then opened once more by the client itself */
};

#define ELB_SEQ_TICKS	   0x3fffu
#define ELB_SEQ_VALUE(seq) ((__u32)(seq))
#define ELB_SEQ_PHASE(seq) ((__u32)((seq) >> 32) & 3)
#define ELB_SEQ_TICK(seq)  ((__u32)((seq) >> 34) & ELB_SEQ_TICKS)
#define ELB_SEQ_OWNER(seq) ((__u32)((seq) >> 48)) /* as elb_flow_generation() */

ELB_INLINE __u64 elb_seq_word(__u32 value, __u32 generation, __u32 tick, __u32 phase)
{
	return value | (__u64)(generation << 16 | (tick & ELB_SEQ_TICKS) << 2 | phase) << 32;
}

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024); /* as elb_flows */
	__type(key, __u32);
	__type(value, __u64);
} elb_seqs SEC(".maps");

/* The connection with this forward entry begins: the client was sent `cookie`. Before the entry is
 * ready. */
ELB_INLINE void elb_seq_begin(__u32 slot, __u32 ctl, __u32 cookie, __u32 now)
{
	__u64 *seq = bpf_map_lookup_elem(&elb_seqs, &slot);

	if (seq) /* no SYN in this tick yet */
		ELB_STORE(*seq,
			  elb_seq_word(cookie, elb_flow_generation(ctl), now - 1, ELB_SEQ_WAITING));
}
#endif

#endif
