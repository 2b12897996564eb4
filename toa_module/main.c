// SPDX-License-Identifier: GPL-2.0-only
/*
 * toa.ko: on a member of the load balancer, accept() and getpeername() tell the client's address
 * instead of the balancer's. The balancer puts it into a TCP option (elb/toa.h) of the segment that
 * completes the handshake; this module reads it there (hook.c), keeps it with the connection
 * (record.c), and puts it into names that programs ask for. Everything else, routing and replies
 * included, goes on using the balancer's address.
 */
#define pr_fmt(fmt) "TOA: " fmt
#include <linux/init.h>
#include <linux/module.h>
#include <linux/security.h>

#include "hook.h"
#include "stats.h"
#include "toa_conf.h"
#include "trust.h"

static char *trusted = "100.125.0.0/16";
module_param(trusted, charp, 0444);
MODULE_PARM_DESC(trusted, "prefixes of the balancers' local addresses, IPv4 and IPv6, by commas");

bool toa_debug;
module_param_named(debug, toa_debug, bool, 0644);
MODULE_PARM_DESC(debug, "log every client that is named, and what became of it");

/* A locked kernel wants nothing of its own memory changed, not even by those who may load modules.
 */
static int __init toa_check_lockdown(void)
{
#ifdef TOA_LOCKED_DOWN
	if (security_locked_down(LOCKDOWN_DEV_MEM)) {
		pr_err("this kernel is locked down: use the BPF program, which works there\n");
		return -EPERM;
	}
#endif
	return 0;
}

static int __init toa_init(void)
{
	int error = toa_check_lockdown();

	if (error)
		return error;
	error = toa_trust_set(trusted);
	if (error)
		return error;
	error = toa_hooks_find();
	if (error)
		return error;
	error = toa_stats_create();
	if (error)
		return error;
	error = toa_hooks_place();
	if (error) {
		toa_stats_remove();
		return error;
	}
	pr_info("toa loaded\n");
	return 0;
}

static void __exit toa_exit(void)
{
	toa_stats_remove();
	toa_hooks_remove();
	pr_info("toa unloaded\n");
}

module_init(toa_init);
module_exit(toa_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Client addresses of load balanced TCP connections, from TCP option 254");
MODULE_AUTHOR("ELB");
MODULE_VERSION("0.1.0");
