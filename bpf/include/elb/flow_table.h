/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: every connection of the node, in one mmap-able BPF array that packets on all CPUs
 * and the agent work on at the same time, without a lock. This file is compiled into the programs
 * AND into the agent (C and C++), so both run the same protocol on the same words. The agent's
 * part, which ends connections, is elb/flow_sweep.h. Proofs, traps and figures: docs/flow-table.md.
 *
 * Why not the kernel's hash map: it costs a call and two to three cache misses a packet, an array
 * lookup is inlined and an entry here is ONE cache line; and the agent can read, count and expire
 * millions of entries through the mapping without a system call.
 *
 * A connection is two entries, forward (client -> VIP) and reverse (member -> local address). The
 * reverse key contains the local port: who links that key owns the port, there is no other bitmap
 * or lock. A key's entry stands in one of 16 slots: the window of 8 from its home position on, or a
 * second window of 8. Each slot has two control words:
 *
 *   home  belongs to the POSITION. Low half: which of the 16 slots hold keys whose home is here.
 *         High half: a version, stepped at every change. Every insert of a key is one
 *         compare-and-swap of this word, made from the value under which the key was searched and
 *         not found; so of two CPUs with the same key one wins and the other sees it.
 *   ctl   belongs to the OCCUPANT: phase, flags, and a generation stepped when the slot is claimed.
 *
 *      packets                                            agent only
 *      FREE --claim--> BUSY --ready--> READY --live--> LIVE <--> DYING --> DEAD --> FREE  (forward)
 *                                (linked here)                        \--> REST --> FREE  (reverse)
 *
 * A slot is claimed (BUSY: private), filled, made READY, linked, and only then LIVE: the agent ends
 * LIVE entries only, so it cannot end one that is not linked yet, however long the CPU that inserts
 * is stopped. A linked slot is never given another key before it was unlinked and freed.
 *
 * Who may do what
 *   packets   claim, fill, link; refresh `last`; set flags of the forward word; turn a DYING
 * forward entry back to LIVE; free what they claimed and could not link. the agent everything that
 * ends a connection; one sweeper for a slot, ever. The FORWARD ctl alone decides whether a pair
 * lives. A packet never changes the phase of a reverse entry, so a pair cannot split.
 *
 * Reading an entry: load ctl (elb_flow_find), copy the fields, then elb_flow_refresh(): it says
 * whether the fields belonged to the connection that was found. Nothing copied before may be used
 * if it says no: the packet is then treated as if nothing had been found.
 */
#ifndef ELB_FLOW_TABLE_H
#define ELB_FLOW_TABLE_H

#include <elb/abi.h>
#include <elb/atomic.h>
#ifdef __bpf__
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#endif

enum elb_flow_phase {
	ELB_FREE,
	ELB_BUSY,  /* private to the CPU that claimed it */
	ELB_READY, /* complete, about to be linked or just linked */
	ELB_LIVE,
	ELB_DYING, /* the agent means to end it unless a packet objects */
	ELB_DEAD,  /* forward: ended, no packet may use it */
	ELB_REST,  /* reverse: ended, the local port is not handed out yet */
};

#define ELB_PHASE_MASK	  7u
#define ELB_FLOW_REVERSE  0x0008u
/* What the connection has shown. The forward word is the truth; a reverse word holds SEEN_OUT as a
 * note that the forward word has it already. */
#define ELB_FLOW_SEEN_IN  0x0010u /* client: a segment after the SYN */
#define ELB_FLOW_SEEN_OUT 0x0020u /* member: any packet */
#define ELB_FLOW_FIN_IN	  0x0040u
#define ELB_FLOW_FIN_OUT  0x0080u
#define ELB_FLOW_RST	  0x0100u
#define ELB_FLOW_SPOKEN	  0x0200u /* member: payload, so it has read the handshake */
#define ELB_FLOW_CLOSED                                                                            \
	0x0400u /* no longer counted in elb_loads and elb_cursors; set exactly once */
/* What the connection is, decided when it opens; in both words. */
#define ELB_FLOW_V6  0x0800u /* elb_flows6 holds the addresses */
#define ELB_FLOW_EIP 0x1000u /* came to the EIP */
#define ELB_FLOW_TOA 0x2000u /* client segments carry the option until ELB_FLOW_SPOKEN */
#define ELB_FLOW_COOKIE                                                                            \
	0x4000u /* opened by a SYN cookie: sequence numbers differ (elb/flow_seq.h) */
#define ELB_GENERATION 0x10000u /* one step of the upper half of ctl */
#define ELB_VERSION    0x10000u /* one step of the upper half of home */
#define ELB_HOME_MAP   0xffffu

#define ELB_PHASE_BIT(phase) (1u << (phase))
/* A packet may be translated by it. */
#define ELB_USABLE	     (ELB_PHASE_BIT(ELB_READY) | ELB_PHASE_BIT(ELB_LIVE) | ELB_PHASE_BIT(ELB_DYING))
/* A reverse key in one of these is not handed out. */
#define ELB_TAKEN	     (ELB_USABLE | ELB_PHASE_BIT(ELB_REST))

#define ELB_WINDOW_SLOTS 16
#define ELB_LINK_TRIES	 8
#define ELB_RESCUE_TRIES 4

#ifndef ELB_PAUSE
#define ELB_PAUSE(point) /* the stress test stops threads here */
#endif
#ifndef ELB_BROKEN
#define ELB_BROKEN(what) 0 /* the stress test must notice when one of the rules is left out */
#endif

struct elb_flow_key {
	__u64 addrs; /* source << 32 | destination, network order */
	__u32 ports; /* as loaded: source in the low half on a little-endian machine */
	__u32 proto;
};

/* Where a find or a claim ended. */
struct elb_flow_ref {
	struct elb_flow *flow;
	__u32 slot;
	__u32 ctl;  /* as it was before the key was compared */
	__u32 word; /* the home word the search went by */
	__u32 bit;  /* 0..15: place within the windows */
};

#ifdef __bpf__
/* In BPF there is one table; the pointer that the functions hand on is empty and costs nothing. */
struct elb_table;
#define ELB_TABLE ((const struct elb_table *)0)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024); /* a power of two; the agent sets the real number before load */
	__type(key, __u32);
	__type(value, struct elb_flow);
} elb_flows SEC(".maps");
const volatile __u32 elb_flow_mask = 1023; /* number of slots - 1 */
const volatile __u64 elb_flow_seed[5] = {};

ELB_INLINE struct elb_flow *elb_table_slot(const struct elb_table *table, __u32 slot)
{
	return bpf_map_lookup_elem(&elb_flows, &slot);
}
#define elb_table_mask(table)	 elb_flow_mask
#define elb_table_seed(table, i) elb_flow_seed[i]
#else
/* Plain view of a mapped table; owns nothing. base is aligned to a cache line. */
struct elb_table {
	struct elb_flow *base;
	const struct elb_flow6 *beside; /* by slot; NULL: no IPv6 */
	const __u64 *seqs;		/* by slot, elb/flow_seq.h; NULL: nobody asks */
	__u32 mask;			/* number of slots - 1 */
	__u64 seed[5];
};

ELB_INLINE struct elb_flow *elb_table_slot(const struct elb_table *table, __u32 slot)
{
	return &table->base[slot & table->mask];
}
#define elb_table_mask(table)	 ((table)->mask)
#define elb_table_seed(table, i) ((table)->seed[i])
#endif

ELB_INLINE __u32 elb_flow_phase(__u32 ctl)
{
	return ctl & ELB_PHASE_MASK;
}

ELB_INLINE __u32 elb_flow_generation(__u32 ctl)
{
	return ctl >> 16;
}

ELB_INLINE __u32 elb_flow_in(__u32 ctl, __u32 phases)
{
	return phases >> elb_flow_phase(ctl) & 1;
}

ELB_INLINE __u32 elb_flow_with_phase(__u32 ctl, __u32 phase)
{
	return (ctl & ~ELB_PHASE_MASK) | phase;
}

/*
 * Keyed hash: a vector multiplication with random odd factors (two keys chosen without knowing them
 * collide in all 64 bits with a chance below 2^-32), then a mixer, so that the additive structure
 * of ports and addresses does not survive into the slot number.
 */
ELB_INLINE __u32 elb_flow_home(const struct elb_table *table, const struct elb_flow_key *key)
{
	__u64 x = elb_table_seed(table, 0) * (__u32)key->addrs +
		  elb_table_seed(table, 1) * (key->addrs >> 32) +
		  elb_table_seed(table, 2) * key->ports + elb_table_seed(table, 3) * key->proto +
		  elb_table_seed(table, 4);

	x ^= x >> 32;
	x *= 0x9FB21C651E98DF25ull;
	x ^= x >> 29;
	x *= 0xC2B2AE3D27D4EB4Full;
	return (__u32)(x ^ (x >> 32)) & elb_table_mask(table);
}

/* The slot that place `bit` of a home position stands for. */
ELB_INLINE __u32 elb_flow_slot(const struct elb_table *table, __u32 home, __u32 bit)
{
	__u32 second = home * 0x9E3779B1u;

	second ^= second >> 15;
	return ((bit & 8 ? second : home) + (bit & 7)) & elb_table_mask(table);
}

ELB_INLINE int elb_flow_has_key(const struct elb_flow *flow, const struct elb_flow_key *key)
{
	return ELB_LOAD(flow->key_addrs) == key->addrs && ELB_LOAD(flow->key_ports) == key->ports &&
	       ELB_LOAD(flow->proto) == (__u8)key->proto;
}

/*
 * READY may be a slot that is not linked and never will be (its CPU is about to lose), met through
 * an old home word whose bit belonged to the slot's former occupant: its port may be another
 * client's. It counts only if the home word is still the one the search went by. LIVE was linked.
 */
ELB_INLINE int elb_flow_linked(__u32 ctl, const struct elb_flow *home, __u32 word)
{
	return elb_flow_phase(ctl) != ELB_READY || ELB_BROKEN(READY) ||
	       ELB_LOAD(home->home) == word;
}

/* Tests one slot. ctl is read BEFORE the key and again after the fields (elb_flow_refresh). */
ELB_INLINE int elb_flow_match(struct elb_flow *flow, const struct elb_flow_key *key, __u32 phases,
			      const struct elb_flow *home, struct elb_flow_ref *ref)
{
	__u32 ctl = ELB_LOAD(flow->ctl);

	ELB_PAUSE(FIND_CTL);
	if (!elb_flow_has_key(flow, key))
		return 0;
	if (ELB_BROKEN(CTL_LATE)) {
		ELB_PAUSE(FIND_CTL_LATE);
		ctl = ELB_LOAD(flow->ctl);
	}
	if (!elb_flow_in(ctl, phases) || !elb_flow_linked(ctl, home, ref->word))
		return 0;
	ref->flow = flow;
	ref->ctl = ctl;
	return 1;
}

/* Most keys sit in their home slot, `first`: no address has to wait for the home word. */
ELB_INLINE int elb_flow_find_first(struct elb_flow *first, const struct elb_flow_key *key,
				   __u32 home, __u32 phases, struct elb_flow_ref *ref)
{
	ref->flow = 0;
	ref->slot = home;
	ref->bit = 0;
	ref->word = ELB_LOAD(first->home);
	ELB_PAUSE(FIND_WORD);
	return (ref->word & 1) && elb_flow_match(first, key, phases, first, ref);
}

/*
 * Finds a key in one of `phases`. Returns 1 with *ref filled, or 0 with ref->flow NULL and
 * ref->word the home word under which it was not there.
 */
ELB_INLINE int elb_flow_find(const struct elb_table *table, const struct elb_flow_key *key,
			     __u32 home, __u32 phases, struct elb_flow_ref *ref)
{
	struct elb_flow *first = elb_table_slot(table, home);

	ref->flow = 0;
	ref->word = 0;
	if (!first)
		return 0;
	if (elb_flow_find_first(first, key, home, phases, ref))
		return 1;

	__u32 map = ref->word & ELB_HOME_MAP & ~1u;
	for (int i = 1; i < ELB_WINDOW_SLOTS && map; i++) {
		ref->bit = elb_lowest_bit(map);
		ref->slot = elb_flow_slot(table, home, ref->bit);
		map &= map - 1;

		struct elb_flow *flow = elb_table_slot(table, ref->slot);
		if (!flow)
			break;
		if (elb_flow_match(flow, key, phases, first, ref))
			return 1;
	}
	return 0;
}

ELB_INLINE int elb_flow_same(__u32 ctl, __u32 found_ctl)
{
	return ELB_BROKEN(NO_RECHECK) ||
	       (elb_flow_generation(ctl) == elb_flow_generation(found_ctl) &&
		elb_flow_in(ctl, ELB_USABLE));
}

/* Is the slot still the occupant's that was found, and usable? */
ELB_INLINE int elb_flow_still(const struct elb_flow *flow, __u32 found_ctl)
{
	return elb_flow_same(ELB_LOAD(flow->ctl), found_ctl);
}

/* Takes a free slot of the windows, private until it is linked. 0 if there is none. */
ELB_INLINE int elb_flow_claim(const struct elb_table *table, __u32 home, __u32 flags,
			      struct elb_flow_ref *ref)
{
	for (__u32 bit = 0; bit < ELB_WINDOW_SLOTS; bit++) {
		__u32 slot = elb_flow_slot(table, home, bit);
		struct elb_flow *flow = elb_table_slot(table, slot);
		if (!flow)
			break;

		__u32 was = ELB_LOAD(flow->ctl);
		if (elb_flow_phase(was) != ELB_FREE)
			continue;
		__u32 ctl = ((was + ELB_GENERATION) & 0xffff0000u) | flags | ELB_BUSY;
		if (elb_cas(&flow->ctl, was, ctl) != was)
			continue;
		ref->flow = flow;
		ref->slot = slot;
		ref->ctl = ctl;
		ref->bit = bit;
		return 1;
	}
	return 0;
}

/* Gives back a slot that is not linked (any more). */
ELB_INLINE void elb_flow_release(struct elb_flow *flow, __u32 ctl)
{
	elb_exchange(&flow->ctl, (ctl & 0xffff0000u) | ELB_FREE);
}

/*
 * Gives back a forward slot that was ready but lost its link. A packet that met the reverse entry
 * may have closed it meanwhile: 1 if it is still to be taken out of the counters of open ones.
 */
ELB_INLINE int elb_flow_withdraw(struct elb_flow *flow, __u32 ctl)
{
	__u32 was = elb_exchange(&flow->ctl, (ctl & 0xffff0000u) | ELB_FREE);

	return !(was & ELB_FLOW_CLOSED) || ELB_BROKEN(WITHDRAW);
}

/* All fields are written: a full barrier, then whoever finds the slot may read them. */
ELB_INLINE void elb_flow_ready(struct elb_flow_ref *ref)
{
	ref->ctl = elb_flow_with_phase(ref->ctl, ELB_BROKEN(LIVE_FIRST) ? ELB_LIVE : ELB_READY);
	elb_exchange(&ref->flow->ctl, ref->ctl);
}

/* The slot is linked. An addition, since other packets may have set flags meanwhile. */
ELB_INLINE void elb_flow_live(struct elb_flow *flow)
{
	if (!ELB_BROKEN(LIVE_FIRST))
		elb_add(&flow->ctl, ELB_LIVE - ELB_READY);
}

enum elb_flow_link_result {
	ELB_LINKED = 0,
	ELB_LINK_TAKEN = -1, /* somebody else holds the key, in one of the phases asked for */
	ELB_LINK_RACED = -2, /* lost ELB_LINK_TRIES races for the home word */
};

ELB_INLINE __u32 elb_flow_with_bit(__u32 word, __u32 bit)
{
	__u32 version = ELB_BROKEN(NO_VERSION) ? 0 : ELB_VERSION;

	return ((word + version) & ~ELB_HOME_MAP) | (word & ELB_HOME_MAP) | 1u << bit;
}

/*
 * The usual case of elb_flow_link(): no key at all has this home, so there is nothing to search.
 * 0: it is not that case.
 */
ELB_INLINE int elb_flow_link_alone(const struct elb_table *table, __u32 home, __u32 bit)
{
	struct elb_flow *first = elb_table_slot(table, home);
	__u32 was = first ? ELB_LOAD(first->home) : ELB_HOME_MAP;

	return !(was & ELB_HOME_MAP) &&
	       elb_cas(&first->home, was, elb_flow_with_bit(was, bit)) == was;
}

/* Publishes a READY slot under its key, unless the key is there already: then *taken says where. */
ELB_INLINE int elb_flow_link(const struct elb_table *table, const struct elb_flow_key *key,
			     __u32 home, __u32 bit, __u32 phases, struct elb_flow_ref *taken)
{
	struct elb_flow *first = elb_table_slot(table, home);

	if (!first)
		return ELB_LINK_RACED;
	for (int i = 0; i < ELB_LINK_TRIES; i++) {
		if (!(ELB_BROKEN(NO_RESCAN) && i > 0) &&
		    elb_flow_find(table, key, home, phases, taken))
			return ELB_LINK_TAKEN;
		ELB_PAUSE(LINK_SEARCHED);

		__u32 was = ELB_BROKEN(NO_RESCAN) ? ELB_LOAD(first->home) : taken->word;
		if (elb_cas(&first->home, was, elb_flow_with_bit(was, bit)) == was)
			return ELB_LINKED;
	}
	return ELB_LINK_RACED;
}

/* The bit is set and ours: one wait-free addition clears it and steps the version. */
ELB_INLINE void elb_flow_unlink(const struct elb_table *table, __u32 home, __u32 bit)
{
	struct elb_flow *first = elb_table_slot(table, home);

	if (first)
		elb_add(&first->home, (ELB_BROKEN(NO_VERSION) ? 0 : ELB_VERSION) - (1u << bit));
}

/* The slot whose ctl decides: the entry itself, or the forward entry of a reverse one. */
ELB_INLINE struct elb_flow *elb_flow_decider(const struct elb_table *table, struct elb_flow *flow,
					     __u32 ctl)
{
	return ctl & ELB_FLOW_REVERSE ? elb_table_slot(table, ELB_LOAD(flow->peer)) : flow;
}

/* Nothing to note and nothing to object to: what elb_flow_refresh() finds most of the time. */
ELB_INLINE int elb_flow_settled(__u32 last, __u32 ctl, __u32 found_ctl, __u32 now)
{
	return elb_flow_same(ctl, found_ctl) && (__s32)(now - last) <= 0 &&
	       (ELB_BROKEN(SAME_TICK) || elb_flow_phase(ctl) != ELB_DYING);
}

/*
 * A packet goes through `flow`, found with `ctl`: call it after the fields were copied. 1 = they
 * are valid and the connection lives at least until `*noted` (the tick of its last packet) plus its
 * idle time; 0 = treat the packet as if nothing had been found.
 *
 * Once in a tick a packet notes the time and looks whether the agent is about to end the
 * connection: packet  store last          | barrier | load ctl agent   store ctl = DYING   |
 * barrier | load last          (both directions) so one of the two sees the other. A packet that
 * finds its tick noted reads last BEFORE its own ctl: if its colleague noted too late for the
 * agent, it sees DYING here.
 */
ELB_INLINE int elb_flow_refresh(const struct elb_table *table, struct elb_flow *flow,
				__u32 found_ctl, __u32 now, __u32 *noted)
{
	__u32 last = ELB_LOAD(flow->last);
	ELB_PAUSE(REFRESH_LAST);
	__u32 ctl = ELB_LOAD(flow->ctl);

	*noted = last;
	if (elb_flow_settled(last, ctl, found_ctl, now))
		return 1;
	if (!elb_flow_same(ctl, found_ctl))
		return 0;
	if ((__s32)(now - last) > 0) {
		__u32 was = elb_cas(&flow->last, last, now);
		*noted = was == last ? now : was;
	}
	if (ELB_BROKEN(REFRESH))
		return 1;
	ELB_PAUSE(REFRESH_NOTED);

	struct elb_flow *forward = elb_flow_decider(table, flow, found_ctl);
	if (!forward)
		return 0;
	for (int i = 0; i < ELB_RESCUE_TRIES; i++) {
		ctl = ELB_LOAD(forward->ctl);
		if (elb_flow_phase(ctl) == ELB_DEAD)
			return 0;
		/* still ours? After the forward ctl was read: a reverse entry leaves the usable
		 * phases before its forward slot can be given to another connection. */
		if (elb_flow_phase(ctl) != ELB_DYING ||
		    elb_cas(&forward->ctl, ctl, elb_flow_with_phase(ctl, ELB_LIVE)) == ctl)
			return elb_flow_still(flow, found_ctl);
	}
	return 0;
}

/* What became of a connection as those count it that share members' loads. */
enum elb_flow_count {
	ELB_COUNT_SAME = 0,
	ELB_COUNT_CLOSED = -1,
	ELB_COUNT_REOPENED = 1,
};

/* ELB_FLOW_CLOSED follows the flags: both FINs, or a RST. */
ELB_INLINE __u32 elb_flow_with_closed(__u32 ctl)
{
	const __u32 fins = ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT;

	return (ctl & ELB_FLOW_RST) || (ctl & fins) == fins ? ctl | ELB_FLOW_CLOSED
							    : ctl & ~ELB_FLOW_CLOSED;
}

/* The step of the forward word from `ctl` to `to` was made by one compare-and-swap, so each change
 * of ELB_FLOW_CLOSED is told to exactly one caller. */
ELB_INLINE int elb_flow_counted(__u32 ctl, __u32 to)
{
	if (ELB_BROKEN(COUNT_TWICE) && (to & ELB_FLOW_CLOSED))
		return ELB_COUNT_CLOSED;
	if (ELB_BROKEN(NO_REOPEN) && !(to & ELB_FLOW_CLOSED))
		return ELB_COUNT_SAME;
	return (int)((ctl & ELB_FLOW_CLOSED) / ELB_FLOW_CLOSED) -
	       (int)((to & ELB_FLOW_CLOSED) / ELB_FLOW_CLOSED);
}

/*
 * Notes TCP progress in the forward word: sets `set` and clears `clear` by compare-and-swap against
 * the generation that was found, so that a late packet cannot mark the slot's next occupant. The
 * caller owes the counters of open connections what is returned (enum elb_flow_count).
 */
ELB_INLINE int elb_flow_mark(const struct elb_table *table, struct elb_flow *flow, __u32 found_ctl,
			     __u32 set, __u32 clear)
{
	struct elb_flow *forward = elb_flow_decider(table, flow, found_ctl);
	int counted = ELB_COUNT_SAME;

	if (!forward)
		return ELB_COUNT_SAME;
	for (int i = 0; i < ELB_RESCUE_TRIES; i++) {
		__u32 ctl = ELB_LOAD(forward->ctl);
		if (!elb_flow_in(ctl, ELB_USABLE) || !elb_flow_still(flow, found_ctl))
			return ELB_COUNT_SAME;
		ELB_PAUSE(MARK_LOOKED);
		__u32 to = elb_flow_with_closed((ctl & ~clear) | set);
		if (ctl == to)
			break;
		if (elb_cas(&forward->ctl, ctl, to) == ctl) {
			counted = elb_flow_counted(ctl, to);
			break;
		}
	}
	if (!(found_ctl & ELB_FLOW_REVERSE) || !(set & ELB_FLOW_SEEN_OUT & ~found_ctl))
		return counted;
	for (int i = 0; i < ELB_RESCUE_TRIES; i++) {
		__u32 ctl = ELB_LOAD(flow->ctl);
		if (elb_flow_generation(ctl) != elb_flow_generation(found_ctl) ||
		    !elb_flow_in(ctl, ELB_USABLE) ||
		    elb_cas(&flow->ctl, ctl, ctl | ELB_FLOW_SEEN_OUT) == ctl)
			break;
	}
	return counted;
}

#endif
