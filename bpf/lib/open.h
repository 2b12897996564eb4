/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet of no known connection: may it open one, to which member, with which local port?
 *
 * Both entries or none: the forward slot is taken first, privately; the reverse entry claims the
 * local port by being linked; the forward link commits the pair. Who loses that last step to
 * another CPU gives the port and both slots back and uses the winner's entry.
 *
 * The functions here that are not inlined are global on purpose: the verifier reads each once.
 */
#ifndef ELB_OPEN_H
#define ELB_OPEN_H

#include <lib/addr.h>
#include <lib/count.h>
#include <lib/hop.h>
#include <lib/nat.h>
#include <lib/pick.h>

#define ELB_NOINLINE	__attribute__((noinline))
#define ELB_PORT_PROBES 16 /* the second half from a random place on */
#define ELB_TCP_OPENS(flags)                                                                       \
	(((flags) & (ELB_TCP_SYN | ELB_TCP_ACK | ELB_TCP_RST | ELB_TCP_FIN)) == ELB_TCP_SYN)

/* A first packet in, its connection's forward entry out. */
struct elb_opening {
	struct elb_flow_key key;
	struct elb_hop_key from;
	__u8 own_mac[6];
	__u8 bad; /* struct elb_l4 */
	__u8 ttl;
	__u32 tcp_flags;
	__u32 total_len;
	__u32 now;
	/* filled on the way */
	__u32 listener;
	__u32 reverse_hop;
	__u32 reverse_slot, reverse_ctl, reverse_home, reverse_bit;
	/* out: the forward entry */
	__u32 slot;
	__u32 ctl;
	struct elb_nat nat;
};

/* The place of a free slot, now BUSY and ours, or -1. */
ELB_NOINLINE int elb_claim_place(__u32 home, __u32 flags)
{
	struct elb_flow_ref ref;

	return elb_flow_claim(ELB_TABLE, home, flags, &ref) ? (int)(ref.bit & 15) : -1;
}

ELB_NOINLINE int elb_link_place(struct elb_flow_key *key, __u32 home, __u32 bit, __u32 phases)
{
	struct elb_flow_ref taken;

	if (!key)
		return ELB_LINK_RACED;
	return elb_flow_link(ELB_TABLE, key, home, bit & 15, phases, &taken);
}

/* The entry that another CPU has just made for the same key. */
ELB_NOINLINE int elb_use_winner(struct elb_opening *opening)
{
	struct elb_flow_ref ref;

	if (!opening)
		return ELB_REASON_RACE;
	__u32 home = elb_flow_home(ELB_TABLE, &opening->key);
	if (!elb_flow_find(ELB_TABLE, &opening->key, home, ELB_USABLE, &ref) || !ref.flow)
		return ELB_REASON_RACE;
	elb_nat_load(&opening->nat, ref.flow);
	opening->slot = ref.slot;
	opening->ctl = ref.ctl;
	return elb_flow_still(ref.flow, ref.ctl) ? ELB_FORWARD : ELB_REASON_RACE;
}

/* Claims a slot and loads what the owner needs to know of it. */
ELB_INLINE int elb_claim(__u32 home, __u32 flags, struct elb_flow_ref *ref)
{
	int bit = elb_claim_place(home, flags);

	if (bit < 0)
		return 0;
	ref->bit = bit & 15;
	ref->slot = elb_flow_slot(ELB_TABLE, home, ref->bit);
	ref->flow = elb_table_slot(ELB_TABLE, ref->slot);
	if (!ref->flow)
		return 0;
	ref->ctl = ELB_LOAD(ref->flow->ctl);
	return 1;
}

ELB_INLINE void elb_fill(struct elb_flow *flow, const struct elb_flow_key *key,
			 const struct elb_nat *nat, __u32 listener, __u32 now, __u32 peer)
{
	flow->proto = key->proto;
	flow->pad = 0;
	flow->hop = nat->hop;
	flow->key_addrs = key->addrs;
	flow->key_ports = key->ports;
	flow->new_source = nat->source;
	flow->new_dest = nat->dest;
	flow->new_ports = nat->ports;
	*(__u32 *)&flow->l3_delta = nat->deltas;
	flow->listener = listener;
	flow->member = nat->member;
	flow->bytes = 0;
	flow->packets = 0;
	flow->peer = peer;
	ELB_STORE(flow->last, now);
}

/*
 * The next local endpoint towards a member. CPU c draws the numbers = c modulo cpu_count, so CPUs
 * do not compete; a number is a port, and above the port range an address. A full round passes
 * before one is used again, which keeps clear of TIME-WAIT on the member.
 */
ELB_INLINE void elb_next_local(__u64 *cursor, __u32 jump, __u32 *addr, __u32 *port)
{
	__u32 n = ((__u32)*cursor + jump) * elb_cpu_count + bpf_get_smp_processor_id();

	*cursor += 1;
	n += (__u32)elb_flow_seed[4]; /* a new table does not begin where the last one did */
	*port = bpf_htons(ELB_PORT_FIRST_HOST + n % ELB_PORT_COUNT);
	*addr = bpf_htonl(elb_local_first_host + n / ELB_PORT_COUNT % elb_local_count);
}

/* One attempt to own a local port: links a reverse entry under a key that nobody has. */
ELB_INLINE int elb_try_port(struct elb_opening *opening, const struct elb_nat *nat,
			    struct elb_flow_key *key)
{
	struct elb_flow_ref ref;

	opening->reverse_home = elb_flow_home(ELB_TABLE, key);
	if (!elb_claim(opening->reverse_home, ELB_FLOW_REVERSE, &ref))
		return ELB_REASON_TABLE_FULL;
	elb_fill(ref.flow, key, nat, opening->listener, opening->now, opening->slot);
	elb_flow_ready(&ref);
	int linked = elb_link_place(key, opening->reverse_home, ref.bit, ELB_TAKEN);
	if (linked != ELB_LINKED) {
		elb_flow_release(ref.flow, ref.ctl);
		return linked == ELB_LINK_TAKEN ? ELB_REASON_NO_PORT : ELB_REASON_RACE;
	}
	elb_flow_live(ref.flow);
	opening->reverse_slot = ref.slot;
	opening->reverse_ctl = ref.ctl;
	opening->reverse_bit = ref.bit;
	return ELB_FORWARD;
}

/* Owns a local port towards opening->nat.dest; gives opening->nat its source and ports. */
ELB_NOINLINE int elb_claim_port(struct elb_opening *opening)
{
	if (!opening || !elb_local_count)
		return ELB_REASON_NO_PORT;

	__u32 member = opening->nat.member, jump = 0;
	__u64 *cursor = bpf_map_lookup_elem(&elb_ports, &member);
	if (!cursor)
		return ELB_REASON_NO_PORT;

	struct elb_nat nat = {
		.source = (__u32)opening->key.addrs,
		.dest = opening->key.addrs >> 32,
		.ports = opening->key.ports << 16 | opening->key.ports >> 16,
		.hop = opening->reverse_hop,
		.member = member,
	};
	__u32 member_port = opening->nat.ports, reason = ELB_REASON_NO_PORT;
	for (int i = 0; i < ELB_PORT_PROBES; i++) {
		__u32 addr, port;

		if (i == ELB_PORT_PROBES / 2)
			jump = bpf_get_prandom_u32();
		elb_next_local(cursor, jump, &addr, &port);
		struct elb_flow_key key = {
			.addrs = (__u64)opening->nat.dest << 32 | addr,
			.ports = port << 16 | member_port,
			.proto = opening->key.proto,
		};
		elb_nat_compute(&nat, &key);
		reason = elb_try_port(opening, &nat, &key);
		if (reason == ELB_FORWARD) {
			opening->nat.source = addr;
			opening->nat.ports = member_port << 16 | port;
			break;
		}
	}
	return reason;
}

/* Takes both entries and commits the pair. */
ELB_INLINE int elb_open_pair(struct elb_opening *opening)
{
	struct elb_flow_ref ref;
	__u32 home = elb_flow_home(ELB_TABLE, &opening->key);

	if (!elb_claim(home, 0, &ref))
		return ELB_REASON_TABLE_FULL;
	opening->slot = ref.slot;
	int reason = elb_claim_port(opening);
	if (reason != ELB_FORWARD) {
		elb_flow_release(ref.flow, ref.ctl);
		return reason;
	}
	elb_nat_compute(&opening->nat, &opening->key);
	elb_fill(ref.flow, &opening->key, &opening->nat, opening->listener, opening->now,
		 opening->reverse_slot);
	elb_flow_ready(&ref);
	opening->ctl = ref.ctl;
	int linked = elb_link_place(&opening->key, home, ref.bit, ELB_USABLE);
	if (linked == ELB_LINKED) {
		elb_flow_live(ref.flow);
		elb_count_connection(opening->nat.member);
		return ELB_FORWARD;
	}

	struct elb_flow *reverse = elb_table_slot(ELB_TABLE, opening->reverse_slot);
	elb_flow_unlink(ELB_TABLE, opening->reverse_home, opening->reverse_bit & 15);
	if (reverse)
		elb_flow_release(reverse, opening->reverse_ctl);
	elb_flow_release(ref.flow, ref.ctl);
	return linked == ELB_LINK_TAKEN ? elb_use_winner(opening) : ELB_REASON_RACE;
}

/* A member for the connection, and both ways to send its packets. */
ELB_INLINE int elb_choose(struct elb_opening *opening)
{
	struct elb_member *member;

	opening->nat.member = elb_pick_member(opening->listener, &member);
	if (!member)
		return ELB_REASON_NO_MEMBER;
	opening->nat.dest = member->addr;
	opening->nat.ports = member->port;
	opening->nat.hop = member->hop;

	int reason = elb_hop_check(bpf_map_lookup_elem(&elb_hops, &opening->nat.hop),
				   opening->total_len);
	if (reason != ELB_FORWARD)
		return reason;
	opening->reverse_hop = elb_hop_learn(&opening->from, opening->own_mac);
	return opening->reverse_hop ? ELB_FORWARD : ELB_REASON_HOPS_FULL;
}

/* ELB_FORWARD with the entry in *opening, or why there is none. */
ELB_NOINLINE int elb_open(struct elb_opening *opening)
{
	if (!opening)
		return ELB_REASON_MALFORMED;

	__be32 dest = (__u32)opening->key.addrs;
	__u32 proto = opening->key.proto;
	int reason = elb_unbalanced(dest, proto, ELB_FORWARD);
	if (reason != ELB_FORWARD)
		return reason;
	if (opening->bad)
		return ELB_REASON_MALFORMED;

	struct elb_listener_key key = {
		.addr = dest,
		.port = opening->key.ports >> 16,
		.proto = proto,
	};
	struct elb_listener *listener = bpf_map_lookup_elem(&elb_listeners, &key);
	if (!listener)
		return elb_addr_kind_of(dest) == ELB_ADDR_LOCAL ? ELB_REASON_STRAY_REPLY
								: ELB_REASON_NO_LISTENER;
	if (proto == IPPROTO_TCP && !ELB_TCP_OPENS(opening->tcp_flags))
		return ELB_REASON_NOT_SYN;
	if (opening->ttl < 2)
		return ELB_REASON_TTL;

	opening->listener = listener->index;
	reason = elb_choose(opening);
	if (reason == ELB_FORWARD)
		reason = elb_open_pair(opening);
	if (reason != ELB_FORWARD)
		elb_count_refused(opening->listener);
	return reason;
}

#endif
