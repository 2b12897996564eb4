/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the members' program (toa_member.bpf.c) shares with its loader (agent/toa): map keys and
 * values, and the names of the statistics, which are those of the kernel module's
 * /proc/net/toa_stats. The only copy.
 */
#ifndef ELB_TOA_MEMBER_H
#define ELB_TOA_MEMBER_H

#include <linux/types.h>

#define ELB_TOA_TRUSTED_MAX	1024
#define ELB_TOA_TRUSTED_DEFAULT "100.125.0.0/16"

/* Whose option is believed. The family stands before the address, so that ::/0 says nothing of
 * IPv4. */
struct elb_toa_prefix {
	__u32 bits;    /* ELB_TOA_FAMILY_BITS and those of the prefix */
	__u32 family;  /* AF_INET, AF_INET6 */
	__u8 addr[16]; /* an IPv4 address: the first four, then zeros */
};
#define ELB_TOA_FAMILY_BITS 32

/* A connection's client, kept with its socket. */
struct elb_toa_client {
	__u16 family; /* AF_INET, AF_INET6 */
	__be16 port;
	__be32 addr[4]; /* IPv4 as ::ffff:a.b.c.d, the form that an IPv6 socket shows */
};

/* A counter for each, and the name it is shown under. */
#define ELB_TOA_STATS(X)                                                                           \
	X(TOA, "syn_recv_sock_toa")		/* connections that came with a client */          \
	X(NO_TOA, "syn_recv_sock_no_toa")	/* connections without the option */               \
	X(NAME_OK, "getname_toa_ok")		/* the client was given as the peer */             \
	X(NAME_EMPTY, "getname_toa_empty")	/* none is known: the true peer was given */       \
	X(UNTRUSTED, "untrusted_dropped")	/* an option of somebody who is not trusted */     \
	X(ALLOC_FAIL, "alloc_fail")		/* no memory to keep the client */                 \
	X(OPTIONS_BUSY, "inet_opt_busy")	/* of the module alone: always 0 here */           \
	X(NAME_MISMATCH, "getname_af_mismatch") /* an IPv6 client, asked for by an IPv4 socket */

enum elb_toa_stat {
#define X(name, text) ELB_TOA_STAT_##name,
	ELB_TOA_STATS(X)
#undef X
		ELB_TOA_STAT_COUNT
};

#endif
