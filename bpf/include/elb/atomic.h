/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shared words, the same spelling in BPF (clang, -mcpu=v3) and in the agent (gcc or clang, C or
 * C++). The agent's loads acquire and its stores release; BPF has neither, there x86-64 gives that
 * order. Every read-modify-write is a full barrier on both sides.
 */
#ifndef ELB_ATOMIC_H
#define ELB_ATOMIC_H

#include <linux/types.h>

#define ELB_INLINE static inline __attribute__((always_inline))

#ifdef __bpf__
#define ELB_LOAD(x)	(*(const volatile __typeof__(x) *)&(x))
#define ELB_STORE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#else
#define ELB_LOAD(x)	__atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define ELB_STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)
#endif

/* Stores `to` if the word is `from`; returns what the word was. */
ELB_INLINE __u32 elb_cas(__u32 *word, __u32 from, __u32 to)
{
#ifdef __bpf__
	return __sync_val_compare_and_swap(word, from, to);
#else
	__atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return from;
#endif
}

/* Stores `to`; returns what the word was. */
ELB_INLINE __u32 elb_exchange(__u32 *word, __u32 to)
{
#ifdef __bpf__
	return __sync_lock_test_and_set(word, to);
#else
	return __atomic_exchange_n(word, to, __ATOMIC_SEQ_CST);
#endif
}

ELB_INLINE void elb_add(__u32 *word, __u32 amount)
{
	__sync_fetch_and_add(word, amount);
}

/* Number of the lowest set bit of a map of 16; the map is not 0. */
ELB_INLINE __u32 elb_lowest_bit(__u32 map)
{
#ifdef __bpf__
	/* BPF counts no zeros: a de Bruijn sequence of 16 bits and its table, packed into a word */
	map &= -map;
	return (0xCD7EA84FB6935210ull >> ((((map * 0x09AFu) >> 12) & 15) * 4)) & 15;
#else
	return (__u32)__builtin_ctz(map);
#endif
}

#endif
