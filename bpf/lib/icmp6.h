/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMPv6: neighbour solicitations for the balancer's addresses (RFC 4861), which nobody else would
 * answer, pings of them, errors about connections (icmp6_error.h).
 */
#ifndef ELB_ICMP6_H
#define ELB_ICMP6_H

#include <lib/icmp6_error.h>

#define ELB_ICMP6_ECHO	    128
#define ELB_ICMP6_REPLY	    129
#define ELB_ICMP6_SOLICIT   135
#define ELB_ICMP6_ADVERTISE 136

/* A neighbour advertisement as sent; a solicitation may lack the option. */
struct elb_advert {
	struct elb_icmp6 icmp;
	struct elb_ip target;
	__u8 option, option_units; /* of 8 bytes */
	__u8 mac[ETH_ALEN];
};
ELB_ASSERT(sizeof(struct elb_advert) == 32, "elb_advert");
#define ELB_SOLICIT_LEN	     24
#define ELB_ND_HOPS	     255 /* nobody has forwarded it */
#define ELB_ND_SOLICITED     bpf_htonl(0x40000000)
#define ELB_ND_OVERRIDE	     bpf_htonl(0x20000000)
#define ELB_ND_TARGET_OPTION 2

/* Cuts or lengthens the frame; packet pointers are invalid afterwards. 0: done. */
ELB_INLINE int elb_resize(ELB_CTX *ctx, __u32 length)
{
#ifdef ELB_TC
	return bpf_skb_change_tail(ctx, length, 0);
#else
	return bpf_xdp_adjust_tail(ctx, (int)length - (int)elb_frame_len(ctx));
#endif
}

/*
 * Answers a solicitation whose target is one of our addresses. One from the unspecified address
 * asks whether the address is in use (RFC 4862): answered to all nodes.
 */
ELB_NOINLINE int elb_answer_nd(ELB_CTX *ctx, __u32 l3)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, l3);
	struct elb_advert *nd = (void *)(ip + 1);
	__u32 ifindex = elb_ingress(ctx);
	struct elb_link *link = bpf_map_lookup_elem(&elb_links, &ifindex);

	l3 &= 31;
	if (!link || !elb_within(ctx, nd, ELB_SOLICIT_LEN) || ip->hop_limit != ELB_ND_HOPS ||
	    nd->icmp.code || elb_ip6_len(ip) < sizeof(*ip) + ELB_SOLICIT_LEN ||
	    elb_is_mapped(&nd->target) || elb_kind_of(&nd->target) == ELB_ADDR_NONE)
		return elb_exit(ELB_REASON_PASS_OTHER);
	if (elb_resize(ctx, l3 + sizeof(*ip) + sizeof(*nd)))
		return elb_exit(ELB_REASON_PASS_OTHER);

	struct elb_ethernet *eth = elb_data(ctx);
	ip = elb_ip6_at(ctx, l3);
	nd = (void *)(ip + 1);
	if (!elb_within(ctx, nd, sizeof(*nd)) || !elb_within(ctx, eth, sizeof(*eth)))
		return elb_exit(ELB_REASON_MALFORMED);
	int probe = !(ip->source.word[0] | ip->source.word[1] | ip->source.word[2] |
		      ip->source.word[3]);
	struct elb_ip asker = ip->source;
	__builtin_memcpy(eth->dest, eth->source, ETH_ALEN);
	if (probe) {
		asker = (struct elb_ip){{bpf_htonl(0xff020000), 0, 0, bpf_htonl(1)}};
		eth->dest[0] = eth->dest[1] = 0x33;
		eth->dest[2] = eth->dest[3] = eth->dest[4] = 0;
		eth->dest[5] = 1;
	}
	__builtin_memcpy(eth->source, link->mac, ETH_ALEN);
	ip->word = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons(sizeof(*nd));
	ip->source = nd->target;
	ip->dest = asker;
	nd->icmp.type = ELB_ICMP6_ADVERTISE;
	nd->icmp.check = 0;
	nd->icmp.word = ELB_ND_OVERRIDE | (probe ? 0 : ELB_ND_SOLICITED);
	nd->option = ELB_ND_TARGET_OPTION;
	nd->option_units = 1;
	__builtin_memcpy(nd->mac, link->mac, ETH_ALEN);

	__u64 sum = bpf_htonl(sizeof(*nd)) + (__u64)bpf_htonl(IPPROTO_ICMPV6);
	const __u32 *word = (const __u32 *)&ip->source; /* both addresses and the message */
	for (__u32 i = 0; i < (2 * sizeof(struct elb_ip) + sizeof(*nd)) / 4; i++)
		sum += word[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	nd->icmp.check = ~elb_csum_fold(sum);
	return elb_exit(ELB_REASON_ND_ANSWERED);
}

/* Turns an echo request round in place; only its type changes, the addresses' sum does not. */
ELB_INLINE int elb_answer_ping6(ELB_CTX *ctx, struct elb_ip6 *ip, struct elb_icmp6 *icmp)
{
	struct elb_ethernet *eth = elb_data(ctx);
	struct elb_ip source = ip->source;

	if (elb_bad_source6(&source))
		return elb_exit(ELB_REASON_BAD_SOURCE);
	if (!elb_within(ctx, eth, sizeof(*eth)) || !elb_turn_ethernet(ctx, eth))
		return elb_exit(ELB_REASON_PASS_ICMP);
	ip->source = ip->dest;
	ip->dest = source;
	ip->hop_limit = ELB_IP6_HOPS;
	icmp->type = ELB_ICMP6_REPLY;
	icmp->check =
		elb_csum_apply(icmp->check, elb_csum_change(0, ELB_ICMP6_ECHO, ELB_ICMP6_REPLY));
	return elb_exit(ELB_REASON_ECHO_ANSWERED);
}

ELB_NOINLINE int elb_icmp6(ELB_CTX *ctx, __u32 where, __u32 vlan)
{
	struct elb_ip6 *ip = elb_ip6_at(ctx, ELB_WHERE_L3(where));
	struct elb_icmp6 *icmp = (void *)ip + ELB_WHERE_HEADER(where);

	if (!elb_within(ctx, ip, sizeof(*ip)))
		return elb_exit(ELB_REASON_MALFORMED);
	__u32 total = elb_ip6_len(ip);
	if (!elb_within(ctx, icmp, sizeof(*icmp)) ||
	    total < ELB_WHERE_HEADER(where) + sizeof(*icmp) ||
	    total + ELB_WHERE_L3(where) > elb_frame_len(ctx))
		return elb_unbalanced6(ctx, ELB_WHERE_L3(where), ELB_REASON_MALFORMED);
	if (icmp->type == ELB_ICMP6_SOLICIT && ELB_WHERE_HEADER(where) == sizeof(*ip))
		return elb_answer_nd(ctx, ELB_WHERE_L3(where));
	__u32 kind = elb_kind_of(&ip->dest);
	if (kind != ELB_ADDR_VIP && kind != ELB_ADDR_LOCAL)
		return elb_exit(kind ? ELB_REASON_PASS_HOST : ELB_REASON_PASS_OTHER);
	if (icmp->type == ELB_ICMP6_ECHO && !icmp->code)
		return elb_answer_ping6(ctx, ip, icmp);
	if (icmp->type >= ELB_ICMP6_UNREACHABLE && icmp->type <= ELB_ICMP6_PARAMETER)
		return elb_icmp_error6(ctx, where, vlan);
	return elb_exit(kind == ELB_ADDR_VIP ? ELB_REASON_PASS_ICMP : ELB_REASON_STRAY_REPLY);
}

#endif
