// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The balancer under measurement. The same packet is run again and again, so each program first
 * makes it another connection's: `mutate` is part of the floor as well.
 */
#include <lib/balance.h>

struct bench {
	__u64 next;
	__u32 mask; /* number of connections - 1 */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench);
} bench SEC(".maps");

ELB_INLINE int mutate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	__u32 *ports = (void *)(ip + 1);
	__u32 zero = 0;

	if ((void *)(ports + 1) > end)
		return 0;
	struct bench *state = bpf_map_lookup_elem(&bench, &zero);
	if (!state)
		return 0;
	ip->saddr = ((__u32)state->next++ & state->mask) * 2654435761u;
	ip->daddr = bpf_htonl(0x0ac80101);
	ip->ttl = 64;
	*ports = bpf_htonl(0x30390050);
	return 1;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	return mutate(ctx) ? XDP_TX : XDP_ABORTED;
}

SEC("xdp")
int bench_balance(struct xdp_md *ctx)
{
	return mutate(ctx) ? elb_balance(ctx) : XDP_ABORTED;
}

/* Only for this measurement: in the product the agent ends connections. */
ELB_NOINLINE int forget(struct elb_flow_key *key)
{
	struct elb_flow_ref ref;

	if (!key)
		return 0;
	__u32 home = elb_flow_home(ELB_TABLE, key);
	if (!elb_flow_find(ELB_TABLE, key, home, ELB_USABLE, &ref) || !ref.flow)
		return 0;
	elb_flow_unlink(ELB_TABLE, home, ref.bit);
	elb_flow_release(ref.flow, ref.ctl);
	return 1;
}

SEC("xdp")
int bench_open(struct xdp_md *ctx)
{
	struct elb_flow_key key = {.proto = IPPROTO_TCP};

	if (!mutate(ctx))
		return XDP_ABORTED;
	struct iphdr *ip = (void *)(long)ctx->data + ETH_HLEN;
	if ((void *)(ip + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	key.addrs = (__u64)ip->saddr << 32 | ip->daddr;
	key.ports = *(__u32 *)(ip + 1);
	int verdict = elb_balance(ctx);
	forget(&key);
	ip = (void *)(long)ctx->data + ETH_HLEN;
	if ((void *)(ip + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	key.addrs = (__u64)ip->daddr << 32 | ip->saddr;
	key.ports = *(__u32 *)(ip + 1) << 16 | *(__u32 *)(ip + 1) >> 16;
	forget(&key);
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
