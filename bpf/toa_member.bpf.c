/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's address on a member without a kernel module (docs/members.md, docs/adr/0014).
 *
 * When a connection is established, elb_toa_accept reads the balancer's option from the segment
 * that completed the handshake (the last ACK, or data if that was lost; with SYN cookies likewise)
 * and keeps the client with the socket. The socket frees it. When a process asks for the peer, by
 * accept() or getpeername(), elb_toa_peer4 and elb_toa_peer6 answer with the client. Nothing runs
 * for a segment of an established connection.
 *
 * Written for Linux 5.10: no atomic that returns a value, no bpf_loop(), no kernel structure.
 */
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <elb/toa.h>
#include <elb/toa_member.h>

#define AF_INET		   2
#define AF_INET6	   10
#define ELB_TCP_FLAG_SYN   2
#define ELB_TCP_HEADER_MAX 60

/* The compiler must not join two loads from the context: the kernel takes them at constant offsets
 * only. */
#define ELB_LOAD_ALONE(to, from)                                                                   \
	do {                                                                                       \
		(to) = (from);                                                                     \
		asm volatile("" : "+r"(to));                                                       \
	} while (0)

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct elb_toa_client);
} clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ELB_TOA_TRUSTED_MAX);
	__type(key, struct elb_toa_prefix);
	__type(value, __u32);
} trusted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ELB_TOA_STAT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

/* Atomic although the counter is this CPU's: two processes may be in here on one CPU, one
 * preempted. */
static __always_inline void elb_toa_count(__u32 stat)
{
	__u64 *value = bpf_map_lookup_elem(&stats, &stat);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/*
 * Where the first option of ours begins in the segment, 0 if there is none; the balancer puts it
 * before all others. Read as the kernel reads options: the walk ends at a length that is less than
 * 2 or reaches beyond the header. bpf_load_hdr_opt() cannot find it, as it wants a magic number
 * where the port is.
 *
 * The loop goes over every byte and stops at those where an option begins: the verifier then knows
 * each offset, and `next`, which it does not know, points nowhere. A global function is verified by
 * itself, so that what follows is not verified anew for each place where an option may be. Together
 * that is 30,000 instructions instead of 200,000.
 */
__attribute__((noinline)) int elb_toa_find(struct bpf_sock_ops *ctx)
{
	__u8 *tcp = (void *)(long)ctx->skb_data, *end = (void *)(long)ctx->skb_data_end;
	volatile __u8 next = sizeof(struct tcphdr);
	__u32 header, length;

	/* On a SYN (TCP Fast Open) it is nobody's: the balancer puts none there. */
	if (tcp + sizeof(struct tcphdr) > end || tcp[13] & ELB_TCP_FLAG_SYN)
		return 0;
	header = (tcp[12] >> 4) * 4;
	for (__u32 at = sizeof(struct tcphdr); at < ELB_TCP_HEADER_MAX; at++) {
		__u8 *option = tcp + at;

		if (at < next)
			continue;
		if (at + 2 > header || option + 2 > end || option[0] == ELB_OPTION_END)
			return 0;
		if (option[0] == ELB_OPTION_NOP) {
			next = at + 1;
			continue;
		}
		length = option[1];
		if (length < 2 || at + length > header)
			return 0;
		if (option[0] == ELB_OPTION_TOA &&
		    (length == ELB_TOA_SIZE || length == ELB_TOA_SIZE6))
			return at;
		next = at + length;
	}
	return 0;
}

/* The client of the option at that place; 0: it is not whole. */
static __always_inline int elb_toa_read(struct bpf_sock_ops *ctx, __u32 at,
					struct elb_toa_client *client)
{
	__u8 *end = (void *)(long)ctx->skb_data_end, *option;

	if (!at)
		return 0;
	at &= 63; /* for the verifier */
	option = (void *)(long)ctx->skb_data + at;
	if (option + ELB_TOA_SIZE > end)
		return 0;
	__builtin_memcpy(&client->port, option + ELB_TOA_PORT, 2);
	if (option[1] == ELB_TOA_SIZE) {
		client->family = AF_INET;
		client->addr[2] = bpf_htonl(0xffff);
		__builtin_memcpy(&client->addr[3], option + ELB_TOA_ADDRESS, 4);
		return 1;
	}
	if (option + ELB_TOA_SIZE6 > end)
		return 0;
	client->family = AF_INET6;
	__builtin_memcpy(client->addr, option + ELB_TOA_ADDRESS, 16);
	return 1;
}

/* Is the true peer somebody whose word counts? The handshake has shown that it holds the address.
 */
static __always_inline int elb_toa_trusts(struct bpf_sock_ops *ctx)
{
	struct elb_toa_prefix peer = {.bits = ELB_TOA_FAMILY_BITS + 128, .family = AF_INET6};
	__u32 *addr = (__u32 *)peer.addr;
	__u32 family, v4, word0, word1, word2, word3;

	ELB_LOAD_ALONE(family, ctx->family);
	ELB_LOAD_ALONE(v4, ctx->remote_ip4);
	ELB_LOAD_ALONE(word0, ctx->remote_ip6[0]);
	ELB_LOAD_ALONE(word1, ctx->remote_ip6[1]);
	ELB_LOAD_ALONE(word2, ctx->remote_ip6[2]);
	ELB_LOAD_ALONE(word3, ctx->remote_ip6[3]);
	if (family == AF_INET6 && !(word0 | word1) && word2 == bpf_htonl(0xffff)) {
		family = AF_INET;
		v4 = word3;
	}
	if (family == AF_INET) {
		peer.bits = ELB_TOA_FAMILY_BITS + 32;
		peer.family = AF_INET;
		addr[0] = v4;
	} else {
		addr[0] = word0;
		addr[1] = word1;
		addr[2] = word2;
		addr[3] = word3;
	}
	return bpf_map_lookup_elem(&trusted, &peer) != NULL;
}

/* 1 always, and the reply is left as it is: other programs of the cgroup may have given one. */
SEC("sockops")
int elb_toa_accept(struct bpf_sock_ops *ctx)
{
	struct elb_toa_client client = {};
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 1;
	/* An accepted socket may be disconnected and connected to somebody else. */
	if (ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		bpf_sk_storage_delete(&clients, sk);
	if (ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	if (!elb_toa_read(ctx, elb_toa_find(ctx), &client)) {
		elb_toa_count(ELB_TOA_STAT_NO_TOA);
		return 1;
	}
	if (!elb_toa_trusts(ctx)) {
		elb_toa_count(ELB_TOA_STAT_UNTRUSTED);
		return 1;
	}
	if (bpf_sk_storage_get(&clients, sk, &client, BPF_SK_STORAGE_GET_F_CREATE))
		elb_toa_count(ELB_TOA_STAT_TOA);
	else
		elb_toa_count(ELB_TOA_STAT_ALLOC_FAIL);
	return 1;
}

static __always_inline struct elb_toa_client *elb_toa_of(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct elb_toa_client *client = sk ? bpf_sk_storage_get(&clients, sk, NULL, 0) : NULL;

	if (!client)
		elb_toa_count(ELB_TOA_STAT_NAME_EMPTY);
	return client;
}

SEC("cgroup/getpeername4")
int elb_toa_peer4(struct bpf_sock_addr *ctx)
{
	struct elb_toa_client *client = elb_toa_of(ctx);

	if (!client)
		return 1;
	if (client->family != AF_INET) {
		elb_toa_count(ELB_TOA_STAT_NAME_MISMATCH);
		return 1;
	}
	ctx->user_ip4 = client->addr[3];
	ctx->user_port = client->port;
	elb_toa_count(ELB_TOA_STAT_NAME_OK);
	return 1;
}

SEC("cgroup/getpeername6")
int elb_toa_peer6(struct bpf_sock_addr *ctx)
{
	struct elb_toa_client *client = elb_toa_of(ctx);

	if (!client)
		return 1;
	ctx->user_ip6[0] = client->addr[0];
	ctx->user_ip6[1] = client->addr[1];
	ctx->user_ip6[2] = client->addr[2];
	ctx->user_ip6[3] = client->addr[3];
	ctx->user_port = client->port;
	elb_toa_count(ELB_TOA_STAT_NAME_OK);
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
