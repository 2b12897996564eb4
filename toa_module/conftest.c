// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probes of conftest, one for each -DPROBE_NAME. Each assigns a function of ours to the
 * kernel's own member without a cast, or uses a thing that not every kernel has: it compiles or it
 * does not.
 */
#include <linux/module.h>
#include <linux/net.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>

static typeof(((struct proto_ops *)0)->getname) name_slot;
static typeof(((struct inet_connection_sock_af_ops *)0)->syn_recv_sock) child_slot;

#ifdef PROBE_GETNAME_3 /* 4.17: the length is the return value */
int my_getname(struct socket *sock, struct sockaddr *name, int peer);
#endif
#ifdef PROBE_GETNAME_4
int my_getname(struct socket *sock, struct sockaddr *name, int *length, int peer);
#endif

#ifdef PROBE_SYN_RECV_7 /* stable kernels of 2025, MPTCP's wish */
struct sock *my_syn_recv(const struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			 struct dst_entry *dst, struct request_sock *req_unhash, bool *own_req,
			 void (*opt_child_init)(struct sock *newsk, const struct sock *sk));
#endif
#ifdef PROBE_SYN_RECV_6 /* 4.4 */
struct sock *my_syn_recv(const struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			 struct dst_entry *dst, struct request_sock *req_unhash, bool *own_req);
#endif
#ifdef PROBE_SYN_RECV_4_CONST
struct sock *my_syn_recv(const struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			 struct dst_entry *dst);
#endif
#ifdef PROBE_SYN_RECV_4
struct sock *my_syn_recv(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			 struct dst_entry *dst);
#endif

long toa_probe(struct sock *sk, struct socket **sock);

long toa_probe(struct sock *sk, struct socket **sock)
{
	long used = 0;

#ifdef PROBE_IP_OPTIONS_RCU /* 3.0 */
	struct ip_options_rcu *options = NULL;

	rcu_assign_pointer(inet_sk(sk)->inet_opt, options);
	used += options->opt.optlen + options->opt.srr + (__force u32)options->opt.faddr +
		(__force u32)options->opt.nexthop + (__force u32)inet_sk(sk)->inet_daddr;
#endif
#if defined(PROBE_GETNAME_3) || defined(PROBE_GETNAME_4)
	name_slot = my_getname;
#endif
#if defined(PROBE_SYN_RECV_7) || defined(PROBE_SYN_RECV_6) || defined(PROBE_SYN_RECV_4_CONST) ||   \
	defined(PROBE_SYN_RECV_4)
	child_slot = my_syn_recv;
#endif
#ifdef PROBE_SOCK_CREATE_NET /* 4.2 */
	used += sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, sock);
#endif
#ifdef PROBE_SOCK_CREATE
	used += sock_create_kern(AF_INET, SOCK_STREAM, IPPROTO_TCP, sock);
#endif
#ifdef PROBE_PROC_SINGLE /* 4.18 */
	int (*show)(struct seq_file * file, void *data) = NULL;

	used += !!proc_create_single("toa_stats", 0444, init_net.proc_net, show);
#endif
#ifdef PROBE_PROC_FILE
	static const struct file_operations operations = {
		.read = seq_read, .llseek = seq_lseek, .release = single_release};

	used += !!proc_create("toa_stats", 0444, init_net.proc_net, &operations);
#endif
#ifdef PROBE_SK_V6_DADDR /* 3.13 */
	used += sk->sk_v6_daddr.s6_addr[0];
#endif
#ifdef PROBE_NP_DADDR
	used += inet6_sk(sk)->daddr.s6_addr[0];
#endif
#ifdef PROBE_RCU_TASKS /* 3.18 */
	synchronize_rcu_tasks();
#endif
#ifdef PROBE_SYNC_SCHED
	synchronize_sched();
#endif
#ifdef PROBE_LOCKED_DOWN /* 5.4 */
	used += security_locked_down(LOCKDOWN_DEV_MEM);
#endif
	return used;
}
