// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Both ends of the veth benchmark: `generate` makes UDP datagrams of many flows out of live frames
 * (BPF_F_TEST_XDP_LIVE_FRAMES), `take` counts the ones that arrive translated and drops all.
 * One CPU runs each of them, so plain additions do.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

__u8 gen_headers[48] = {}; /* of the first flow, checksums included */
__u32 gen_ifindex = 0;
__u32 gen_flow_mask = 0; /* number of flows - 1 */
__u64 gen_next = 0;

__u32 take_addr = 0; /* of the member, network order */
__u16 take_port = 0;
__u64 taken = 0;
__u64 strays = 0;

/*
 * The page of a live frame keeps what its last journey made of it, so all headers are written each
 * time. Flow n has source port first + n; its checksum is the first flow's plus n.
 */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct frame *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(frame, gen_headers, sizeof(*frame));

	__u32 flow = gen_next++ & gen_flow_mask;
	__u32 sum = (__u16)~bpf_ntohs(frame->udp.check) + flow;
	sum = (sum & 0xffff) + (sum >> 16);
	frame->udp.source = bpf_htons(bpf_ntohs(frame->udp.source) + flow);
	__u16 check = ~sum;
	frame->udp.check = bpf_htons(check ? check : 0xffff);
	return bpf_redirect(gen_ifindex, 0);
}

SEC("xdp")
int take(struct xdp_md *ctx)
{
	struct frame *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end || frame->ip.daddr != take_addr ||
	    frame->udp.dest != take_port)
		strays++;
	else
		taken++;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Apache-2.0";
