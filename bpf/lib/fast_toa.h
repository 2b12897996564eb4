/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fast way (fast.h) of a client's segment that is to carry the client's address. The frame
 * grows once, and its headers are translated while they move to the front: nothing is parsed, moved
 * or summed up twice.
 */
#ifndef ELB_FAST_TOA_H
#define ELB_FAST_TOA_H

#include <lib/core.h>

#define ELB_FAST_HEADERS (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))

/* The first words of the option, and all that it changes in the checksum but port and address: the
 * length in the pseudo header, the data offset. As loaded. */
#define ELB_FAST_TOA_WORD (ELB_OPTION_TOA | ELB_TOA_SIZE << 8)
#define ELB_FAST_TOA_DOFF (ELB_TOA_SIZE / 4 << 4)
#define ELB_FAST_TOA_SUM  (ELB_FAST_TOA_WORD + ELB_FAST_TOA_DOFF + (ELB_TOA_SIZE << 8))

/*
 * `from` is where the frame began. Ascending, each word is read before something is written over
 * it. Bytes of the packet without the option.
 */
ELB_INLINE __u32 elb_fast_toa_write(void *to, void *from, const struct elb_flow *flow,
				    const struct elb_hop *hop)
{
	struct iphdr *ip = to + ETH_HLEN, *ip_was = from + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1), *tcp_was = (void *)(ip_was + 1);
	__u32 deltas = ELB_LOAD(*(const __u32 *)&flow->l3_delta);
	__u32 client = ip_was->saddr, port = tcp_was->source;
	__be16 was = ip_was->tot_len, is = bpf_htons(bpf_ntohs(was) + ELB_TOA_SIZE);
	/* under the new destination: not to be read later, whatever types say */
	__u16 check = *(elb_mac_u16 *)&ip_was->check;

	elb_hop_write(hop, to);
	*(elb_mac_u32 *)(to + 12) = *(elb_mac_u32 *)(from + 12);
	ip->tot_len = is;
	*(elb_mac_u32 *)&ip->id = *(elb_mac_u32 *)&ip_was->id;
	ip->ttl = ip_was->ttl - 1;
	ip->protocol = IPPROTO_TCP;
	ip->check = elb_csum_apply(check, (deltas & 0xffff) + ELB_CSUM_TTL + (__u16)~was + is);
	ip->saddr = ELB_LOAD(flow->new_source);
	ip->daddr = ELB_LOAD(flow->new_dest);
	*(__u32 *)tcp = ELB_LOAD(flow->new_ports);
	*(elb_mac_u64 *)&tcp->seq = *(elb_mac_u64 *)&tcp_was->seq;
	*(elb_mac_u32 *)(&tcp->ack_seq + 1) =
		*(elb_mac_u32 *)(&tcp_was->ack_seq + 1) + ELB_FAST_TOA_DOFF;
	tcp->check = elb_csum_apply(tcp_was->check, (deltas >> 16) + ELB_FAST_TOA_SUM + port +
							    (client & 0xffff) + (client >> 16));
	tcp->urg_ptr = tcp_was->urg_ptr;
	*(elb_mac_u64 *)(tcp + 1) = (__u64)client << 32 | port << 16 | ELB_FAST_TOA_WORD;
	return bpf_ntohs(was);
}

/* Such a segment to its verdict, when nothing but room in the frame is missing. */
ELB_INLINE int elb_fast_toa(ELB_CTX *ctx, struct elb_flow *flow, const struct elb_hop *hop,
			    __u32 ctl)
{
	if (bpf_xdp_adjust_head(ctx, -ELB_TOA_SIZE))
		return elb_plain(ctx);

	void *to = elb_data(ctx), *from = to + ELB_TOA_SIZE;
	struct iphdr *ip_was = from + ETH_HLEN;
	if (from + ELB_FAST_HEADERS > elb_data_end(ctx))
		return ELB_BROKEN_ENV;
	if (elb_bandwidth_any() &&
	    !elb_bandwidth_allows(ELB_FLOW_MEMBER(flow->traffic), ctl, bpf_ntohs(ip_was->tot_len)))
		return elb_exit(ELB_REASON_BANDWIDTH);
	elb_note_newer(flow, ((struct tcphdr *)(ip_was + 1))->ack_seq);
	__u32 length = elb_fast_toa_write(to, from, flow, hop);
	if (!elb_flow_still(flow, ctl))
		return elb_exit(ELB_REASON_RACE); /* ended while this CPU was stopped */
	int verdict = elb_send(ctx, hop->ifindex);
	if (ELB_LEAVES(verdict))
		elb_count_forwarded(flow, 0, length + ELB_TOA_SIZE);
	return verdict;
}

#endif
