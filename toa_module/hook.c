// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "TOA: " fmt
#include "hook.h"

#include <linux/delay.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <net/tcp.h>

#include "option.h"
#include "record.h"
#include "signatures.h"
#include "slot.h"
#include "stats.h"
#include "trust.h"

#define TOA_ADDRESS_MAX 50 /* of an IPv6 address as text, in brackets */

enum toa_place { TOA_GETNAME4, TOA_GETNAME6, TOA_SYN_RECV4, TOA_SYN_RECV6, TOA_PLACES };
static struct toa_slot slots[TOA_PLACES];

/* Calls inside our functions; one may leave on another processor, so only the sum counts. */
static DEFINE_PER_CPU(long, inside);

static bool toa_trusts_peer(const struct sock *child)
{
	const struct in6_addr *peer;

	if (child->sk_family == AF_INET)
		return toa_trusts4(inet_sk(child)->inet_daddr);
	peer = toa_peer6(child);
	return ipv6_addr_v4mapped(peer) ? toa_trusts4(peer->s6_addr32[3]) : toa_trusts6(peer);
}

static void toa_tell(const struct sock *child, const struct toa_client *client, const char *verdict)
{
	u16 port = ntohs(inet_sk(child)->inet_dport), client_port = ntohs(client->port);
	char peer[TOA_ADDRESS_MAX], address[TOA_ADDRESS_MAX];

	if (!toa_debug || !net_ratelimit())
		return;
	if (child->sk_family == AF_INET)
		snprintf(peer, sizeof(peer), "%pI4", &inet_sk(child)->inet_daddr);
	else
		snprintf(peer, sizeof(peer), "[%pI6c]", toa_peer6(child));
	if (client->family == AF_INET)
		snprintf(address, sizeof(address), "%pI4", &client->v4);
	else
		snprintf(address, sizeof(address), "[%pI6c]", &client->v6);
	pr_info("%s:%u names the client %s:%u: %s\n", peer, port, address, client_port, verdict);
}

/* `skb` completes the handshake of `child`, which no other processor can see the inside of yet. */
static void toa_take(struct sock *child, const struct sk_buff *skb)
{
	struct toa_client client;

	/* With TCP Fast Open it is the SYN, and a SYN carries nothing that proves its source. */
	if (tcp_hdr(skb)->syn || !toa_option_read(tcp_hdr(skb), &client)) {
		toa_count(TOA_STAT_NO_OPTION);
		return;
	}
	if (!toa_trusts_peer(child)) {
		toa_count(TOA_STAT_UNTRUSTED);
		toa_tell(child, &client, "not trusted");
		return;
	}
	switch (toa_record_set(child, &client)) {
	case 0:
		toa_count(TOA_STAT_TAKEN);
		toa_tell(child, &client, "noted");
		break;
	case -EBUSY:
		toa_count(TOA_STAT_OPTIONS_BUSY);
		toa_tell(child, &client, "no place, there are IP options");
		break;
	default:
		toa_count(TOA_STAT_NO_MEMORY);
		break;
	}
}

static void toa_name_client(struct socket *sock, struct sockaddr *name)
{
	struct sockaddr_in6 *name6 = (struct sockaddr_in6 *)name;
	struct sockaddr_in *name4 = (struct sockaddr_in *)name;
	struct toa_client client;

	if (!toa_record_get(sock->sk, &client)) {
		toa_count(TOA_STAT_NAME_OWN);
		return;
	}
	if (name->sa_family == AF_INET && client.family == AF_INET) {
		name4->sin_port = client.port;
		name4->sin_addr.s_addr = client.v4;
	} else if (name->sa_family == AF_INET6) {
		name6->sin6_port = client.port;
		name6->sin6_flowinfo = 0;
		name6->sin6_scope_id = 0;
		if (client.family == AF_INET)
			ipv6_addr_set_v4mapped(client.v4, &name6->sin6_addr);
		else
			name6->sin6_addr = client.v6;
	} else {
		toa_count(TOA_STAT_NAME_FAMILY);
		return;
	}
	toa_count(TOA_STAT_NAME_CLIENT);
}

static int toa_getname(enum toa_place place, TOA_GETNAME_PARAMETERS)
{
	int result;

	this_cpu_inc(inside);
	result = slots[place].was.getname(TOA_GETNAME_ARGUMENTS);
	if (peer && TOA_GETNAME_WORKED(result))
		toa_name_client(sock, name);
	this_cpu_dec(inside);
	return result;
}

static int toa_getname4(TOA_GETNAME_PARAMETERS)
{
	return toa_getname(TOA_GETNAME4, TOA_GETNAME_ARGUMENTS);
}

static int toa_getname6(TOA_GETNAME_PARAMETERS)
{
	return toa_getname(TOA_GETNAME6, TOA_GETNAME_ARGUMENTS);
}

static struct sock *toa_syn_recv(enum toa_place place, TOA_SYN_RECV_PARAMETERS)
{
	struct sock *child;

	this_cpu_inc(inside);
	child = slots[place].was.syn_recv_sock(TOA_SYN_RECV_ARGUMENTS);
	if (child && !TOA_CHILD_LOST)
		toa_take(child, skb);
	this_cpu_dec(inside);
	return child;
}

static struct sock *toa_syn_recv4(TOA_SYN_RECV_PARAMETERS)
{
	return toa_syn_recv(TOA_SYN_RECV4, TOA_SYN_RECV_ARGUMENTS);
}

static struct sock *toa_syn_recv6(TOA_SYN_RECV_PARAMETERS)
{
	return toa_syn_recv(TOA_SYN_RECV6, TOA_SYN_RECV_ARGUMENTS);
}

static struct toa_slot slots[TOA_PLACES] = {
	[TOA_GETNAME4] = {.name = "IPv4's getname",
			  .function = "inet_getname",
			  .ours.getname = toa_getname4},
	[TOA_GETNAME6] = {.name = "IPv6's getname",
			  .function = "inet6_getname",
			  .ours.getname = toa_getname6},
	[TOA_SYN_RECV4] = {.name = "IPv4's syn_recv_sock",
			   .function = "tcp_v4_syn_recv_sock",
			   .ours.syn_recv_sock = toa_syn_recv4},
	[TOA_SYN_RECV6] = {.name = "IPv6's syn_recv_sock",
			   .function = "tcp_v6_syn_recv_sock",
			   .ours.syn_recv_sock = toa_syn_recv6},
};

/* A socket that is thrown away shows where the tables are. */
static int toa_find_family(int family, enum toa_place getname, enum toa_place syn_recv)
{
	struct socket *sock;
	int error = toa_sock_create(family, &sock);

	if (error)
		return error;
	error = toa_slot_find(&slots[getname], &sock->ops->getname);
	if (!error)
		error = toa_slot_find(&slots[syn_recv],
				      &inet_csk(sock->sk)->icsk_af_ops->syn_recv_sock);
	sock_release(sock);
	return error;
}

int toa_hooks_find(void)
{
	int error = toa_find_family(AF_INET, TOA_GETNAME4, TOA_SYN_RECV4);

	if (error)
		return error;
	error = toa_find_family(AF_INET6, TOA_GETNAME6, TOA_SYN_RECV6);
	if (error != -EAFNOSUPPORT)
		return error;
	pr_info("no IPv6 here\n");
	return 0;
}

static void toa_hooks_restore(int count)
{
	int i, waiting;

	do {
		waiting = 0;
		for (i = count - 1; i >= 0; i--)
			if (slots[i].place && toa_slot_restore(&slots[i]))
				waiting = 1;
		if (waiting)
			msleep(1000);
	} while (waiting);
}

static long toa_calls_inside(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += READ_ONCE(*per_cpu_ptr(&inside, cpu));
	return sum;
}

/*
 * Once the pointers are back, nobody enters anew. What may still be here: softirqs (they are read
 * sides of RCU), tasks that have fetched our pointer and were preempted before they could count
 * themselves (none is left after a grace period of tasks), and counted ones, which may sleep for
 * the socket's lock. One that has just counted itself out has still to return: hence the second
 * wait.
 */
static void toa_wait_for_calls(void)
{
	synchronize_rcu();
	toa_wait_for_tasks();
	while (toa_calls_inside())
		msleep(20);
	synchronize_rcu();
	toa_wait_for_tasks();
}

int toa_hooks_place(void)
{
	int i, error;

	for (i = 0; i < TOA_PLACES; i++) {
		error = slots[i].place ? toa_slot_swap(&slots[i]) : 0;
		if (error) {
			toa_hooks_restore(i);
			toa_wait_for_calls();
			return error;
		}
	}
	return 0;
}

void toa_hooks_remove(void)
{
	toa_hooks_restore(TOA_PLACES);
	toa_wait_for_calls();
}
