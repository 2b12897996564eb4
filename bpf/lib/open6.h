/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is different when the first packet of a connection is IPv6: addresses beside the entries
 * (elb/flow6.h), a local address of the member's family.
 */
#ifndef ELB_OPEN6_H
#define ELB_OPEN6_H

#include <lib/addr.h>
#include <lib/ip6.h>
#include <lib/local.h>
#include <lib/opening.h>

ELB_INLINE __u32 elb_opening_flags(const struct elb_opening *opening)
{
	return opening->v6 ? ELB_FLOW_V6 : 0;
}

ELB_INLINE void elb_opening_dest(const struct elb_opening *opening, struct elb_ip *dest)
{
	*dest = opening->v6 ? opening->six.key_dest : elb_mapped((__u32)opening->key.addrs);
}

ELB_INLINE __u32 elb_opening_kind(const struct elb_opening *opening)
{
	return opening->v6 ? elb_kind_of(&opening->six.key_dest)
			   : elb_addr_kind_of((__u32)opening->key.addrs);
}

ELB_INLINE int elb_opening_bad_source(const struct elb_opening *opening)
{
	return opening->v6 ? elb_bad_source6(&opening->six.key_source)
			   : elb_bad_source(opening->key.addrs >> 32);
}

ELB_INLINE int elb_member_is_v6(const struct elb_opening *opening)
{
	return !elb_is_mapped(&opening->six.new_dest);
}

/*
 * As elb_nat_deltas(): the change of the addresses in the low half, with the ports' in the high
 * one. A mapped address counts as its IPv4 one: the 0xffff in it is zero in one's complement.
 */
ELB_INLINE __u32 elb_deltas6(const struct elb_flow6 *six, __u32 ports, __u32 new_ports)
{
	__u32 sum = 0;

	for (int i = 0; i < 4; i++) {
		sum = elb_csum_change(sum, six->key_source.word[i], six->new_source.word[i]);
		sum = elb_csum_change(sum, six->key_dest.word[i], six->new_dest.word[i]);
	}
	sum = elb_csum_fold(sum);
	return sum | (__u32)elb_csum_fold(elb_csum_change(sum, ports, new_ports)) << 16;
}

/* The addresses of an entry, before it is ready. */
ELB_INLINE void elb_fill_beside(const struct elb_opening *opening, __u32 slot, __u32 reverse)
{
	struct elb_flow6 *beside = elb_flow_beside(slot);

	if (!beside)
		return;
	if (!reverse) {
		*beside = opening->six;
	} else if (elb_member_is_v6(opening)) {
		beside->key_source = opening->six.new_dest;
		beside->key_dest = opening->six.new_source;
		beside->new_source = opening->six.key_dest;
		beside->new_dest = opening->six.key_source;
	}
}

/* The member is chosen: its address, and the length that the packet will have. */
ELB_INLINE void elb_choose6(struct elb_opening *opening, const struct elb_member *member)
{
	opening->six.new_dest = member->addr;
	if (!elb_member_is_v6(opening))
		opening->total_len += 20 - opening->header_len;
}

ELB_NOINLINE int elb_try_port(struct elb_opening *opening); /* open.h */

/* elb_claim_port() for a client of IPv6. */
ELB_INLINE int elb_claim_port6(struct elb_opening *opening)
{
	int reason = ELB_REASON_NO_PORT;

	__u32 member = opening->nat.member, v6 = elb_member_is_v6(opening);
	__u32 count = v6 ? elb_local6_count : elb_local_count;
	__u32 first = v6 ? elb_local6_first_host : elb_local_first_host;
	__u64 *cursor = bpf_map_lookup_elem(&elb_ports, &member);
	if (!cursor || !count)
		return reason;
	opening->reverse_key.proto = v6 ? opening->key.proto : ELB_FLOW_PROTO(opening->key.proto);
	opening->reverse_nat.source = 0;
	opening->reverse_nat.dest = 0;
	opening->reverse_nat.ports = opening->key.ports << 16 | opening->key.ports >> 16;
	opening->reverse_nat.member = member;
	for (int i = 0; i < ELB_PORT_PROBES && reason != ELB_FORWARD; i++) {
		struct elb_ip *local = &opening->six.new_source;
		__u32 addr, port;

		if (i >= ELB_PORT_NEAR)
			*cursor += bpf_get_prandom_u32();
		elb_next_local(cursor, member * 0x9E3779B1u, first, count, &addr, &port);
		*local = elb_mapped(addr);
		if (v6) {
			local->word[0] = elb_local6_prefix[0];
			local->word[1] = elb_local6_prefix[1];
			local->word[2] = elb_local6_prefix[2];
		}
		opening->reverse_key.addrs = v6 ? elb_hash6(&opening->six.new_dest, local)
						: (__u64)opening->nat.dest << 32 | addr;
		opening->reverse_key.ports = port << 16 | opening->member_port;
		opening->nat.source = addr;
		opening->nat.ports = opening->member_port << 16 | port;
		opening->deltas6 =
			elb_deltas6(&opening->six, opening->key.ports, opening->nat.ports);
		reason = elb_try_port(opening);
	}
	return reason;
}

#endif
