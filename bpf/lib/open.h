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

#include <elb/flow_seq.h>
#include <lib/acl.h>
#include <lib/count.h>
#include <lib/open6.h>

ELB_NOINLINE int elb_link_place(struct elb_flow_key *key, __u32 home, __u32 bit, __u32 phases)
{
	struct elb_flow_ref taken;

	if (!key)
		return ELB_LINK_RACED;
	return elb_flow_link(ELB_TABLE, key, home, bit & 15, phases, &taken);
}

ELB_INLINE int elb_link(struct elb_flow_key *key, __u32 home, __u32 bit, __u32 phases)
{
	return elb_flow_link_alone(ELB_TABLE, home, bit) ? ELB_LINKED
							 : elb_link_place(key, home, bit, phases);
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
	opening->slot = ref.slot;
	opening->ctl = ref.ctl;
	return ELB_FORWARD;
}

ELB_INLINE void elb_fill(struct elb_flow *flow, const struct elb_flow_key *key,
			 const struct elb_nat *nat, const struct elb_opening *opening, __u32 peer)
{
	__u32 deltas6 = nat == &opening->nat ? opening->deltas6 : ~opening->deltas6;

	flow->proto = key->proto;
	flow->pad = 0;
	flow->hop = nat->hop;
	flow->key_addrs = key->addrs;
	flow->key_ports = key->ports;
	flow->new_source = nat->source;
	flow->new_dest = nat->dest;
	flow->new_ports = nat->ports;
	*(__u32 *)&flow->l3_delta = opening->v6 ? deltas6 : elb_nat_deltas(nat, key);
	/* what the member will acknowledge first, see elb_seq_syn() */
	flow->ack = opening->proven && nat == &opening->reverse_nat ? opening->first : 0;
	flow->traffic = ELB_FLOW_TRAFFIC(0, nat->member);
	flow->packets = 0;
	flow->peer = peer;
	ELB_STORE(flow->last, opening->now);
}

/* One attempt to own the local port of opening->reverse_key: links an entry if nobody has it. */
ELB_NOINLINE int elb_try_port(struct elb_opening *opening)
{
	struct elb_flow_ref ref;

	if (!opening)
		return ELB_REASON_NO_PORT;
	__u32 home = elb_flow_home(ELB_TABLE, &opening->reverse_key);
	if (!elb_flow_claim(ELB_TABLE, home, ELB_FLOW_REVERSE | opening->flags, &ref))
		return ELB_REASON_TABLE_FULL;
	elb_fill(ref.flow, &opening->reverse_key, &opening->reverse_nat, opening, opening->slot);
	if (opening->v6)
		elb_fill_beside(opening, ref.slot, 1);
	elb_flow_ready(&ref);
	int linked = elb_link(&opening->reverse_key, home, ref.bit, ELB_TAKEN);
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

/* Owns a local port towards the member; gives opening->nat its source and ports. */
ELB_INLINE int elb_claim_port(struct elb_opening *opening)
{
	__u32 member = opening->nat.member;
	__u64 *cursor = bpf_map_lookup_elem(&elb_ports, &member);
	int reason = ELB_REASON_NO_PORT;

	if (!cursor || !elb_local_count)
		return reason;
	opening->reverse_key.proto = opening->key.proto;
	opening->reverse_nat.source = (__u32)opening->key.addrs;
	opening->reverse_nat.dest = opening->key.addrs >> 32;
	opening->reverse_nat.ports = opening->key.ports << 16 | opening->key.ports >> 16;
	opening->reverse_nat.member = member;
	for (int i = 0; i < ELB_PORT_PROBES && reason != ELB_FORWARD; i++) {
		__u32 addr, port;

		if (i >= ELB_PORT_NEAR)
			*cursor += bpf_get_prandom_u32();
		elb_next_local(cursor, member * 0x9E3779B1u, elb_local_first_host, elb_local_count,
			       &addr, &port);
		opening->reverse_key.addrs = (__u64)opening->nat.dest << 32 | addr;
		opening->reverse_key.ports = port << 16 | opening->member_port;
		reason = elb_try_port(opening);
	}
	opening->nat.source = (__u32)opening->reverse_key.addrs;
	opening->nat.ports = opening->reverse_key.ports << 16 | opening->reverse_key.ports >> 16;
	return reason;
}

ELB_INLINE void elb_give_back_port(struct elb_opening *opening)
{
	struct elb_flow *reverse = elb_table_slot(ELB_TABLE, opening->reverse_slot);

	elb_flow_unlink(ELB_TABLE, elb_flow_home(ELB_TABLE, &opening->reverse_key),
			opening->reverse_bit & 15);
	if (reverse)
		elb_flow_release(reverse, opening->reverse_ctl);
}

/* Takes both entries and commits the pair. ELB_FORWARD with slot and ctl, or why not. */
ELB_INLINE int elb_open_pair(struct elb_opening *opening)
{
	struct elb_flow_ref ref;

	__u32 home = elb_flow_home(ELB_TABLE, &opening->key);
	if (!elb_flow_claim(ELB_TABLE, home, opening->flags, &ref))
		return ELB_REASON_TABLE_FULL;
	opening->slot = ref.slot;
	opening->ctl = ref.ctl;
	if (opening->proven)
		elb_seq_begin(ref.slot, ref.ctl, opening->cookie, opening->now);
	int reason = opening->v6 ? elb_claim_port6(opening) : elb_claim_port(opening);
	if (reason != ELB_FORWARD) {
		elb_flow_release(ref.flow, ref.ctl);
		return reason;
	}
	elb_fill(ref.flow, &opening->key, &opening->nat, opening, opening->reverse_slot);
	if (opening->v6)
		elb_fill_beside(opening, ref.slot, 0);
	elb_flow_ready(&ref);
	int linked = elb_link(&opening->key, home, ref.bit, ELB_USABLE);
	if (linked == ELB_LINKED) {
		elb_flow_live(ref.flow);
		elb_count_connection(opening->nat.member);
		opening->counted = 0;
		return ELB_FORWARD;
	}
	elb_give_back_port(opening);
	opening->counted = elb_flow_withdraw(ref.flow, ref.ctl);
	return linked == ELB_LINK_TAKEN ? elb_use_winner(opening) : ELB_REASON_RACE;
}

/* A member for the connection, and both ways to send its packets. */
ELB_INLINE int elb_choose(struct elb_opening *opening, const struct elb_policy *policy)
{
	__u32 picked = policy->sticky_ticks
			       ? elb_pick_sticky(&opening->who, policy, opening->now)
			       : elb_pick(opening->listener, policy, &opening->who.client);

	if (!ELB_PICKED(picked))
		return picked == ELB_PICK_NO_HOP ? ELB_REASON_NO_HOP : ELB_REASON_NO_MEMBER;
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &picked);
	if (!member)
		return ELB_REASON_NO_MEMBER;
	if (opening->flags & ELB_FLOW_TOA && elb_same_ip(&member->addr, &opening->who.client))
		return ELB_REASON_TOA_LOOP;
	opening->nat.member = picked;
	opening->nat.dest = member->addr.word[3];
	opening->member_port = member->port;
	opening->nat.hop = member->hop;
	if (opening->v6)
		elb_choose6(opening, member);
	else if (!elb_is_mapped(&member->addr))
		return ELB_REASON_NO_MEMBER; /* the agent gives an IPv4 listener none of these */

	__u32 hop = member->hop;
	int reason = elb_hop_check(bpf_map_lookup_elem(&elb_hops, &hop), opening->total_len);
	if (reason != ELB_FORWARD)
		return reason;
	opening->reverse_nat.hop = elb_hop_learn(&opening->from, opening->reverse_nat.hop);
	return opening->reverse_nat.hop ? ELB_FORWARD : ELB_REASON_HOPS_FULL;
}

/* Nobody listens: whose is the address then? */
ELB_INLINE int elb_no_listener(const struct elb_opening *opening)
{
	switch (elb_opening_kind(opening)) {
	case ELB_ADDR_NONE:
		return ELB_REASON_PASS_OTHER;
	case ELB_ADDR_HOST:
		return ELB_REASON_PASS_HOST;
	case ELB_ADDR_LOCAL:
		return opening->bad ? ELB_REASON_MALFORMED : ELB_REASON_STRAY_REPLY;
	default:
		return opening->bad ? ELB_REASON_MALFORMED : ELB_REASON_NO_LISTENER;
	}
}

/* May the packet open a connection, as far as listener and client decide? */
ELB_INLINE int elb_admit(struct elb_opening *opening, struct elb_policy **policy)
{
	struct elb_listener_key key = {
		.port = opening->key.ports >> 16,
		.proto = ELB_FLOW_PROTO(opening->key.proto),
	};
	elb_opening_dest(opening, &key.addr);
	struct elb_listener *listener = bpf_map_lookup_elem(&elb_listeners, &key);
	if (!listener)
		return elb_no_listener(opening);
	if (opening->bad)
		return ELB_REASON_MALFORMED;
	opening->listener = opening->who.listener = listener->index;
	__u32 proxied = listener->flags & ELB_LISTENER_PROXY;
	if (!proxied && key.proto == IPPROTO_TCP && !ELB_TCP_OPENS(opening->tcp_flags) &&
	    !opening->proven)
		return ELB_REASON_NOT_SYN;
	if (!proxied && opening->ttl < 2)
		return ELB_REASON_TTL;
	if (elb_opening_bad_source(opening))
		return ELB_REASON_BAD_SOURCE;

	__u32 index = listener->index;
	*policy = bpf_map_lookup_elem(&elb_policies, &index);
	if (!*policy)
		return ELB_REASON_NO_LISTENER;
	__u32 flags = (*policy)->flags;
	if (flags & ELB_POLICY_WHITELIST && !elb_acl_has((*policy)->acl, &opening->who.client))
		return ELB_REASON_NOT_ALLOWED;
	if (proxied) /* each segment comes by here: no entry is made */
		return ELB_REASON_PASS_PROXY;
	if (!opening->proven && !elb_rate_allows(&opening->guard, opening->now))
		return ELB_REASON_RATE_GUARD;
	opening->flags = elb_opening_flags(opening);
	if (opening->proven)
		opening->flags |= ELB_FLOW_COOKIE;
	if (listener->flags & ELB_LISTENER_EIP)
		opening->flags |= ELB_FLOW_EIP;
	if (flags & ELB_POLICY_TOA && key.proto == IPPROTO_TCP)
		opening->flags |= ELB_FLOW_TOA;
	return ELB_FORWARD;
}

/* Everything up to the choice of a member, which is counted as having the connection. */
ELB_NOINLINE int elb_prepare(struct elb_opening *opening)
{
	struct elb_policy *policy = 0;

	if (!opening)
		return ELB_REASON_MALFORMED;
	int reason = elb_admit(opening, &policy);
	if (reason != ELB_FORWARD || !policy)
		return reason;
	__u32 listener = opening->listener;
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	if (!cursor)
		return ELB_REASON_NO_LISTENER;
	reason = elb_enter(cursor, policy->connection_limit);
	if (reason != ELB_FORWARD)
		return reason;
	opening->counted = 1;
	reason = elb_choose(opening, policy);
	if (reason == ELB_FORWARD)
		elb_add_load(opening->nat.member, 1);
	else
		elb_leave(cursor);
	return reason;
}

/* Makes the entries; without them the connection is not counted either. */
ELB_NOINLINE int elb_commit(struct elb_opening *opening)
{
	if (!opening)
		return ELB_REASON_MALFORMED;
	int reason = elb_open_pair(opening);
	if (!opening->counted)
		return reason;
	__u32 listener = opening->listener;
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	elb_add_load(opening->nat.member, -1);
	if (cursor)
		elb_leave(cursor);
	return reason;
}

/* ELB_FORWARD with the new entry, or why there is none. Two calls one after the other, since their
 * stacks do not fit on top of each other. */
ELB_INLINE int elb_connect(struct elb_opening *opening)
{
	int reason = elb_prepare(opening);

	return reason == ELB_FORWARD ? elb_commit(opening) : reason;
}

/* Counts what a listener could not serve; other reasons are the packet's own fault. */
ELB_INLINE int elb_refuse(const struct elb_opening *opening, int reason)
{
	switch (reason) {
	case ELB_REASON_NO_MEMBER:
	case ELB_REASON_TABLE_FULL:
	case ELB_REASON_NO_PORT:
	case ELB_REASON_RACE:
	case ELB_REASON_NO_HOP:
	case ELB_REASON_HOPS_FULL:
	case ELB_REASON_NOT_ALLOWED:
	case ELB_REASON_CONNECTION_LIMIT:
	case ELB_REASON_TABLE_SHARE:
	case ELB_REASON_RATE_GUARD:
	case ELB_REASON_TOA_LOOP:
		elb_count_refused(opening->listener);
	}
	return elb_exit(reason);
}

#endif
