/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a connection while it opens, from its first packet to its entries. */
#ifndef ELB_OPENING_H
#define ELB_OPENING_H

#include <elb/flow6.h>
#include <lib/guard.h>
#include <lib/hop.h>
#include <lib/nat.h>
#include <lib/sticky.h>

#define ELB_PORT_PROBES 16
#define ELB_PORT_NEAR	4 /* this many side by side, the others at random places */

/* A first packet in, its connection's forward entry out. */
struct elb_opening {
	struct elb_flow_key key;
	struct elb_hop_key from;
	__u8 bad; /* lengths contradict each other */
	__u8 ttl;
	__u8 v6;	 /* an IPv6 packet: its addresses are in `six`, key has their hash */
	__u8 header_len; /* v6: with extension headers */
	__u8 proven;	 /* the client brought back a SYN cookie */
	__u32 cookie;	 /* then: this one, */
	__be32 first;	 /* and the client's number behind its SYN */
	__u32 tcp_flags;
	__u32 total_len;
	__u32 now;
	/* elb_reset_allowed: kept from packet to packet */
	__u32 reset_tick;
	__u32 resets;
	struct elb_sticky_key who; /* client: the packet's source; listener: elb_admit */
	/* elb_admit */
	__u32 listener;
	__u32 flags; /* of both entries: ELB_FLOW_EIP, ELB_FLOW_TOA */
	__u32 member_port;
	struct elb_nat nat; /* of the forward direction */
	struct elb_nat reverse_nat;
	struct elb_flow_key reverse_key;
	struct elb_flow6 six; /* v6: of the forward direction */
	__u32 deltas6;	      /* likewise, see elb_deltas6() */
	/* elb_try_port: the reverse entry */
	__u32 reverse_slot;
	__u32 reverse_ctl;
	__u32 reverse_bit;
	/* elb_open_pair: the forward entry */
	__u32 slot;
	__u32 ctl;
	__u32 counted; /* still counted among the open connections without being one */
	struct elb_rate_guard guard;
};

/*
 * The stack of 512 bytes is too small for it. Programs of one CPU do not interrupt each other, and
 * nothing but a guess (elb_hop_learn) and the rate guard's count outlives a packet here; so it is
 * not pinned.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct elb_opening);
} elb_scratch SEC(".maps");

#endif
