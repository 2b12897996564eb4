/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checksums by difference (RFC 1624, eqn. 3): a connection changes every packet by the same amount,
 * so the difference is computed once and stored. A wrong checksum stays wrong by as much as it was.
 */
#ifndef ELB_CSUM_H
#define ELB_CSUM_H

#include <elb/atomic.h>

/* TTL is the low byte of its 16-bit word as loaded: subtracting one is adding ~1. */
#define ELB_CSUM_TTL 0xfffeu

ELB_INLINE __u16 elb_csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Adds the change of one 32-bit word from `was` to `is`. */
ELB_INLINE __u32 elb_csum_change(__u32 sum, __u32 was, __u32 is)
{
	return sum + (~was & 0xffff) + (~was >> 16) + (is & 0xffff) + (is >> 16);
}

/* The sum of a header of 20 bytes whose own field is 0. */
ELB_INLINE __u16 elb_ip_check(const void *header)
{
	const __u32 *word = header;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return ~elb_csum_fold(sum);
}

/* The same for a difference that is folded already: the sum overflows once at most. */
ELB_INLINE __u16 elb_csum_apply_folded(__u16 check, __u16 delta)
{
	__u32 sum = (__u32)(__u16)~check + delta;

	return ~((sum & 0xffff) + (sum >> 16));
}

ELB_INLINE __u16 elb_csum_apply(__u16 check, __u32 delta)
{
	return ~elb_csum_fold((__u16)~check + delta);
}

#endif
