// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"

#include <linux/slab.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>

#include "signatures.h"

/* Behind struct ip_options_rcu. A change of its layout needs another mark. */
struct toa_record {
	struct toa_client client;
	__be16 peer_port;
	struct in6_addr peer;
};

/*
 * A record says where it lies: the address of the options, mixed with this, stands in fields that
 * are meaningless without options. Copies of the options alone (MPTCP makes them) are thus no
 * records, nor is anything that a program can set.
 */
#define TOA_RECORD_MARK 0x544f4131b07f1e5dull

static u64 toa_mark(const struct ip_options_rcu *options)
{
	return (u64)(unsigned long)options ^ TOA_RECORD_MARK;
}

static bool toa_is_record(const struct ip_options_rcu *options)
{
	u64 mark = toa_mark(options);

	return !options->opt.optlen && !options->opt.srr &&
	       options->opt.faddr == (__force __be32)(u32)mark &&
	       options->opt.nexthop == (__force __be32)(u32)(mark >> 32);
}

static void toa_peer_of(struct sock *sk, struct in6_addr *peer)
{
	if (sk->sk_family == AF_INET6)
		*peer = *toa_peer6(sk);
	else
		ipv6_addr_set_v4mapped(inet_sk(sk)->inet_daddr, peer);
}

int toa_record_set(struct sock *child, const struct toa_client *client)
{
	struct ip_options_rcu *options;
	struct toa_record *record;
	u64 mark;

	if (rcu_access_pointer(inet_sk(child)->inet_opt))
		return -EBUSY;
	options = kzalloc(sizeof(*options) + sizeof(*record), GFP_ATOMIC | __GFP_NOWARN);
	if (!options)
		return -ENOMEM;
	mark = toa_mark(options);
	options->opt.faddr = (__force __be32)(u32)mark;
	options->opt.nexthop = (__force __be32)(u32)(mark >> 32);
	record = (struct toa_record *)(options + 1);
	record->client = *client;
	record->peer_port = inet_sk(child)->inet_dport;
	toa_peer_of(child, &record->peer);
	rcu_assign_pointer(inet_sk(child)->inet_opt, options);
	return 0;
}

bool toa_record_get(struct sock *sk, struct toa_client *client)
{
	const struct toa_record *record;
	struct ip_options_rcu *options;
	struct in6_addr peer;
	bool found = false;

	rcu_read_lock();
	options = rcu_dereference(inet_sk(sk)->inet_opt);
	if (options && toa_is_record(options)) {
		record = (const struct toa_record *)(options + 1);
		toa_peer_of(sk, &peer);
		if (record->peer_port == inet_sk(sk)->inet_dport &&
		    ipv6_addr_equal(&record->peer, &peer)) {
			*client = record->client;
			found = true;
		}
	}
	rcu_read_unlock();
	return found;
}
