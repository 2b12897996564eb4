/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose is an address: of the balancer, of the node, or of nobody here. */
#ifndef ELB_ADDR_H
#define ELB_ADDR_H

#include <linux/in.h>
#include <lib/maps.h>
#include <lib/packet.h>

ELB_INLINE __u32 elb_kind_of(const struct elb_ip *addr)
{
	struct elb_addr_key key = {.prefix_len = 128, .addr = *addr};
	__u32 *kind = bpf_map_lookup_elem(&elb_addrs, &key);

	return kind ? *kind : ELB_ADDR_NONE;
}

ELB_INLINE __u32 elb_addr_kind_of(__be32 addr)
{
	struct elb_ip ip = elb_mapped(addr);

	return elb_kind_of(&ip);
}

/* One test instead of four: the verifier walks through each branch. */
ELB_INLINE int elb_same_ip(const struct elb_ip *a, const struct elb_ip *b)
{
	return !((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) | (a->word[2] ^ b->word[2]) |
		 (a->word[3] ^ b->word[3]));
}

/*
 * A packet that is not balanced, whatever it is: `if_ours` is the reason if it was meant to be.
 * Global, so that the verifier reads it once.
 */
__attribute__((noinline)) int elb_unbalanced(__be32 dest, __u32 if_ours)
{
	switch (elb_addr_kind_of(dest)) {
	case ELB_ADDR_VIP:
	case ELB_ADDR_LOCAL:
		return if_ours;
	case ELB_ADDR_HOST:
		return ELB_REASON_PASS_HOST;
	default:
		return ELB_REASON_PASS_OTHER;
	}
}

/*
 * Nobody can have this address who wants an answer: this network, loopback, multicast, broadcast,
 * or one of our own (LAND, or a forged local address).
 */
ELB_INLINE int elb_bad_source(__be32 source)
{
	__u32 first = bpf_ntohl(source) >> 24;

	return first == 0 || first == 127 || first >= 224 ||
	       elb_addr_kind_of(source) != ELB_ADDR_NONE;
}

/* As struct elb_ip, ::ffff:a.b.c.d is a.b.c.d (RFC 4291): such an address may not come by IPv6. */
ELB_INLINE int elb_bad_source6(const struct elb_ip *source)
{
	if ((source->word[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		return 1; /* multicast */
	if (!(source->word[0] | source->word[1]) &&
	    (source->word[2] == ELB_MAPPED_WORD ||
	     (!source->word[2] && !(source->word[3] & ~bpf_htonl(1)))))
		return 1; /* IPv4, unspecified, loopback */
	return elb_kind_of(source) != ELB_ADDR_NONE;
}

#endif
