/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whitelists. One trie holds them all; a list that changes gets a new number, is filled completely
 * and only then named in the listener's policy, so that no packet meets half a list.
 */
#ifndef ELB_ACL_H
#define ELB_ACL_H

#include <lib/maps.h>

/* Is the client in the list? An empty list has nobody. */
ELB_INLINE int elb_acl_has(__u32 acl, const struct elb_ip *client)
{
	struct elb_acl_key key = {
		.prefix_len = ELB_ACL_BITS + 128,
		.acl = acl,
		.client = *client,
	};

	return bpf_map_lookup_elem(&elb_acl, &key) != 0;
}

#endif
