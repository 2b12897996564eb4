/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the program that gives connections to the proxy (sk_steer.bpf.c) shares with its loader
 * (agent/steer): map keys, values and limits. The only copy. Addresses are those of elb/abi.h.
 */
#ifndef ELB_SK_STEER_H
#define ELB_SK_STEER_H

#include <elb/abi.h>

#define ELB_STEER_VERSION   1
#define ELB_STEER_LOOPS_MAX 256 /* of one worker; each has a socket for either family */
#define ELB_STEER_PORTS_MAX 65536

/* Names of pinned maps. */
#define ELB_STEER_PORTS	  "steer_ports"	  /* HASH: elb_steer_key -> __u32, not read */
#define ELB_STEER_SOCKETS "steer_sockets" /* SOCKMAP by loop; IPv6 from ELB_STEER_LOOPS_MAX on */
#define ELB_STEER_CONF	  "steer_conf"	  /* ARRAY 1: struct elb_steer_conf */
#define ELB_STEER_COUNTS  "steer_counts"  /* PERCPU_ARRAY by enum elb_steer_count: __u64 */

struct elb_steer_key {
	struct elb_ip addr; /* VIP or EIP */
	__be16 port;
	__u16 pad;
};
ELB_ASSERT(sizeof(struct elb_steer_key) == 20, "elb_steer_key");

struct elb_steer_conf {
	__u32 version;
	__u32 loops; /* sockets of each family; 0: none yet */
	__u32 seed;  /* of the hash that spreads connections */
	__u32 pad;
};
ELB_ASSERT(sizeof(struct elb_steer_conf) == 16, "elb_steer_conf");

enum elb_steer_count {
	ELB_STEER_GIVEN,     /* to a loop of the proxy */
	ELB_STEER_NO_SOCKET, /* nobody listens: the kernel refuses the connection */
	ELB_STEER_COUNT,
};

#endif
