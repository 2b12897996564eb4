/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs among kernels, by what conftest found (toa_conf.h), never by version number.
 * Functions that stand in for the kernel's are declared through these, so that a wrong one does not
 * compile.
 */
#ifndef TOA_SIGNATURES_H
#define TOA_SIGNATURES_H

#include <linux/compiler.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/request_sock.h>
#include <net/sock.h>

#include "toa_conf.h"

#ifndef READ_ONCE /* 3.19 */
#define READ_ONCE(x)	     (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#endif

#if defined(TOA_GETNAME_3)
#define TOA_GETNAME_PARAMETERS	   struct socket *sock, struct sockaddr *name, int peer
#define TOA_GETNAME_ARGUMENTS	   sock, name, peer
#define TOA_GETNAME_WORKED(result) ((result) > 0) /* the length */
#else
#define TOA_GETNAME_PARAMETERS	   struct socket *sock, struct sockaddr *name, int *length, int peer
#define TOA_GETNAME_ARGUMENTS	   sock, name, length, peer
#define TOA_GETNAME_WORKED(result) ((result) == 0)
#endif

#if defined(TOA_SYN_RECV_4)
#define TOA_SYN_RECV_SOCK struct sock *sk
#else
#define TOA_SYN_RECV_SOCK const struct sock *sk
#endif
#define TOA_SYN_RECV_FOUR                                                                          \
	TOA_SYN_RECV_SOCK, struct sk_buff *skb, struct request_sock *req, struct dst_entry *dst
#if defined(TOA_SYN_RECV_7)
#define TOA_SYN_RECV_PARAMETERS                                                                    \
	TOA_SYN_RECV_FOUR, struct request_sock *req_unhash, bool *own_req,                         \
		void (*opt_child_init)(struct sock * newsk, const struct sock *sk)
#define TOA_SYN_RECV_ARGUMENTS sk, skb, req, dst, req_unhash, own_req, opt_child_init
#elif defined(TOA_SYN_RECV_6)
#define TOA_SYN_RECV_PARAMETERS TOA_SYN_RECV_FOUR, struct request_sock *req_unhash, bool *own_req
#define TOA_SYN_RECV_ARGUMENTS	sk, skb, req, dst, req_unhash, own_req
#else
#define TOA_SYN_RECV_PARAMETERS TOA_SYN_RECV_FOUR
#define TOA_SYN_RECV_ARGUMENTS	sk, skb, req, dst
#endif
/* Another processor was faster with the same handshake: this child will be thrown away. */
#if defined(TOA_SYN_RECV_7) || defined(TOA_SYN_RECV_6)
#define TOA_CHILD_LOST (!*own_req)
#else
#define TOA_CHILD_LOST false
#endif

static inline int toa_sock_create(int family, struct socket **sock)
{
#ifdef TOA_SOCK_CREATE_NET
	return sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP, sock);
#else
	return sock_create_kern(family, SOCK_STREAM, IPPROTO_TCP, sock);
#endif
}

static inline const struct in6_addr *toa_peer6(const struct sock *sk)
{
#ifdef TOA_SK_V6_DADDR
	return &sk->sk_v6_daddr;
#else
	return &inet6_sk(sk)->daddr;
#endif
}

/* Until every task has been seen outside the kernel's code or asleep by its own will. */
static inline void toa_wait_for_tasks(void)
{
#ifdef TOA_RCU_TASKS
	synchronize_rcu_tasks();
#else
	synchronize_sched(); /* these kernels do not preempt inside the kernel */
#endif
}

#endif
