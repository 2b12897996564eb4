/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which member gets a connection, by the listener's algorithm. The agent writes the ring that fits
 * (enum elb_algorithm); a ring of another algorithm, met for a moment while the agent changes it,
 * gives members of the pool all the same.
 *
 *   round robin   all CPUs move one cursor, so the shares are exact over the node
 *   source hash   the place is the hash of the client's address
 *   least         the lowest connections / weight, compared exactly, of a ring of up to
 *                 ELB_LEAST_SCAN places; of those with the same the first, counted from the cursor,
 *                 which moves on by one each time: idle members take turns. Of a longer ring, where
 *                 members stand as often as they weigh, the best of ELB_LEAST_DRAWS random places.
 *
 * A member that is not usable or whose next hop is not resolved is passed over.
 */
#ifndef ELB_PICK_H
#define ELB_PICK_H

#include <lib/maps.h>
#include <lib/packet.h>

#define ELB_PICK_STEPS	16 /* places tried, the first half of them side by side */
#define ELB_LEAST_DRAWS 4

/* In place of a member's index, so that the smaller one is the better excuse. */
#define ELB_PICK_NO_HOP 0xfffffffeu
#define ELB_PICK_NONE	0xffffffffu
#define ELB_PICKED(x)	((x) < ELB_PICK_NO_HOP)

/* The index, or why the member can not get a connection. */
ELB_INLINE __u32 elb_pick_check(__u32 index, const struct elb_member *member)
{
	if (!member || !(member->flags & ELB_MEMBER_USABLE))
		return ELB_PICK_NONE;
	__u32 hop_index = member->hop;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	return hop && hop->valid ? index : ELB_PICK_NO_HOP;
}

ELB_INLINE __u32 elb_pick_place(void *ring, __u32 place)
{
	__u32 at = 1 + place;
	__u32 *index = bpf_map_lookup_elem(ring, &at);

	if (!index)
		return ELB_PICK_NONE;
	__u32 picked = *index;
	return elb_pick_check(picked, bpf_map_lookup_elem(&elb_members, &picked));
}

ELB_INLINE __u32 elb_ring_length(void *ring)
{
	__u32 zero = 0;
	__u32 *length = bpf_map_lookup_elem(ring, &zero);

	return length ? *length : 0;
}

/*
 * The member at place `start` modulo the length, or at one of the next ones. Neighbours may be the
 * same heavy member over and over, so the second half of the tries leaps over the ring.
 */
ELB_NOINLINE __u32 elb_pick_from(__u32 listener, __u64 start)
{
	void *ring = bpf_map_lookup_elem(&elb_rings, &listener);
	__u32 worst = ELB_PICK_NONE;

	if (!ring)
		return ELB_PICK_NONE;
	__u32 length = elb_ring_length(ring);
	if (!length)
		return ELB_PICK_NONE;
	__u32 place = start % length, leap = length / (ELB_PICK_STEPS / 2);
	for (int i = 0; i < ELB_PICK_STEPS; i++) {
		__u32 picked = elb_pick_place(ring, place);
		if (ELB_PICKED(picked))
			return picked;
		if (picked < worst)
			worst = picked;
		place = (place + 1 + (i >= ELB_PICK_STEPS / 2 ? leap : 0)) % length;
	}
	return worst;
}

ELB_INLINE __u64 elb_next_turn(__u32 listener)
{
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);

	return cursor ? __sync_fetch_and_add(&cursor->next, 1) : 0;
}

/* The best so far. */
struct elb_least {
	__u32 member; /* or an excuse */
	__u32 weight;
	__u32 load;
};

ELB_INLINE void elb_least_try(struct elb_least *best, void *ring, __u32 place)
{
	__u32 at = 1 + place;
	__u32 *index = bpf_map_lookup_elem(ring, &at);

	if (!index)
		return;
	__u32 picked = *index;
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &picked);
	if (!member)
		return;
	__u32 checked = elb_pick_check(picked, member);
	if (!ELB_PICKED(checked)) {
		if (checked < best->member)
			best->member = checked;
		return;
	}
	__u32 *open = bpf_map_lookup_elem(&elb_loads, &picked);
	__u32 load = open ? ELB_LOAD(*open) : 0, weight = member->weight;
	if ((__s32)load < 0)
		load = 0;
	/* connections / weight, multiplied out */
	if (ELB_PICKED(best->member) && (__u64)load * best->weight >= (__u64)best->load * weight)
		return;
	best->member = picked;
	best->weight = weight;
	best->load = load;
}

ELB_NOINLINE __u32 elb_pick_least(__u32 listener)
{
	void *ring = bpf_map_lookup_elem(&elb_rings, &listener);
	struct elb_least best = {.member = ELB_PICK_NONE};

	if (!ring)
		return ELB_PICK_NONE;
	__u32 length = elb_ring_length(ring);
	if (!length)
		return ELB_PICK_NONE;
	if (length > ELB_LEAST_SCAN) {
		for (int i = 0; i < ELB_LEAST_DRAWS; i++)
			elb_least_try(&best, ring, bpf_get_prandom_u32() % length);
		/* all four may be down while others are not */
		return ELB_PICKED(best.member) ? best.member
					       : elb_pick_from(listener, bpf_get_prandom_u32());
	}
	__u32 place = elb_next_turn(listener) % length;
	for (__u32 i = 0; i < ELB_LEAST_SCAN && i < length; i++) {
		elb_least_try(&best, ring, place);
		if (++place == length)
			place = 0;
	}
	return best.member;
}

ELB_INLINE __u32 elb_pick(__u32 listener, const struct elb_policy *policy,
			  const struct elb_ip *client)
{
	switch (policy->algorithm) {
	case ELB_LEAST_CONNECTIONS:
		return elb_pick_least(listener);
	case ELB_SOURCE_HASH:
		return elb_pick_from(listener, elb_client_hash(client, policy->hash_seed));
	default:
		return elb_pick_from(listener, elb_next_turn(listener));
	}
}

#endif
