/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's address for the member, as a TCP option (elb/toa.h). It stands directly behind the
 * base header of every client segment with ACK until the member has sent payload: the member's
 * kernel reads it from the segment that completes the handshake, whichever of them that is. Never
 * on a SYN.
 */
#ifndef ELB_TOA_H
#define ELB_TOA_H

#include <linux/ipv6.h>
#include <elb/toa.h>
#include <lib/tcp.h>

#define ELB_TCP_DOFF_MAX  60
#define ELB_IP_HEADER_MAX 60
#define ELB_HEADERS_MAX	  102 /* Ethernet, two tags, the longest IPv4 header, the base TCP header */

#ifndef ELB_TC /* there, the start of a checksum that the device is to compute cannot be moved */
/* Moves the first `size` bytes of the frame to the front by what elb_toa_grow() has made room for.
 */
ELB_INLINE int elb_toa_move(ELB_CTX *ctx, __u32 size, __u32 grow)
{
	__u8 *to = elb_data(ctx), *from = to + grow, *end = elb_data_end(ctx);

	if (size == ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr)) {
		if (from + 54 > end)
			return 0;
		for (int i = 0; i < 48; i += 8)
			*(elb_mac_u64 *)(to + i) = *(elb_mac_u64 *)(from + i);
		*(elb_mac_u32 *)(to + 48) = *(elb_mac_u32 *)(from + 48);
		*(elb_mac_u16 *)(to + 52) = *(elb_mac_u16 *)(from + 52);
		return 1;
	}
	for (__u32 i = 0; i < ELB_HEADERS_MAX; i += 2) {
		if (i >= size)
			break;
		if (from + i + 2 > end)
			return 0;
		*(elb_mac_u16 *)(to + i) = *(elb_mac_u16 *)(from + i);
	}
	return 1;
}

/* Adds 16-bit words as loaded, from `bytes` on. */
ELB_INLINE __u32 elb_toa_sum(const __u8 *bytes, __u32 size)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < size; i += 2)
		sum += *(const elb_mac_u16 *)(bytes + i);
	return sum;
}

/* The option itself and every length that covers it. `l3` and `tcp_at` are offsets in the frame. */
ELB_INLINE int elb_toa_write(ELB_CTX *ctx, __u32 l3, __u32 tcp_at, __u32 size, const __u8 *option)
{
	__u8 *data = elb_data(ctx), *end = elb_data_end(ctx);
	__u8 *ip = data + l3, *tcp = data + tcp_at, *to = tcp + sizeof(struct tcphdr);
	__u32 sum;

	if (ip + sizeof(struct iphdr) > end || to + size > end)
		return 0;
	for (__u32 i = 0; i < size; i += 4)
		*(elb_mac_u32 *)(to + i) = *(const elb_mac_u32 *)(option + i);
	if (ip[0] >> 4 == 4) {
		struct iphdr *ip4 = (struct iphdr *)ip;
		__be16 was = ip4->tot_len, is = bpf_htons(bpf_ntohs(was) + size);

		ip4->tot_len = is;
		ip4->check = elb_csum_apply(ip4->check, (__u16)~was + is);
	} else {
		__be16 *length = &((struct ipv6hdr *)ip)->payload_len;

		*length = bpf_htons(bpf_ntohs(*length) + size);
	}
	/* the length in the pseudo header, the data offset, the option */
	sum = bpf_htons(size) + ((size / 4) << 4) + elb_toa_sum(option, size);
	tcp[12] += (size / 4) << 4;
	((struct tcphdr *)tcp)->check =
		elb_csum_apply(((struct tcphdr *)tcp)->check, elb_csum_fold(sum));
	return 1;
}

/*
 * Puts the option into the frame before anything else of it is changed. 0: no room for it in the
 * header or within `mtu`, and nothing was changed. Packet pointers are invalid afterwards.
 */
ELB_NOINLINE int elb_toa_insert(ELB_CTX *ctx, __u32 l3, __u32 header_len, __u32 mtu)
{
	__u8 option[ELB_TOA_SIZE6] = {ELB_OPTION_TOA, ELB_TOA_SIZE};
	__u32 tcp_at = (l3 + header_len) & 127, size = ELB_TOA_SIZE, total;
	__u8 *data = elb_data(ctx), *end = elb_data_end(ctx);

	if (header_len > ELB_IP_HEADER_MAX)
		return 0; /* many extension headers */
	l3 &= 31;
	struct iphdr *ip = (void *)(data + l3);
	struct tcphdr *tcp = (void *)(data + tcp_at);
	if ((void *)(ip + 1) > (void *)end || (void *)(tcp + 1) > (void *)end)
		return 0;
	*(elb_mac_u16 *)(option + ELB_TOA_PORT) = tcp->source;
	if (ip->version == 4) {
		*(elb_mac_u32 *)(option + ELB_TOA_ADDRESS) = ip->saddr;
		total = bpf_ntohs(ip->tot_len);
	} else {
		struct ipv6hdr *ip6 = (void *)ip;

		if ((void *)(ip6 + 1) > (void *)end)
			return 0;
		size = option[1] = ELB_TOA_SIZE6;
		__builtin_memcpy(option + ELB_TOA_ADDRESS, &ip6->saddr, sizeof(ip6->saddr));
		total = bpf_ntohs(ip6->payload_len) + sizeof(*ip6);
	}
	if (ELB_TCP_DOFF(((__u8 *)tcp)[12]) + size > ELB_TCP_DOFF_MAX || total + size > mtu ||
	    bpf_xdp_adjust_head(ctx, -(int)size))
		return 0;
	/* two calls, so that every offset of the option is constant */
	if (size == ELB_TOA_SIZE)
		return elb_toa_move(ctx, tcp_at + sizeof(*tcp), ELB_TOA_SIZE) &&
		       elb_toa_write(ctx, l3, tcp_at, ELB_TOA_SIZE, option);
	return elb_toa_move(ctx, tcp_at + sizeof(*tcp), ELB_TOA_SIZE6) &&
	       elb_toa_write(ctx, l3, tcp_at, ELB_TOA_SIZE6, option);
}

#endif

/* The MTU of the link that the other direction of the connection leaves by. */
ELB_INLINE __u32 elb_other_mtu(const struct elb_flow *flow)
{
	struct elb_flow *other = elb_table_slot(ELB_TABLE, ELB_LOAD(flow->peer));
	__u32 index = other ? ELB_LOAD(other->hop) : 0;
	struct elb_hop *hop = bpf_map_lookup_elem(&elb_hops, &index);

	return hop ? hop->mtu : 0;
}

/*
 * Lowers the MSS so that a full segment still fits its link: the member's by what the client's link
 * takes, the client's by what the member's takes with the option in it.
 */
ELB_INLINE __u32 elb_toa_clamp(ELB_CTX *ctx, __u32 tcp_at, const struct elb_flow *flow, __u32 ctl)
{
	__u32 headers = sizeof(struct iphdr) + sizeof(struct tcphdr), mtu = elb_other_mtu(flow);
	__u32 size = ctl & ELB_FLOW_V6 ? ELB_TOA_SIZE6 : ELB_TOA_SIZE;

	if (flow->proto & ELB_KEY_V6) /* not an IPv4 member's */
		headers = sizeof(struct ipv6hdr) + sizeof(struct tcphdr);
	if (!(ctl & ELB_FLOW_REVERSE))
		size = 0;
	return elb_tcp_options(ctx, tcp_at, size, mtu > headers + size ? mtu - headers - size : 0);
}

/* A segment that elb_tcp_operate() has to change; one test or two for a plain one. */
ELB_INLINE int elb_tcp_is_special(const ELB_CTX *ctx, const struct elb_l4 *l4, __u32 ctl)
{
	if (ctl & ELB_FLOW_REVERSE)
		return ctl & ELB_FLOW_TOA && elb_tcp_flags(l4) & ELB_TCP_SYN;
	return (ctl & (ELB_FLOW_TOA | ELB_FLOW_SPOKEN)) == ELB_FLOW_TOA ||
	       elb_tcp_has_options(ctx, l4);
}

/*
 * Whatever is done to a segment's options; `mtu` is that of the link it leaves by. Packet pointers
 * are invalid afterwards.
 */
ELB_NOINLINE int elb_tcp_operate(ELB_CTX *ctx, __u32 place, const struct elb_flow *flow, __u32 ctl,
				 __u32 mtu)
{
	__u32 l3 = place & 31, header_len = place >> 8 & 255, tcp_at = l3 + header_len;
	struct elb_cursor_at at = {.pos = elb_data(ctx) + tcp_at, .end = elb_data_end(ctx)};
	struct tcphdr *tcp;

	if (!flow || !ELB_TAKE(&at, &tcp))
		return 0;
	__u32 word = ((__u8 *)tcp)[12], flags = ((__u8 *)tcp)[13];
	if (ctl & ELB_FLOW_TOA && flags & ELB_TCP_SYN)
		return elb_toa_clamp(ctx, tcp_at, flow, ctl);
	if (word > ELB_TCP_DOFF_PLAIN + 15)
		elb_tcp_options(ctx, tcp_at, 0, 0);
	if ((ctl & (ELB_FLOW_TOA | ELB_FLOW_SPOKEN)) != ELB_FLOW_TOA ||
	    (flags & (ELB_TCP_SYN | ELB_TCP_ACK)) != ELB_TCP_ACK)
		return 0;
#ifdef ELB_TC
	asm volatile("" : "+r"(mtu)); /* an argument that is not used would not be passed */
#else
	if (elb_toa_insert(ctx, l3, header_len, mtu))
		return 0;
#endif
	elb_count(ELB_REASON_TOA_NO_ROOM);
	return 0;
}
#define ELB_PLACE_WORD(at) ((at).l3 | (at).header_len << 8)

/* A member's segment with payload ends the option: the member has read the handshake. `length` is
 * that of header and payload, `word` as in struct elb_l4. */
ELB_INLINE void elb_toa_heard(struct elb_flow *flow, __u32 ctl, __u32 length, __u32 word)
{
	if (!(ctl & ELB_FLOW_TOA) || !(ctl & ELB_FLOW_REVERSE) || length <= ELB_TCP_DOFF(word))
		return;
	struct elb_flow *forward = elb_table_slot(ELB_TABLE, ELB_LOAD(flow->peer));
	if (forward && !(ELB_LOAD(forward->ctl) & ELB_FLOW_SPOKEN))
		elb_mark(flow, ctl, ELB_FLOW_SPOKEN, 0);
}

#endif
