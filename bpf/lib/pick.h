/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Weighted round robin. The agent writes a listener's ring in smooth order; all CPUs advance one
 * cursor, so the shares are exact over the node, not only for each CPU.
 */
#ifndef ELB_PICK_H
#define ELB_PICK_H

#include <lib/maps.h>

/* Index of the next member; 0 with *member NULL if the ring is empty. */
ELB_INLINE __u32 elb_pick_member(__u32 listener, struct elb_member **member)
{
	void *ring = bpf_map_lookup_elem(&elb_rings, &listener);
	struct elb_cursor *cursor = bpf_map_lookup_elem(&elb_cursors, &listener);
	__u32 place = 0;

	*member = 0;
	if (!ring || !cursor)
		return 0;
	__u32 *length = bpf_map_lookup_elem(ring, &place);
	if (!length || !*length)
		return 0;
	place = 1 + __sync_fetch_and_add(&cursor->next, 1) % *length;

	__u32 *index = bpf_map_lookup_elem(ring, &place);
	if (!index)
		return 0;
	__u32 picked = *index;
	*member = bpf_map_lookup_elem(&elb_members, &picked);
	return picked;
}

#endif
