/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frame and what the kernel calls it: the same core is compiled for XDP (struct xdp_md) and,
 * with ELB_TC, for tc (struct __sk_buff). All that differs between them about reading, VLAN tags
 * and sending is here; what differs about checksums is in nat.h.
 */
#ifndef ELB_PACKET_H
#define ELB_PACKET_H

#include <linux/if_ether.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <elb/abi.h>
#include <elb/atomic.h>

#define ELB_NOINLINE __attribute__((noinline))

/*
 * A macro, not a typedef: the kernel knows a global function's context by the struct's name.
 * ELB_TC_TURN is for a frame that goes back where it came from; elb_done() makes a redirect of it.
 */
#ifdef ELB_TC
#define ELB_CTX	       struct __sk_buff
#define ELB_PASS       TC_ACT_UNSPEC /* the next program, then the stack */
#define ELB_DROP       TC_ACT_SHOT
#define ELB_TURN       100
#define ELB_AWAY       TC_ACT_REDIRECT
#define ELB_BROKEN_ENV TC_ACT_SHOT
#else
#define ELB_CTX	       struct xdp_md
#define ELB_PASS       XDP_PASS
#define ELB_DROP       XDP_DROP
#define ELB_TURN       XDP_TX
#define ELB_AWAY       XDP_REDIRECT
#define ELB_BROKEN_ENV XDP_ABORTED
#endif

ELB_INLINE void *elb_data(const ELB_CTX *ctx)
{
	return (void *)(long)ctx->data;
}

ELB_INLINE void *elb_data_end(const ELB_CTX *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* Bytes of the whole frame, also of what is not in the first buffer. */
ELB_INLINE __u32 elb_frame_len(ELB_CTX *ctx)
{
#ifdef ELB_TC
	return ctx->len;
#else
	return bpf_xdp_get_buff_len(ctx);
#endif
}

ELB_INLINE __u32 elb_ingress(const ELB_CTX *ctx)
{
#ifdef ELB_TC
	return ctx->ifindex;
#else
	return ctx->ingress_ifindex;
#endif
}

/* The kernel takes the outermost tag out of the frame before tc sees it. */
ELB_INLINE int elb_is_untagged(const ELB_CTX *ctx)
{
#ifdef ELB_TC
	return !ctx->vlan_present;
#else
	return 1;
#endif
}

/* Not struct ethhdr: that is packed, and clang would copy it byte by byte. */
struct elb_ethernet {
	__u8 dest[ETH_ALEN];
	__u8 source[ETH_ALEN];
	__be16 proto;
};

struct elb_cursor_at {
	void *pos;
	void *end;
};

/*
 * The header at the cursor, which moves behind it; 0 if the buffer ends before. Not a NULL pointer:
 * a packet pointer may not be compared with 0 on every kernel.
 */
#define ELB_TAKE(at, header) elb_take(at, sizeof(**(header)), (void **)(header))

ELB_INLINE int elb_take(struct elb_cursor_at *at, __u32 size, void **header)
{
	*header = at->pos;
	if (at->pos + size > at->end)
		return 0;
	at->pos += size;
	return 1;
}

enum elb_fragment {
	ELB_FRAGMENT_NONE,
	ELB_FRAGMENT_FIRST, /* UDP's length is that of the whole datagram */
	ELB_FRAGMENT_LATER, /* no TCP or UDP header */
};

/* Where things are in a frame. For a plain one all of it is constant, and costs nothing. */
struct elb_place {
	__u32 l3;	  /* offset of the IP header */
	__u32 header_len; /* of the IP header, with options or extensions */
	__u32 vlan;	  /* tags it came with, as elb_hop.vlan says them */
	__u32 fragment;	  /* enum elb_fragment */
	__u32 ports;	  /* of a later fragment, which has none itself */
};
#define ELB_PLAIN_PLACE ((struct elb_place){.l3 = ETH_HLEN, .header_len = 20})

#define ELB_IS_TAG(type) ((type) == bpf_htons(ETH_P_8021Q) || (type) == bpf_htons(ETH_P_8021AD))

struct elb_vlan_tag {
	__be16 tci;
	__be16 type; /* of what follows */
};

ELB_INLINE __u32 elb_vlan_of(__be16 type, __u32 tci)
{
	return (tci & ELB_VLAN_ID) | ELB_VLAN_TAG |
	       (type == bpf_htons(ETH_P_8021AD) ? ELB_VLAN_SERVICE : 0);
}

/*
 * Reads up to two tags; the cursor stands behind the Ethernet header and then at what *type says.
 * 0: cut short. More tags leave a tag's type, which nobody here knows.
 */
ELB_INLINE int elb_take_tags(const ELB_CTX *ctx, struct elb_cursor_at *at, __be16 *type,
			     __u32 *vlan)
{
	struct elb_vlan_tag *tag;

	*vlan = 0;
#ifdef ELB_TC
	if (ctx->vlan_present)
		*vlan = elb_vlan_of(ctx->vlan_proto, ctx->vlan_tci);
#endif
	for (int i = 0; i < 2; i++) {
		if (!ELB_IS_TAG(*type) || *vlan >> 16)
			break;
		if (!ELB_TAKE(at, &tag))
			return 0;
		*vlan = *vlan << 16 | elb_vlan_of(*type, bpf_ntohs(tag->tci));
		*type = tag->type;
	}
	return 1;
}

ELB_INLINE __u32 elb_tag_count(__u32 vlan)
{
	return !!vlan + !!(vlan >> 16);
}

ELB_INLINE __be16 elb_tag_type(__u32 tag)
{
	return tag & ELB_VLAN_SERVICE ? bpf_htons(ETH_P_8021AD) : bpf_htons(ETH_P_8021Q);
}

/*
 * Gives the frame other tags: 0, or 1 if there is no room for them. Packet pointers are invalid
 * afterwards. Global, since it is rare.
 */
ELB_NOINLINE int elb_retag(ELB_CTX *ctx, __u32 was, __u32 is)
{
#ifdef ELB_TC
	for (__u32 i = 0; i < 2; i++)
		if (elb_tag_count(was) > i && bpf_skb_vlan_pop(ctx))
			return 1;
	if (is && bpf_skb_vlan_push(ctx, elb_tag_type(is), is & ELB_VLAN_ID))
		return 1;
	return is >> 16 && bpf_skb_vlan_push(ctx, elb_tag_type(is >> 16), is >> 16 & ELB_VLAN_ID);
#else
	struct {
		__u32 word[3];
	} macs, *from;
	struct {
		__be16 type, tci;
	} * tag;
	struct elb_cursor_at at = {.pos = elb_data(ctx), .end = elb_data_end(ctx)};

	if (!ELB_TAKE(&at, &from))
		return 1;
	macs = *from;
	int grows = ((int)elb_tag_count(is) - (int)elb_tag_count(was)) * 4;
	if (grows && bpf_xdp_adjust_head(ctx, -grows))
		return 1;
	at = (struct elb_cursor_at){.pos = elb_data(ctx), .end = elb_data_end(ctx)};
	if (!ELB_TAKE(&at, &from))
		return 1;
	*from = macs;
	for (int shift = 16; shift >= 0; shift -= 16) {
		if (!(is >> shift))
			continue;
		if (!ELB_TAKE(&at, &tag))
			return 1;
		tag->type = elb_tag_type(is >> shift);
		tag->tci = bpf_htons(is >> shift & ELB_VLAN_ID);
	}
	return 0;
#endif
}

/* What the program returns for a verdict of the core. */
ELB_INLINE int elb_done(ELB_CTX *ctx, int verdict)
{
#ifdef ELB_TC
	if (verdict == ELB_TURN)
		return bpf_redirect(ctx->ifindex, 0);
#endif
	return verdict;
}

#endif
