/* SPDX-License-Identifier: GPL-2.0-only */
/* The client that a TCP header names. Pure: touches nothing but the header. */
#ifndef TOA_OPTION_H
#define TOA_OPTION_H

#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/types.h>

struct toa_client {
	u16 family; /* AF_INET or AF_INET6 */
	__be16 port;
	union {
		__be32 v4;
		struct in6_addr v6;
	};
};

/*
 * Reads the first option that names a client; false when there is none. The whole header must be in
 * linear memory, as it is once TCP has taken the segment.
 */
bool toa_option_read(const struct tcphdr *th, struct toa_client *client);

#endif
