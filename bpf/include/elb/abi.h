/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and the agent agree on: map keys and values, limits, exit reasons. The only
 * copy; compiled as C by clang for BPF and as C++ by the agent. Addresses and ports are in network
 * order unless a name says _host. Every padding byte is a named field that is written as zero: a
 * padded key is a silent miss.
 *
 * ELB_ABI_VERSION steps whenever a pinned map can no longer be read by another build; the agent
 * then rebuilds the maps and says so, it never re-interprets them (docs/architecture.md, "Pins").
 */
#ifndef ELB_ABI_H
#define ELB_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#define ELB_ASSERT(cond, why) static_assert(cond, why)
#else
#define ELB_ASSERT(cond, why) _Static_assert(cond, why)
#endif

#define ELB_ABI_VERSION	    5
#define ELB_CACHE_LINE	    64
#define ELB_RING_MAX	    65537 /* members of one ring; slot 0 before them holds the length */
#define ELB_HOPS_MAX	    65536 /* next hops, index 0 is never valid */
#define ELB_HOPS_MEMBERS    57344 /* 1..57343 belong to the agent, the rest is learnt by packets */
#define ELB_PORT_FIRST_HOST 1024  /* local ports handed out: 1024..65535 */
#define ELB_PORT_COUNT	    64512

/* Names of pinned maps (at most 15 characters). */
#define ELB_MAP_META	  "elb_meta"   /* ARRAY 1: struct elb_meta */
#define ELB_MAP_FLOWS	  "elb_flows"  /* ARRAY, mmap: struct elb_flow */
#define ELB_MAP_FLOWS6	  "elb_flows6" /* ARRAY, mmap, by slot of elb_flows: struct elb_flow6 */
#define ELB_MAP_SEQS	  "elb_seqs" /* ARRAY, mmap, by slot of elb_flows: __u64, elb/flow_seq.h */
#define ELB_MAP_LISTENERS "elb_listeners" /* HASH: elb_listener_key -> elb_listener */
#define ELB_MAP_POLICIES  "elb_policies"  /* ARRAY by listener index: struct elb_policy */
#define ELB_MAP_RINGS	  "elb_rings"	  /* ARRAY_OF_MAPS by listener index -> ARRAY of __u32 */
#define ELB_MAP_CURSORS	  "elb_cursors"	  /* ARRAY, mmap, by listener index: struct elb_cursor */
#define ELB_MAP_LOADS	  "elb_loads"	  /* ARRAY, mmap, by member index: __u32 connections now */
#define ELB_MAP_ACL	  "elb_acl"	  /* LPM_TRIE: elb_acl_key -> __u32, not read */
#define ELB_MAP_STICKY	  "elb_sticky"	  /* LRU_HASH: elb_sticky_key -> elb_sticky */
#define ELB_MAP_LIMITED	  "elb_limited" /* PERCPU_ARRAY by listener: __u64 dropped for bandwidth */
#define ELB_MAP_RATES	  "elb_rates"	/* ARRAY: struct elb_rate; 0: whether there are any */
#define ELB_MAP_BUCKETS	  "elb_buckets" /* ARRAY by 2 * rate + reverse: struct elb_bucket */
#define ELB_MAP_QUANTA	  "elb_quanta"	/* PERCPU_ARRAY like elb_buckets: __u64 bytes in hand */
#define ELB_MAP_RESETS	  "elb_resets"	/* ARRAY, mmap: struct elb_reset, for elb_inject */
#define ELB_MAP_MEMBERS	  "elb_members" /* ARRAY by member index: struct elb_member */
#define ELB_MAP_PORTS	  "elb_ports"	/* PERCPU_ARRAY by member index: __u64 local port cursor */
#define ELB_MAP_TRAFFIC	  "elb_traffic" /* PERCPU_ARRAY by member index: struct elb_traffic */
#define ELB_MAP_REFUSED                                                                            \
	"elb_refused"		     /* PERCPU_ARRAY by listener index: __u64 connections refused */
#define ELB_MAP_HOPS	  "elb_hops" /* ARRAY: struct elb_hop */
#define ELB_MAP_HOP_INDEX "elb_hop_index" /* HASH: elb_hop_key -> __u32 index of a learnt hop */
#define ELB_MAP_HOP_FREE  "elb_hop_free"  /* QUEUE of __u32: learnt hops that may be handed out */
#define ELB_MAP_ADDRS	  "elb_addrs"	  /* LPM_TRIE: elb_addr_key -> __u32 enum elb_addr_kind */
#define ELB_MAP_LINKS	  "elb_links"	  /* HASH by ifindex: struct elb_link */
#define ELB_MAP_TX_PORTS  "elb_tx_ports"  /* DEVMAP_HASH by ifindex */
#define ELB_MAP_FRAGS	  "elb_frags"	  /* LRU_HASH: elb_frag_key -> elb_frag */
#define ELB_MAP_REASONS	  "elb_reasons"	  /* PERCPU_ARRAY by enum elb_reason: __u64 packets */

/* Identity of a set of pinned maps; written once by the agent that made them. */
struct elb_meta {
	__u32 abi_version;
	__u32 flow_slots; /* power of two */
	__u64 seed[5];	  /* of the flow table's hash; random for each new table */
	__u32 tick_shift; /* tick = jiffies >> tick_shift */
	__u32 pad;
};
ELB_ASSERT(sizeof(struct elb_meta) == 56, "elb_meta");

/*
 * One direction of one connection, one cache line (see elb/flow_table.h for the protocol on home
 * and ctl). key_addrs = source << 32 | destination, key_ports = the four bytes after the IP header
 * as loaded.
 */
struct elb_flow {
	__u32 home; /* belongs to the position */
	__u32 ctl;  /* belongs to the occupant: phase, ELB_FLOW_* flags, generation */
	__u32 last; /* tick of the last packet */
	__u8 proto; /* IPPROTO_TCP or IPPROTO_UDP, with ELB_KEY_V6 if the key is of IPv6 */
	__u8 pad;
	__u16 hop; /* where rewritten packets go */
	__u64 key_addrs;
	__u32 key_ports;
	__u32 new_source;
	__u32 new_dest;
	__u32 new_ports;
	__u16 l3_delta; /* checksum differences, one's complement */
	__u16 l4_delta;
	__be32 ack; /* TCP: last acknowledgement seen in this direction, for a reset in the other */
	__u64 traffic; /* bytes << 16 | member index; IP packets with an Ethernet header each, no
			  padding */
	__u32 packets;
	__u32 peer; /* slot of the other direction's entry */
};
ELB_ASSERT(sizeof(struct elb_flow) == ELB_CACHE_LINE, "one cache line per direction");

#define ELB_KEY_V6	      0x80u /* so that keys of the families never meet */
#define ELB_FLOW_PROTO(proto) ((proto)&0x7fu)

/* The bytes wrap at 2^48 without touching the member; its listener is in elb_members. */
#define ELB_FLOW_MEMBER(traffic)	((__u16)(traffic))
#define ELB_FLOW_BYTES(traffic)		((traffic) >> 16)
#define ELB_FLOW_TRAFFIC(bytes, member) ((__u64)(bytes) << 16 | (__u16)(member))

/* An address of either family where speed does not matter: IPv4 as ::ffff:a.b.c.d (RFC 4291). */
struct elb_ip {
	__be32 word[4];
};
#define ELB_MAPPED_WORD	 __builtin_bswap32(0xffffu) /* word[2] of such an address */
#define ELB_MAPPED_SHIFT 96			    /* what it adds to the length of a prefix */

static inline struct elb_ip elb_mapped(__be32 addr)
{
	struct elb_ip ip = {{0, 0, ELB_MAPPED_WORD, addr}};

	return ip;
}

/*
 * What does not fit into the entry of an IPv6 connection or of one between the families: the whole
 * addresses, beside the entry of the same slot. Such an entry has ELB_FLOW_V6; its key_addrs is a
 * keyed hash of both addresses. A packet may use the entry only if key_source and key_dest are its
 * own. Written between claim and ready, like the entry.
 */
struct elb_flow6 {
	struct elb_ip key_source, key_dest;
	struct elb_ip new_source, new_dest;
};
ELB_ASSERT(sizeof(struct elb_flow6) == ELB_CACHE_LINE, "elb_flow6");

struct elb_listener_key {
	struct elb_ip addr;
	__be16 port;
	__u8 proto;
	__u8 pad;
};
ELB_ASSERT(sizeof(struct elb_listener_key) == 20, "elb_listener_key");

struct elb_listener {
	__u32 index;
	__u32 flags; /* ELB_LISTENER_* */
	__u8 id[16]; /* UUID of the listener, so that a restarted agent finds its indexes */
};
ELB_ASSERT(sizeof(struct elb_listener) == 24, "elb_listener");
#define ELB_LISTENER_EIP   1u /* this key is the load balancer's EIP, not its VIP */
#define ELB_LISTENER_PROXY 2u /* HTTP or HTTPS: the stack's, once the whitelist has agreed */

enum elb_algorithm {
	ELB_ROUND_ROBIN,       /* ring: members in smooth order of their weights */
	ELB_LEAST_CONNECTIONS, /* ring: up to ELB_LEAST_SCAN members each once, more as above */
	ELB_SOURCE_HASH,       /* ring: Maglev's table, its length a prime */
};
#define ELB_LEAST_SCAN 64 /* a ring up to this long is scanned, of a longer one some are drawn */

/* How a listener admits and treats connections. Zero is the plain case. */
struct elb_policy {
	__u32 algorithm;	/* enum elb_algorithm */
	__u32 flags;		/* ELB_POLICY_* */
	__u32 acl;		/* of the keys in elb_acl, with ELB_POLICY_WHITELIST */
	__u32 sticky_ticks;	/* 0: no source address stickiness */
	__u32 connection_limit; /* 0: none */
	__u32 rate_vip;		/* index into elb_rates, 0: no limit */
	__u32 rate_eip;
	__u32 hash_seed; /* of the source hash: the same on every node */
	__u32 pad[8];
};
ELB_ASSERT(sizeof(struct elb_policy) == ELB_CACHE_LINE, "elb_policy");
#define ELB_POLICY_WHITELIST 1u /* only clients that elb_acl knows under `acl` */
#define ELB_POLICY_TOA	     2u /* hand the client's address to members by a TCP option */

/*
 * The ring's position and the listener's open connections: every CPU adds to them. active and
 * opened change together, in one addition of ELB_CURSOR_ONE to the eight bytes: if they are what
 * they were, nothing was opened or closed in between.
 */
struct elb_cursor {
	__u64 next;
	__u32 active;	  /* connections now; like elb_loads, see ELB_FLOW_CLOSED */
	__u32 opened;	  /* so far; wraps */
	__u32 open_until; /* `opened` may not pass it, if limited: written by the agent's sweep */
	__u32 limited;
	__u32 cookies_until; /* tick up to which SYN cookies that were sent may come back */
	__u32 pad0;
	__u64 pad[4];
};
#define ELB_CURSOR_ONE 0x100000001ull
ELB_ASSERT(sizeof(struct elb_cursor) == ELB_CACHE_LINE, "elb_cursor");

/* Whitelists of all listeners in one trie: the list's number is the first part of the prefix. */
struct elb_acl_key {
	__u32 prefix_len; /* ELB_ACL_BITS + of 128 */
	__u32 acl;
	struct elb_ip client;
};
ELB_ASSERT(sizeof(struct elb_acl_key) == 24, "elb_acl_key");
#define ELB_ACL_BITS 32

/* The member that a client of a listener with stickiness got last. */
struct elb_sticky_key {
	__u32 listener;
	struct elb_ip client;
};
ELB_ASSERT(sizeof(struct elb_sticky_key) == 20, "elb_sticky_key");
struct elb_sticky {
	__u32 member;
	__u32 generation; /* of elb_members[member], or the entry says nothing */
	__u32 expires;	  /* tick */
	__u32 pad;
};
ELB_ASSERT(sizeof(struct elb_sticky) == 16, "elb_sticky");

/* What the source hash and the first choice of a sticky client go by, on every node the same. */
static inline __u32 elb_client_hash(const struct elb_ip *client, __u32 seed)
{
	__u64 x = seed;

	for (int i = 0; i < 4; i++) {
		x = (x ^ client->word[i]) * 0x9FB21C651E98DF25ull;
		x ^= x >> 32;
	}
	return (__u32)(x ^ (x >> 17));
}

/*
 * A member as one listener sees it: a pool that serves two listeners has two entries for each
 * member. So one counter bumped for each packet gives the member's figures and, summed, the
 * listener's.
 */
struct elb_member {
	struct elb_ip addr;
	__be16 port;
	__u16 hop;	/* index into elb_hops, of the agent's part */
	__u32 listener; /* index */
	__u16 flags;	/* ELB_MEMBER_* */
	__u16 weight;
	__u32 generation; /* another for each member that gets the index: for sticky entries */
	__u8 id[16];	  /* UUID of the member; zero: entry unused */
	__u8 listener_id[16];
};
ELB_ASSERT(sizeof(struct elb_member) == ELB_CACHE_LINE, "elb_member");
#define ELB_MEMBER_USABLE 1u /* may get connections; also what a restarted agent starts from */

struct elb_traffic {
	__u64 connections;
	__u64 packets_in, bytes_in;   /* client to member */
	__u64 packets_out, bytes_out; /* member to client */
};
ELB_ASSERT(sizeof(struct elb_traffic) == 40, "elb_traffic");

/* Bandwidth of one address, the same for either direction (bpf/lib/rate.h). */
struct elb_rate {
	__u64 per_jiffy; /* bytes << ELB_RATE_SHIFT that a jiffy earns; 0: no limit */
	__u64 burst;	 /* bytes; more than CPUs * quantum, and than any packet */
	__u32 quantum;	 /* bytes that a CPU takes at a time */
	__u32 mbit_per_s;
	struct elb_ip addr; /* so that a restarted agent finds its indexes */
};
ELB_ASSERT(sizeof(struct elb_rate) == 40, "elb_rate");
#define ELB_RATE_SHIFT 10

struct elb_bucket {
	__u64 taken; /* bytes; what was earned comes from the clock */
	__u64 pad[7];
};
ELB_ASSERT(sizeof(struct elb_bucket) == ELB_CACHE_LINE, "elb_bucket");

/* A reset that the agent wants sent because it has ended a connection (program elb_inject). */
struct elb_reset {
	struct elb_ip source, dest;
	__u32 ports; /* source in the low half on a little-endian machine */
	__be32 seq, ack;
	__u32 hop;
	__u64 pad[2];
};
ELB_ASSERT(sizeof(struct elb_reset) == ELB_CACHE_LINE, "elb_reset");
#define ELB_RESETS_MAX 8192 /* of one run */

struct elb_hop {
	__u8 dest_mac[6];
	__u8 source_mac[6];
	__u32 ifindex;
	__u16 mtu; /* of the link, without the Ethernet header */
	__u8 valid;
	__u8 pad;
	__u32 vlan; /* tags of frames that go there, ELB_VLAN_*; 0: none */
};
ELB_ASSERT(sizeof(struct elb_hop) == 24, "elb_hop");

/*
 * VLAN tags: the only or the inner one in the low half, an outer one in the high half. A tag is its
 * identifier, ELB_VLAN_TAG (0 is an identifier too) and ELB_VLAN_SERVICE if it is 802.1ad's.
 */
#define ELB_VLAN_ID	 0x0fffu
#define ELB_VLAN_TAG	 0x1000u
#define ELB_VLAN_SERVICE 0x8000u

struct elb_hop_key {
	__u8 mac[6]; /* source of the client's frame */
	__u16 pad;
	__u32 ifindex;
	__u32 vlan; /* tags of the client's frame */
};
ELB_ASSERT(sizeof(struct elb_hop_key) == 16, "elb_hop_key");

/* An interface the program is attached to: what ARP answers carry and what learnt hops may take. */
struct elb_link {
	__u8 mac[6];
	__u16 mtu; /* without the Ethernet header */
};
ELB_ASSERT(sizeof(struct elb_link) == 8, "elb_link");

/* What later fragments of a datagram go by: they have no ports themselves. */
struct elb_frag_key {
	__be32 source, dest;
	__be16 id;
	__u8 proto;
	__u8 pad;
};
ELB_ASSERT(sizeof(struct elb_frag_key) == 12, "elb_frag_key");

struct elb_frag {
	__u32 ports; /* as elb_flow.key_ports */
	__u32 tick;
};
ELB_ASSERT(sizeof(struct elb_frag) == 8, "elb_frag");

struct elb_addr_key {
	__u32 prefix_len; /* of 128 */
	struct elb_ip addr;
};
ELB_ASSERT(sizeof(struct elb_addr_key) == 20, "elb_addr_key");

enum elb_addr_kind {
	ELB_ADDR_NONE = 0,
	ELB_ADDR_VIP = 1,   /* of a load balancer: listeners decide, ARP answered */
	ELB_ADDR_LOCAL = 2, /* SNAT side: only replies of members, ARP answered */
	ELB_ADDR_HOST =
		3, /* SNAT side, but the node's own (health checks): to the stack, ARP answered */
};

/*
 * Why a packet was not simply forwarded. X(NAME, name, drop, what it means and what to do)
 * The name is what the API, the metrics and docs/drop-reasons.md show.
 */
#define ELB_REASONS(X)                                                                             \
	X(PASS_OTHER, "pass_other", 0, "not for a virtual or local address: left to the kernel")   \
	X(PASS_HOST, "pass_host", 0,                                                               \
	  "for one of the node's own addresses (health checks): left to the kernel")               \
	X(PASS_ICMP, "pass_icmp", 0, "other ICMP to a virtual address: left to the kernel")        \
	X(PASS_PROXY, "pass_proxy", 0, "for an HTTP or HTTPS listener: left to the proxy")         \
	X(ARP_ANSWERED, "arp_answered", 0,                                                         \
	  "ARP request for a virtual or local address, answered by the balancer")                  \
	X(MALFORMED, "malformed", 1, "header cut short or lengths that contradict each other")     \
	X(FRAGMENT, "fragment", 1,                                                                 \
	  "IP fragment without its first one, or a first one too short for ports")                 \
	X(IP_OPTIONS, "ip_options", 1, "IPv4 options that are broken or ask for a source route")   \
	X(PROTOCOL, "protocol", 1,                                                                 \
	  "neither TCP nor UDP nor ICMP, sent to a virtual or local address")                      \
	X(TTL, "ttl", 1, "time to live used up: look for a routing loop")                          \
	X(NO_LISTENER, "no_listener", 1, "no listener has this address, protocol and port")        \
	X(NOT_SYN, "not_syn", 1,                                                                   \
	  "TCP segment of no known connection that does not open one: expired, or never ours")     \
	X(NO_MEMBER, "no_member", 1,                                                               \
	  "the listener has no usable member: see 'elbctl status' for the reason")                 \
	X(TABLE_FULL, "table_full", 1,                                                             \
	  "no room in the flow table: raise flow-slots or lower the idle times")                   \
	X(NO_PORT, "no_port", 1,                                                                   \
	  "all probed local ports towards the member are taken: widen local-addresses")            \
	X(RACE, "race", 1,                                                                         \
	  "lost too many races for one slot against other CPUs: the sender's retry succeeds")      \
	X(STRAY_REPLY, "stray_reply", 1,                                                           \
	  "packet to a local address that belongs to no connection")                               \
	X(NO_HOP, "no_hop", 1,                                                                     \
	  "the member's next hop is not resolved: check route and neighbour on the node")          \
	X(HOPS_FULL, "hops_full", 1,                                                               \
	  "more neighbours send client traffic than the next-hop table holds")                     \
	X(TOO_BIG, "too_big", 1, "frame exceeds the MTU of the link it would leave by")            \
	X(NO_HEADROOM, "no_headroom", 1,                                                           \
	  "no room in the buffer for another VLAN tag: the driver leaves too little headroom")     \
	X(NOT_ALLOWED, "not_allowed", 1, "the listener's whitelist does not have the client")      \
	X(CONNECTION_LIMIT, "connection_limit", 1,                                                 \
	  "the listener has as many connections as its limit allows")                              \
	X(TABLE_SHARE, "table_share", 1,                                                           \
	  "the flow table is nearly full and the rest is kept for other listeners: raise "         \
	  "flow-slots")                                                                            \
	X(RATE_GUARD, "rate_guard", 1,                                                             \
	  "more new connections a second than max-new-connections-per-s allows each CPU")          \
	X(ECHO_ANSWERED, "echo_answered", 0,                                                       \
	  "ping of a virtual or local address, answered by the balancer")                          \
	X(ICMP_TRANSLATED, "icmp_translated", 0,                                                   \
	  "ICMP error about a connection, translated and sent on to the other side")               \
	X(ICMP_STRAY, "icmp_stray", 1, "ICMP error that quotes no packet of a known connection")   \
	X(TOO_BIG_TOLD, "too_big_told", 0,                                                         \
	  "packet exceeds the MTU of its way: its sender was told (fragmentation needed)")         \
	X(BAD_SOURCE, "bad_source", 1,                                                             \
	  "source address that no client can have: forged, or a loop in the network")              \
	X(BANDWIDTH, "bandwidth", 1,                                                               \
	  "over the bandwidth of the load balancer's address: raise it or spread the load")        \
	X(TOA_NO_ROOM, "toa_no_room", 0,                                                           \
	  "forwarded without the client's address: no room in the TCP header or the link's MTU")   \
	X(RESET_SENT, "reset_sent", 0,                                                             \
	  "a RST was sent: for a segment that could not be served, or to an end of a "             \
	  "connection that was ended")                                                             \
	X(ND_ANSWERED, "nd_answered", 0,                                                           \
	  "neighbour solicitation for a virtual or local address, answered by the balancer")       \
	X(IP6_EXTENSION, "ip6_extension", 1,                                                       \
	  "IPv6 extension headers that are not balanced: routing, authentication, or too many")    \
	X(NO_UDP_CHECKSUM, "no_udp_checksum", 1,                                                   \
	  "UDP without checksum, which IPv6 does not allow: have the member compute it")           \
	X(SYN_COOKIE_SENT, "syn_cookie_sent", 0,                                                   \
	  "SYN above max-new-connections-per-s, answered with a cookie: a flood, or too low a "    \
	  "rate")                                                                                  \
	X(SYN_COOKIE_OK, "syn_cookie_ok", 0,                                                       \
	  "a client sent its cookie back, so its connection may be opened")                        \
	X(SYN_COOKIE_BAD, "syn_cookie_bad", 1,                                                     \
	  "TCP segment of no known connection that brings no cookie of ours, while some are out")  \
	X(SYN_COOKIE_EARLY, "syn_cookie_early", 1,                                                 \
	  "segment of a connection opened by a cookie that came before the member had answered")   \
	X(TOA_LOOP, "toa_loop", 1,                                                                 \
	  "the client is the member it would get, which a listener with TOA does not allow: have " \
	  "the member call its own service directly")

enum elb_reason {
#define ELB_REASON_ENUM(NAME, name, drop, text) ELB_REASON_##NAME,
	ELB_REASONS(ELB_REASON_ENUM)
#undef ELB_REASON_ENUM
		ELB_REASON_COUNT
};

#ifdef __cplusplus
#include <type_traits>
static_assert(std::has_unique_object_representations_v<elb_listener_key>);
static_assert(std::has_unique_object_representations_v<elb_hop_key>);
static_assert(std::has_unique_object_representations_v<elb_frag_key>);
static_assert(std::has_unique_object_representations_v<elb_addr_key>);
static_assert(std::has_unique_object_representations_v<elb_flow>);
static_assert(std::has_unique_object_representations_v<elb_member>);
static_assert(std::has_unique_object_representations_v<elb_policy>);
static_assert(std::has_unique_object_representations_v<elb_acl_key>);
static_assert(std::has_unique_object_representations_v<elb_sticky_key>);
static_assert(std::has_unique_object_representations_v<elb_sticky>);
static_assert(std::has_unique_object_representations_v<elb_flow6>);
static_assert(std::has_unique_object_representations_v<elb_hop>);
static_assert(std::has_unique_object_representations_v<elb_link>);
static_assert(std::has_unique_object_representations_v<elb_rate>);
static_assert(std::has_unique_object_representations_v<elb_reset>);
#endif

#endif
