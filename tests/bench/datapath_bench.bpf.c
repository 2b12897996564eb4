// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The balancer under measurement. The same packet is run again and again, so each program first
 * makes it another connection's: `mutate` is part of the floor as well. It also restores what a
 * reset has changed, or one packet refused (a full window of the table) would make a RST of all
 * that follow.
 */
#include <lib/balance.h>

#define BENCH_HEAD (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))

struct bench {
	__u64 next;
	__u32 count;		   /* of connections */
	__u32 base;		   /* the first one: each CPU may have its own */
	__be16 port;		   /* of the listener */
	__u16 word;		   /* data offset and flags, as loaded */
	__u8 head[BENCH_HEAD + 4]; /* the headers as they were, for what has to write them again */
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

	if ((void *)(ports + 4) > end)
		return 0;
	struct bench *state = bpf_map_lookup_elem(&bench, &zero);
	if (!state)
		return 0;
	__u32 number = state->base + (__u32)state->next;
	__u64 next = state->next + 1;
	state->next = next < state->count ? next : 0;
	((__u16 *)ports)[6] = state->word;
	ip->saddr = (number * 2654435761u) << 8 | (10 + (number >> 30)); /* 10.x or 11.x */
	ip->daddr = bpf_htonl(0x0ac80101);
	ip->ttl = 64;
	*ports = bpf_htons(12345) | (__u32)state->port << 16;
	return 1;
}

ELB_INLINE int mutate6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct elb_ip6 *ip = data + ETH_HLEN;
	__u16 *ports = (void *)(ip + 1);
	__u32 zero = 0;

	if ((void *)(ports + 8) > end)
		return 0;
	struct bench *state = bpf_map_lookup_elem(&bench, &zero);
	if (!state)
		return 0;
	__u32 number = state->base + (__u32)state->next;
	__u64 next = state->next + 1;
	state->next = next < state->count ? next : 0;
	ip->source = (struct elb_ip){
		{bpf_htonl(0x20010db8), bpf_htonl(0x00010000), 0, number * 2654435761u}};
	ip->dest = (struct elb_ip){{bpf_htonl(0x20010db8), 0, 0, bpf_htonl(1)}};
	ip->hop_limit = 64;
	ports[0] = bpf_htons(12345);
	ports[1] = state->port;
	ports[6] = state->word;
	return 1;
}

SEC("xdp")
int bench_floor6(struct xdp_md *ctx)
{
	return mutate6(ctx) ? XDP_TX : XDP_ABORTED;
}

SEC("xdp")
int bench_balance6(struct xdp_md *ctx)
{
	return mutate6(ctx) ? elb_balance(ctx) : XDP_ABORTED;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	return mutate(ctx) ? XDP_TX : XDP_ABORTED;
}

/*
 * The floor and one line of memory: reads and writes the cache line in which the balancer would
 * find the packet's connection, and does nothing else. What a hit costs beside it is the program's
 * doing; the rest is the machine's memory.
 */
SEC("xdp")
int bench_line(struct xdp_md *ctx)
{
	if (!mutate(ctx))
		return XDP_ABORTED;

	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	if ((void *)(ip + 1) + 4 > end)
		return XDP_ABORTED;
	struct elb_flow_key key = {
		.addrs = (__u64)ip->saddr << 32 | ip->daddr,
		.ports = *(const __u32 *)(ip + 1),
		.proto = ip->protocol,
	};
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, elb_flow_home(ELB_TABLE, &key));
	if (!flow)
		return XDP_ABORTED;
	flow->pad = ELB_LOAD(flow->last);
	return XDP_TX;
}

/* The same for IPv6: the entry and the line beside it. */
SEC("xdp")
int bench_line6(struct xdp_md *ctx)
{
	if (!mutate6(ctx))
		return XDP_ABORTED;

	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct elb_ip6 *ip = data + ETH_HLEN;
	struct elb_l4 l4 = {.ports = (void *)(ip + 1)};
	if ((void *)(ip + 1) + 4 > end)
		return XDP_ABORTED;
	struct elb_flow_key key = elb_key_of6(ip, &l4, IPPROTO_TCP);
	__u32 home = elb_flow_home(ELB_TABLE, &key);
	struct elb_flow *flow = elb_table_slot(ELB_TABLE, home);
	struct elb_flow6 *beside = elb_flow_beside(home);
	if (!flow || !beside)
		return XDP_ABORTED;
	flow->pad = ELB_LOAD(flow->last);
	ip->dest = beside->new_dest;
	return XDP_TX;
}

SEC("xdp")
int bench_balance(struct xdp_md *ctx)
{
	return mutate(ctx) ? elb_balance(ctx) : XDP_ABORTED;
}

/*
 * Takes from the frame what the option has added, so that the next repetition finds it as it was.
 */
ELB_INLINE int shrink(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct bench *state = bpf_map_lookup_elem(&bench, &zero);

	if (!state || bpf_xdp_adjust_head(ctx, ELB_TOA_SIZE))
		return XDP_ABORTED;
	void *data = (void *)(long)ctx->data;
	if (data + BENCH_HEAD > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(data, state->head, BENCH_HEAD);
	return XDP_TX;
}

SEC("xdp")
int bench_floor_toa(struct xdp_md *ctx)
{
	return mutate(ctx) && !bpf_xdp_adjust_head(ctx, -ELB_TOA_SIZE) ? shrink(ctx) : XDP_ABORTED;
}

SEC("xdp")
int bench_balance_toa(struct xdp_md *ctx)
{
	return mutate(ctx) && elb_balance(ctx) == XDP_TX ? shrink(ctx) : XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
