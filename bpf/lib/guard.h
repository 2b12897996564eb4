/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many connections: counters of those that are open now, the listener's limit, its share of the
 * flow table, and how many a CPU may open in a tick. A connection is counted before it is tried, so
 * that two CPUs can not both take the last place, and taken back if it comes to nothing. Afterwards
 * it is taken out by whoever sets ELB_FLOW_CLOSED (elb_flow_mark, or the agent's sweep).
 */
#ifndef ELB_GUARD_H
#define ELB_GUARD_H

#include <lib/count.h>

typedef __u64 __attribute__((may_alias)) elb_pair_u64;

/* A place among the listener's connections: ELB_FORWARD, or why there is none. */
ELB_INLINE int elb_enter(struct elb_cursor *cursor, __u32 limit)
{
	elb_pair_u64 *pair = (elb_pair_u64 *)&cursor->active;
	__u64 was = __sync_fetch_and_add(pair, ELB_CURSOR_ONE);
	int reason = ELB_FORWARD;

	/* signed: a count that an agent's crash left wrong must not lock everybody out */
	if (limit && (__s32)was >= (__s32)limit)
		reason = ELB_REASON_CONNECTION_LIMIT;
	else if (cursor->limited && (__s32)(cursor->open_until - (__u32)(was >> 32)) <= 0)
		reason = ELB_REASON_TABLE_SHARE;
	if (reason != ELB_FORWARD)
		__sync_fetch_and_add(pair, -ELB_CURSOR_ONE);
	return reason;
}

/* Gives the place back: nothing was opened. */
ELB_INLINE void elb_leave(struct elb_cursor *cursor)
{
	__sync_fetch_and_add((elb_pair_u64 *)&cursor->active, -ELB_CURSOR_ONE);
}

ELB_INLINE void elb_add_load(__u32 member, __s32 step)
{
	__u32 *load = bpf_map_lookup_elem(&elb_loads, &member);

	if (load)
		elb_add(load, step);
}

/* A connection of the member closed (-1) or opened anew (1): what elb_flow_mark() said. */
ELB_INLINE void elb_count_open(__u32 member_index, __s32 step)
{
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &member_index);

	elb_add_load(member_index, step);
	if (!member)
		return;
	__u32 listener = member->listener;
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	if (!cursor)
		return;
	if (step > 0)
		__sync_fetch_and_add((elb_pair_u64 *)&cursor->active, ELB_CURSOR_ONE);
	else
		elb_add(&cursor->active, -1);
}

/* This CPU's new connections of one tick. */
struct elb_rate_guard {
	__u32 tick;
	__u32 left;
};

ELB_INLINE int elb_rate_allows(struct elb_rate_guard *guard, __u32 now)
{
	if (!elb_new_per_tick)
		return 1;
	if (guard->tick != now) {
		guard->tick = now;
		guard->left = elb_new_per_tick;
	}
	if (!guard->left)
		return 0;
	guard->left--;
	return 1;
}

#endif
