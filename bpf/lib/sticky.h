/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Source address stickiness: a client's connections to a listener go to the member that it got
 * last, until it has opened none for the listener's time, or the member may get none any more. What
 * is written belongs to the policy's time: with a shorter one it may end sooner, never later.
 */
#ifndef ELB_STICKY_H
#define ELB_STICKY_H

#include <lib/pick.h>

/* The member that the client is to get, ELB_PICK_NONE if that is open. */
ELB_NOINLINE __u32 elb_sticky_find(struct elb_sticky_key *key, __u32 now, __u32 ticks)
{
	if (!key)
		return ELB_PICK_NONE;
	struct elb_sticky *sticky = bpf_map_lookup_elem(&elb_sticky, key);
	if (!sticky || sticky->expires - now - 1 >= ticks)
		return ELB_PICK_NONE;
	__u32 index = sticky->member;
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &index);
	if (!member || member->generation != sticky->generation ||
	    member->listener != key->listener)
		return ELB_PICK_NONE;
	index = elb_pick_check(index, member);
	/* once a tick at most */
	if (ELB_PICKED(index) && sticky->expires != now + ticks)
		sticky->expires = now + ticks;
	return index;
}

ELB_NOINLINE int elb_stick(struct elb_sticky_key *key, __u32 index, __u32 expires)
{
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &index);

	if (!key || !member)
		return 0;
	struct elb_sticky sticky = {
		.member = index,
		.generation = member->generation,
		.expires = expires,
	};
	return bpf_map_update_elem(&elb_sticky, key, &sticky, BPF_ANY);
}

/* The first choice is by the hash of the address, so that nodes agree without talking. */
ELB_INLINE __u32 elb_pick_sticky(struct elb_sticky_key *key, const struct elb_policy *policy,
				 __u32 now)
{
	__u32 picked = elb_sticky_find(key, now, policy->sticky_ticks);

	if (ELB_PICKED(picked))
		return picked;
	picked = elb_pick_from(key->listener, elb_client_hash(&key->client, policy->hash_seed));
	if (ELB_PICKED(picked))
		elb_stick(key, picked, now + policy->sticky_ticks);
	return picked;
}

#endif
