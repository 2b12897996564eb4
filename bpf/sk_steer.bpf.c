/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections to HTTP and HTTPS listeners go to the proxy's sockets, whatever their VIP and port:
 * no socket is bound to a VIP, and a new listener is one map entry. Runs when the kernel looks for
 * a listening socket (once for a SYN, again for the ACK of a SYN cookie), never for a packet of an
 * established connection.
 *
 * The loop is the hash of the client's address and port and the listener's port: the same for the
 * SYN and for the ACK, since a SYN cookie is good only at the socket that gave it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <elb/sk_steer.h>

#define AF_INET		2
#define IPPROTO_TCP	6
#define ELB_STEER_TRIES 4 /* loops asked when one has no socket */

/* The compiler must not join two loads from the context: the kernel takes them at constant offsets
 * only. */
#define ELB_LOAD_ALONE(to, from)                                                                   \
	do {                                                                                       \
		__u32 loaded = (from);                                                             \
		asm volatile("" : "+r"(loaded));                                                   \
		(to) = loaded;                                                                     \
	} while (0)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ELB_STEER_PORTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct elb_steer_key);
	__type(value, __u32);
} steer_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2 * ELB_STEER_LOOPS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} steer_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct elb_steer_conf);
} steer_conf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ELB_STEER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} steer_counts SEC(".maps");

static __always_inline void elb_steer_add(__u32 count)
{
	__u64 *value = bpf_map_lookup_elem(&steer_counts, &count);

	if (value)
		__sync_fetch_and_add(value, 1); /* preempted by another one on this CPU */
}

/* A round of MurmurHash3. */
static __always_inline __u32 elb_steer_mix(__u32 hash, __u32 word)
{
	word *= 0xcc9e2d51;
	word = word << 15 | word >> 17;
	hash ^= word * 0x1b873593;
	hash = hash << 13 | hash >> 19;
	return hash * 5 + 0xe6546b64;
}

static __always_inline __u32 elb_steer_finish(__u32 hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6b;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35;
	return hash ^ hash >> 16;
}

/* The client's port and address and the listener's port, as one hash. */
static __always_inline __u32 elb_steer_hash(struct bpf_sk_lookup *ctx, __u32 seed)
{
	__u32 hash = elb_steer_mix(seed, (__u32)ctx->remote_port << 16 | ctx->local_port);
	__u32 word;

	if (ctx->family == AF_INET) {
		ELB_LOAD_ALONE(word, ctx->remote_ip4);
		return elb_steer_finish(elb_steer_mix(hash, word));
	}
	ELB_LOAD_ALONE(word, ctx->remote_ip6[0]);
	hash = elb_steer_mix(hash, word);
	ELB_LOAD_ALONE(word, ctx->remote_ip6[1]);
	hash = elb_steer_mix(hash, word);
	ELB_LOAD_ALONE(word, ctx->remote_ip6[2]);
	hash = elb_steer_mix(hash, word);
	ELB_LOAD_ALONE(word, ctx->remote_ip6[3]);
	return elb_steer_finish(elb_steer_mix(hash, word));
}

static __always_inline struct elb_steer_key elb_steer_key(struct bpf_sk_lookup *ctx)
{
	struct elb_steer_key key = {.port = bpf_htons(ctx->local_port)};
	__be32 v4;

	if (ctx->family == AF_INET) {
		ELB_LOAD_ALONE(v4, ctx->local_ip4);
		key.addr = elb_mapped(v4);
		return key;
	}
	ELB_LOAD_ALONE(key.addr.word[0], ctx->local_ip6[0]);
	ELB_LOAD_ALONE(key.addr.word[1], ctx->local_ip6[1]);
	ELB_LOAD_ALONE(key.addr.word[2], ctx->local_ip6[2]);
	ELB_LOAD_ALONE(key.addr.word[3], ctx->local_ip6[3]);
	return key;
}

/* True if the socket at that place took the connection. */
static __always_inline int elb_steer_give(struct bpf_sk_lookup *ctx, __u32 place)
{
	struct bpf_sock *sock = bpf_map_lookup_elem(&steer_sockets, &place);

	if (!sock)
		return 0;
	int given = bpf_sk_assign(ctx, sock, 0) == 0;
	bpf_sk_release(sock);
	return given;
}

/* SK_PASS without a socket: the kernel goes on looking, finds nobody, and refuses. */
SEC("sk_lookup")
int elb_steer(struct bpf_sk_lookup *ctx)
{
	__u32 zero = 0;

	if (ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	struct elb_steer_key key = elb_steer_key(ctx);
	if (!bpf_map_lookup_elem(&steer_ports, &key))
		return SK_PASS;
	struct elb_steer_conf *conf = bpf_map_lookup_elem(&steer_conf, &zero);
	if (!conf || !conf->loops) {
		elb_steer_add(ELB_STEER_NO_SOCKET);
		return SK_PASS;
	}
	__u32 first = ctx->family == AF_INET ? 0 : ELB_STEER_LOOPS_MAX;
	__u32 hash = elb_steer_hash(ctx, conf->seed);
	for (int i = 0; i < ELB_STEER_TRIES; i++) {
		if (elb_steer_give(ctx, first + (hash + i) % conf->loops)) {
			elb_steer_add(ELB_STEER_GIVEN);
			return SK_PASS;
		}
	}
	elb_steer_add(ELB_STEER_NO_SOCKET);
	return SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
