// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>

#include "toa_conf.h"

#define TOA_STATS_FILE "toa_stats"

DEFINE_PER_CPU(struct toa_stats, toa_stats);

/* The first four have the names that other modules of this kind gave them. */
static const char *const names[TOA_STATS] = {
	[TOA_STAT_TAKEN] = "syn_recv_sock_toa",	    [TOA_STAT_NO_OPTION] = "syn_recv_sock_no_toa",
	[TOA_STAT_NAME_CLIENT] = "getname_toa_ok",  [TOA_STAT_NAME_OWN] = "getname_toa_empty",
	[TOA_STAT_UNTRUSTED] = "untrusted_dropped", [TOA_STAT_NO_MEMORY] = "alloc_fail",
	[TOA_STAT_OPTIONS_BUSY] = "inet_opt_busy",  [TOA_STAT_NAME_FAMILY] = "getname_af_mismatch",
};

static int toa_stats_show(struct seq_file *file, void *data)
{
	unsigned long sum;
	int cpu, i;

	for (i = 0; i < TOA_STATS; i++) {
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu_ptr(&toa_stats, cpu)->count[i];
		seq_printf(file, "%s %lu\n", names[i], sum);
	}
	return 0;
}

#ifdef TOA_PROC_SINGLE
int toa_stats_create(void)
{
	return proc_create_single(TOA_STATS_FILE, 0444, init_net.proc_net, toa_stats_show)
		       ? 0
		       : -ENOMEM;
}
#else
static int toa_stats_open(struct inode *inode, struct file *file)
{
	return single_open(file, toa_stats_show, NULL);
}

static const struct file_operations toa_stats_operations = {
	.owner = THIS_MODULE,
	.open = toa_stats_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

int toa_stats_create(void)
{
	return proc_create(TOA_STATS_FILE, 0444, init_net.proc_net, &toa_stats_operations)
		       ? 0
		       : -ENOMEM;
}
#endif

void toa_stats_remove(void)
{
	remove_proc_entry(TOA_STATS_FILE, init_net.proc_net);
}
