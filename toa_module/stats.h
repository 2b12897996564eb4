/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/net/toa_stats: what happened since the module was loaded. Counting is for any context. */
#ifndef TOA_STATS_H
#define TOA_STATS_H

#include <linux/percpu.h>

enum toa_stat {
	TOA_STAT_TAKEN, /* a connection whose client is noted */
	TOA_STAT_NO_OPTION,
	TOA_STAT_NAME_CLIENT, /* a name that is now the client's */
	TOA_STAT_NAME_OWN,    /* of a connection that has no client noted */
	TOA_STAT_UNTRUSTED,
	TOA_STAT_NO_MEMORY,
	TOA_STAT_OPTIONS_BUSY, /* the connection has IP options: no place for the client */
	TOA_STAT_NAME_FAMILY,  /* an IPv6 client, asked for through an AF_INET socket */
	TOA_STATS
};

struct toa_stats {
	unsigned long count[TOA_STATS];
};
DECLARE_PER_CPU(struct toa_stats, toa_stats);

static inline void toa_count(enum toa_stat stat)
{
	this_cpu_inc(toa_stats.count[stat]);
}

int toa_stats_create(void);
void toa_stats_remove(void);

#endif
