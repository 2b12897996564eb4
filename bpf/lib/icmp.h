/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP: errors about a balanced connection are translated like its packets, both ways, so that path
 * MTU discovery works through the balancer; pings of our addresses are answered; senders of packets
 * that are too big for their way are told. An error changes no state, whatever it quotes.
 */
#ifndef ELB_ICMP_H
#define ELB_ICMP_H

#include <lib/addr.h>
#include <lib/csum.h>
#include <lib/flow.h>
#include <lib/hop.h>
#include <lib/ip6.h>
#include <lib/send.h>
#include <lib/seq_quote.h>

#define ELB_ICMP_ECHO_REPLY  0
#define ELB_ICMP_UNREACHABLE 3
#define ELB_ICMP_ECHO	     8
#define ELB_ICMP_TIME	     11
#define ELB_ICMP_PARAMETER   12
#define ELB_ICMP_FRAG_NEEDED 4 /* code */
#define ELB_ICMP_TTL	     64

struct elb_icmp {
	__u8 type, code;
	__be16 check;
	__be16 unused;
	__be16 mtu;
};

/* The start of a quoted TCP or UDP header: all that an error has to quote (RFC 792). */
struct elb_quoted {
	__u32 ports;
	union {
		struct {
			__u16 udp_length;
			__u16 udp_check;
		};
		__be32 tcp_seq;
	};
};

/* The frame with its IP header, at offsets that the verifier has to be told again. */
ELB_INLINE int elb_take_ip(const ELB_CTX *ctx, __u32 l3, struct elb_cursor_at *at,
			   struct elb_ethernet **eth, struct iphdr **ip)
{
	*at = (struct elb_cursor_at){.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	if (!ELB_TAKE(at, eth))
		return 0;
	at->pos = (void *)*eth + (l3 & 31);
	return ELB_TAKE(at, ip);
}

/* Turns the frame round: back to the neighbour it came from. 0: nobody described the interface. */
ELB_INLINE int elb_turn_ethernet(const ELB_CTX *ctx, struct elb_ethernet *eth)
{
	__u32 ifindex = elb_ingress(ctx);
	struct elb_link *link = bpf_map_lookup_elem(&elb_links, &ifindex);

	if (!link)
		return 0;
	__builtin_memcpy(eth->dest, eth->source, ETH_ALEN);
	__builtin_memcpy(eth->source, link->mac, ETH_ALEN);
	return 1;
}

ELB_INLINE int elb_echo(const ELB_CTX *ctx, struct elb_ethernet *eth, struct iphdr *ip,
			struct elb_icmp *icmp)
{
	if (elb_bad_source(ip->saddr))
		return elb_exit(ELB_REASON_BAD_SOURCE);
	if (!elb_turn_ethernet(ctx, eth))
		return elb_exit(ELB_REASON_PASS_ICMP);
	__be32 asker = ip->saddr;

	ip->check = elb_csum_apply(ip->check, (__u16)~ip->ttl + ELB_ICMP_TTL);
	ip->ttl = ELB_ICMP_TTL;
	ip->saddr = ip->daddr;
	ip->daddr = asker;
	icmp->check = elb_csum_apply(icmp->check, (__u16)~ELB_ICMP_ECHO + ELB_ICMP_ECHO_REPLY);
	icmp->type = ELB_ICMP_ECHO_REPLY;
	return elb_exit(ELB_REASON_ECHO_ANSWERED);
}

ELB_INLINE __u32 elb_swap_ports(__u32 ports)
{
	return ports << 16 | ports >> 16;
}

/* Replaces a word of what an ICMP checksum covers. */
#define ELB_ICMP_REPLACE(sum, field, value)                                                        \
	do {                                                                                       \
		__u32 is_ = (value);                                                               \
		(sum) = elb_csum_fold(elb_csum_change(sum, field, is_));                           \
		(field) = is_;                                                                     \
	} while (0)

ELB_NOINLINE int elb_icmp_error46(ELB_CTX *ctx, __u32 where, struct elb_flow *flow,
				  __u32 ctl); /* icmp6_error.h */

/*
 * An error about no known connection, which quotes the packet at `inner` in the frame: the proxy's
 * connections are the stack's, and so is what happens to them (path MTU).
 */
ELB_NOINLINE int elb_icmp_unknown(ELB_CTX *ctx, __u32 inner)
{
	struct elb_listener_key key = {.proto = IPPROTO_TCP};
	void *quoted = elb_data(ctx) + (inner & 255);
	__u32 *ports;

	if (!elb_within(ctx, quoted, sizeof(struct iphdr)))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	if (*(__u8 *)quoted == ELB_IP_PLAIN) {
		struct iphdr *ip = quoted;

		if (ip->protocol != IPPROTO_TCP)
			return elb_exit(ELB_REASON_ICMP_STRAY);
		key.addr = elb_mapped(ip->saddr);
		ports = (void *)(ip + 1);
	} else {
		struct elb_ip6 *ip = quoted;

		if (*(__u8 *)quoted >> 4 != 6 || !elb_within(ctx, ip, sizeof(*ip)) ||
		    ip->next != IPPROTO_TCP)
			return elb_exit(ELB_REASON_ICMP_STRAY);
		key.addr = ip->source;
		ports = (void *)(ip + 1);
	}
	if (!elb_within(ctx, ports, sizeof(*ports)))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	key.port = *ports;
	struct elb_listener *listener = bpf_map_lookup_elem(&elb_listeners, &key);
	return elb_exit(listener && listener->flags & ELB_LISTENER_PROXY ? ELB_REASON_PASS_PROXY
									 : ELB_REASON_ICMP_STRAY);
}

/*
 * An error about a packet that we sent: it quotes what its sender never saw. The packet's other
 * direction has the translation: the error is a reply to it, from the same address.
 */
ELB_NOINLINE int elb_icmp_error(ELB_CTX *ctx, __u32 l3, __u32 header_len, __u32 vlan)
{
	struct elb_cursor_at at;
	struct elb_ethernet *eth;
	struct iphdr *ip, *inner;
	struct elb_icmp *icmp;
	struct elb_quoted *quoted;
	struct tcphdr *tcp;

	if (!elb_take_ip(ctx, l3, &at, &eth, &ip))
		return elb_exit(ELB_REASON_MALFORMED);
	at.pos = (void *)ip + (header_len & 63);
	if (!ELB_TAKE(&at, &icmp) || !ELB_TAKE(&at, &inner))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	__u32 inner_len = inner->ihl * 4;
	__u32 quote_len = bpf_ntohs(ip->tot_len) - header_len - sizeof(*icmp);
	at.pos = (void *)inner + inner_len;
	if (inner->version != 4 || inner_len < sizeof(*inner) ||
	    quote_len < inner_len + sizeof(*quoted) || inner->saddr != ip->daddr ||
	    inner->frag_off & bpf_htons(ELB_IP_OFFSET) || !ELB_TAKE(&at, &quoted))
		return elb_exit(ELB_REASON_ICMP_STRAY);
	struct elb_flow_key key = {
		.addrs = (__u64)inner->daddr << 32 | inner->saddr,
		.ports = elb_swap_ports(quoted->ports),
		.proto = inner->protocol,
	};
	__u64 found = elb_find_elsewhere(key.addrs, key.ports, key.proto);
	struct elb_flow *flow = found ? elb_table_slot(ELB_TABLE, found >> 32) : 0;
	if (!flow)
		return elb_icmp_unknown(ctx, l3 + header_len + sizeof(*icmp));
	if (found & ELB_FLOW_V6)
		return elb_icmp_error46(ctx, elb_where(l3 & 31, header_len & 63, 0), flow, found);
	__u32 source = ELB_LOAD(flow->new_source), dest = ELB_LOAD(flow->new_dest);
	__u32 ports = elb_swap_ports(ELB_LOAD(flow->new_ports));
	__u32 deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);
	__u32 hop_index = ELB_LOAD(flow->hop);
	if (!elb_flow_still(flow, found))
		return elb_exit(ELB_REASON_RACE);
	if (ip->ttl < 2)
		return elb_exit(ELB_REASON_TTL);
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &hop_index);
	int reason = elb_hop_check(hop, bpf_ntohs(ip->tot_len));
	if (reason != ELB_FORWARD || !hop)
		return elb_exit(reason);
	int verdict = elb_send(ctx, hop->ifindex);
	if (!ELB_LEAVES(verdict))
		return verdict;

	__u32 sum = (__u16)~icmp->check;
	if (key.proto == IPPROTO_UDP && quoted->udp_check) {
		__u16 check = elb_csum_apply(quoted->udp_check, deltas >> 16);
		ELB_ICMP_REPLACE(sum, quoted->udp_check, check ? check : 0xffff);
	}
	at.pos = quoted;
	if (key.proto == IPPROTO_TCP && quote_len >= inner_len + sizeof(*tcp) &&
	    ELB_TAKE(&at, &tcp))
		ELB_ICMP_REPLACE(sum, tcp->check, elb_csum_apply(tcp->check, deltas >> 16));
	if (found & ELB_FLOW_COOKIE)
		ELB_ICMP_REPLACE(sum, quoted->tcp_seq,
				 elb_seq_quoted(flow, found, quoted->tcp_seq));
	ELB_ICMP_REPLACE(sum, quoted->ports, ports);
	ELB_ICMP_REPLACE(sum, inner->saddr, dest);
	ELB_ICMP_REPLACE(sum, inner->daddr, source);
	ELB_ICMP_REPLACE(sum, inner->check, elb_csum_apply(inner->check, deltas & 0xffff));
	icmp->check = ~sum;

	sum = (__u16)~ip->check + ELB_CSUM_TTL;
	ip->ttl--;
	ELB_ICMP_REPLACE(sum, ip->saddr, source);
	ELB_ICMP_REPLACE(sum, ip->daddr, dest);
	ip->check = ~sum;
	elb_hop_write(hop, eth);
	elb_count_reason(ELB_REASON_ICMP_TRANSLATED);
	__u32 to = hop->vlan;
	if (to != vlan && elb_retag(ctx, vlan, to))
		return elb_exit(ELB_REASON_NO_HEADROOM);
	return verdict;
}

/* ICMP, whole and not a fragment if it is for us. */
ELB_NOINLINE int elb_icmp(ELB_CTX *ctx, __u32 l3, __u32 header_len, __u32 vlan)
{
	struct elb_cursor_at at;
	struct elb_ethernet *eth;
	struct iphdr *ip;
	struct elb_icmp *icmp;

	if (!elb_take_ip(ctx, l3, &at, &eth, &ip))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 kind = elb_addr_kind_of(ip->daddr);
	if (kind != ELB_ADDR_VIP && kind != ELB_ADDR_LOCAL)
		return elb_exit(kind ? ELB_REASON_PASS_HOST : ELB_REASON_PASS_OTHER);
	at.pos = (void *)ip + (header_len & 63);
	if (ip->frag_off & bpf_htons(ELB_IP_FRAGMENT))
		return elb_exit(ELB_REASON_FRAGMENT);
	if (!ELB_TAKE(&at, &icmp) || bpf_ntohs(ip->tot_len) < header_len + sizeof(*icmp))
		return elb_exit(ELB_REASON_MALFORMED);
	switch (icmp->type) {
	case ELB_ICMP_ECHO:
		return elb_echo(ctx, eth, ip, icmp);
	case ELB_ICMP_UNREACHABLE:
	case ELB_ICMP_TIME:
	case ELB_ICMP_PARAMETER:
		return elb_icmp_error(ctx, l3, header_len, vlan);
	}
	return elb_exit(kind == ELB_ADDR_VIP ? ELB_REASON_PASS_ICMP : ELB_REASON_STRAY_REPLY);
}

#endif
