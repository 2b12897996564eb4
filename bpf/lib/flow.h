/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's connection in the flow table: find it, refresh it, note what TCP did. */
#ifndef ELB_FLOW_H
#define ELB_FLOW_H

#include <lib/guard.h>
#include <lib/maps.h>
#include <lib/parse.h>

/* The rare parts of the hit path, global so that its registers and the verifier are spared. */
ELB_NOINLINE int elb_mark(struct elb_flow *flow, __u32 ctl, __u32 set, __u32 clear)
{
	if (!flow)
		return 0;
	__u32 member = ELB_FLOW_MEMBER(ELB_LOAD(flow->traffic)); /* before: still ours if marked */
	int counted = elb_flow_mark(ELB_TABLE, flow, ctl, set, clear);
	if (counted)
		elb_count_open(member, counted);
	return 0;
}

ELB_NOINLINE int elb_refresh(struct elb_flow *flow, __u32 ctl, __u32 now)
{
	__u32 noted;

	return flow && elb_flow_refresh(ELB_TABLE, flow, ctl, now, &noted);
}

/* A key that is not in its home slot: slot << 32 | ctl, 0 if it is nowhere. */
ELB_NOINLINE __u64 elb_find_elsewhere(__u64 addrs, __u32 ports, __u32 proto)
{
	struct elb_flow_key key = {.addrs = addrs, .ports = ports, .proto = proto};
	struct elb_flow_ref ref;

	if (!elb_flow_find(ELB_TABLE, &key, elb_flow_home(ELB_TABLE, &key), ELB_USABLE, &ref))
		return 0;
	return (__u64)ref.slot << 32 | ref.ctl;
}

/*
 * TCP progress, for the agent's timeouts. Most segments tell nothing new. A SYN on a connection
 * that was closing opens it anew, with the same member and local port, as both ends may (RFC 6191).
 */
ELB_INLINE void elb_track(struct elb_flow *flow, __u32 ctl, __u32 flags)
{
	__u32 reverse = ctl & ELB_FLOW_REVERSE;
	__u32 set = reverse ? ELB_FLOW_SEEN_OUT : ELB_FLOW_SEEN_IN, clear = 0;

	if (!(flags & (ELB_TCP_FIN | ELB_TCP_SYN | ELB_TCP_RST)) && (ctl & set))
		return;
	if (!reverse && ELB_TCP_OPENS(flags)) {
		if (!(ctl & (ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST)))
			return;
		set = 0;
		clear = ELB_FLOW_SEEN_IN | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST;
	}
	if (flags & ELB_TCP_FIN)
		set |= reverse ? ELB_FLOW_FIN_OUT : ELB_FLOW_FIN_IN;
	if (flags & ELB_TCP_RST)
		set |= ELB_FLOW_RST;
	elb_mark(flow, ctl, set, clear);
}

ELB_INLINE struct elb_flow_key elb_key_of(struct elb_place at, const struct iphdr *ip,
					  const struct elb_l4 *l4)
{
	struct elb_flow_key key = {
		.addrs = (__u64)ip->saddr << 32 | ip->daddr,
		.ports = at.fragment == ELB_FRAGMENT_LATER ? at.ports : *l4->ports,
		.proto = ip->protocol,
	};

	return key;
}

/* The entry of the packet's connection, refreshed, with *ctl as found; NULL if there is none. */
ELB_INLINE struct elb_flow *elb_known(struct elb_place at, const struct iphdr *ip,
				      const struct elb_l4 *l4, __u32 *ctl)
{
	struct elb_flow_key key = elb_key_of(at, ip, l4);
	__u32 home = elb_flow_home(ELB_TABLE, &key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, home);
	struct elb_flow_ref ref;

	if (!flow)
		return 0;
	key = elb_key_of(at, ip, l4);
	if (!elb_flow_find_first(flow, &key, home, ELB_USABLE, &ref)) {
		if (!(ref.word & ELB_HOME_MAP & ~1u))
			return 0;
		__u64 found = elb_find_elsewhere(key.addrs, key.ports, key.proto);
		if (!found)
			return 0;
		flow = elb_table_slot(ELB_TABLE, found >> 32);
		if (!flow)
			return 0;
		ref.ctl = found;
	}
	*ctl = ref.ctl;

	__u32 now = bpf_jiffies64() >> elb_tick_shift;
	__u32 last = ELB_LOAD(flow->last); /* before ctl, see elb_flow_refresh() */
	if (!elb_flow_settled(last, ELB_LOAD(flow->ctl), ref.ctl, now) &&
	    !elb_refresh(flow, ref.ctl, now))
		return 0;
	return flow;
}

#endif
