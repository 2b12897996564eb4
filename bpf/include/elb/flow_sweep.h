/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's part of the flow table (elb/flow_table.h): ending connections and giving ports back.
 * elb_flow_sweep_slot() is called for every slot, round and round, by ONE thread. Each step may be
 * the last of an agent that dies: whatever it leaves, the next sweep of the slot finishes or takes
 * back, so nothing is stuck and nothing has to be written down.
 *
 * Ending, once both directions have been silent for longer than the state's limit:
 *   announce  ctl = DYING, forward then reverse
 *   look      read both `last` again; a packet since then: take the announcement back
 *   commit    forward DYING -> DEAD by compare-and-swap: fails if a packet rescued or marked it
 *   finish    reverse to REST (its port is kept back), forward unlinked; freed after `grace`
 * A connection whose member or listener is gone is committed at once, without announcement.
 */
#ifndef ELB_FLOW_SWEEP_H
#define ELB_FLOW_SWEEP_H

#ifdef __bpf__
#error "only the agent ends connections"
#endif

#include <elb/flow_table.h>

enum elb_flow_state {
	ELB_STATE_OPENING,     /* TCP: not seen both ways yet, beyond the first SYN */
	ELB_STATE_ESTABLISHED, /* TCP */
	ELB_STATE_CLOSING,     /* TCP: one side has sent its FIN */
	ELB_STATE_CLOSED,      /* TCP: both FINs, or a RST */
	ELB_STATE_UDP,
	ELB_STATE_COUNT
};

/* In ticks. */
struct elb_flow_limits {
	__u32 idle[ELB_STATE_COUNT]; /* silence after which a connection of that state ends */
	__u32 rest;		     /* time a local port is kept back after the end */
	/* Time a forward slot is kept back after the end: a packet that was stopped in the middle
	 * adds to the counters of the connection it found, not of the slot's next one. */
	__u32 grace;
};

enum elb_flow_end {
	ELB_END_IDLE,
	ELB_END_GONE,	 /* gone() said so */
	ELB_END_REVOKED, /* revoked() said so */
};

/*
 * What the sweeper asks and tells; any of them may be NULL. The entries are for reading during the
 * call. ended() is called once for a connection, except when the agent dies around it: then it may
 * be missing.
 */
struct elb_flow_observer {
	void *context;
	/* Nonzero: end the connection now. */
	int (*gone)(void *context, __u16 member);
	void (*alive)(void *context, const struct elb_flow *forward, enum elb_flow_state state);
	void (*ended)(void *context, const struct elb_flow *forward, const struct elb_flow *reverse,
		      enum elb_flow_state state, enum elb_flow_end why);
	/* The local port may be handed out again as soon as this returns. */
	void (*released)(void *context, const struct elb_flow *reverse);
	/* Nonzero: end the connection now, its client may not have it any more. */
	int (*revoked)(void *context, const struct elb_flow *forward);
	/* Told once for each connection that ends and was still counted as open (it had not
	 * ELB_FLOW_CLOSED), except when the agent dies around it. */
	void (*uncounted)(void *context, const struct elb_flow *forward);
};

/* What sweeps met, summed over slots. */
struct elb_sweep_counts {
	__u64 used;    /* slots not free */
	__u64 live;    /* connections left alive */
	__u64 resting; /* local ports kept back */
	__u64 ended;
	__u64 released; /* local ports given back */
	__u64 objected; /* silent on one side only, or a packet came before the commit */
	__u64 split;	/* a forward entry without its reverse, ended at once: a defect of ours */
};

ELB_INLINE enum elb_flow_state elb_flow_state_of(__u8 proto, __u32 forward_ctl)
{
	const __u32 fins = ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT;
	const __u32 seen = ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT;

	if (ELB_FLOW_PROTO(proto) != 6)
		return ELB_STATE_UDP;
	if ((forward_ctl & ELB_FLOW_RST) || (forward_ctl & fins) == fins)
		return ELB_STATE_CLOSED;
	if (forward_ctl & fins)
		return ELB_STATE_CLOSING;
	return (forward_ctl & seen) == seen ? ELB_STATE_ESTABLISHED : ELB_STATE_OPENING;
}

ELB_INLINE void elb_flow_key_of(const struct elb_flow *flow, struct elb_flow_key *key)
{
	key->addrs = ELB_LOAD(flow->key_addrs);
	key->ports = ELB_LOAD(flow->key_ports);
	key->proto = ELB_LOAD(flow->proto);
}

/* Silent for longer than `limit`. Signed: the clock wraps, and a stopped CPU may note an old time.
 */
ELB_INLINE int elb_flow_silent(const struct elb_flow *flow, __u32 now, __u32 limit)
{
	return (__s32)(now - ELB_LOAD(flow->last)) > (__s32)limit;
}

/* Clears the bit that names this slot, if there is one (an agent that died may have done it). */
static inline void elb_sweep_unlink(const struct elb_table *table, const struct elb_flow *flow,
				    __u32 slot)
{
	struct elb_flow_key key;
	elb_flow_key_of(flow, &key);
	__u32 home = elb_flow_home(table, &key);
	__u32 map = ELB_LOAD(elb_table_slot(table, home)->home) & ELB_HOME_MAP;

	for (; map; map &= map - 1) {
		__u32 bit = elb_lowest_bit(map);
		if (elb_flow_slot(table, home, bit) != slot)
			continue;
		elb_flow_unlink(table, home, bit);
		return;
	}
}

/* The reverse entry that a forward entry points to, NULL if it is not its own any more. */
static inline struct elb_flow *elb_sweep_reverse(const struct elb_table *table,
						 const struct elb_flow *forward, __u32 slot)
{
	struct elb_flow *reverse = elb_table_slot(table, ELB_LOAD(forward->peer));
	__u32 ctl = ELB_LOAD(reverse->ctl);

	if (!(ctl & ELB_FLOW_REVERSE) || !elb_flow_in(ctl, ELB_USABLE) ||
	    elb_flow_phase(ctl) == ELB_READY || ELB_LOAD(reverse->peer) != slot)
		return 0;
	return reverse;
}

/* Takes a reverse entry from one phase to another, whatever flags packets set meanwhile. */
static inline void elb_sweep_move(struct elb_flow *reverse, __u32 from, __u32 to)
{
	for (;;) {
		__u32 ctl = ELB_LOAD(reverse->ctl);
		if (elb_flow_phase(ctl) != from ||
		    elb_cas(&reverse->ctl, ctl, elb_flow_with_phase(ctl, to)) == ctl)
			return;
	}
}

/* What follows a commit. May be repeated from any point. */
static inline void elb_sweep_finish(const struct elb_table *table, struct elb_flow *forward,
				    __u32 slot, __u32 now, const struct elb_flow_limits *limits)
{
	struct elb_flow *reverse = elb_sweep_reverse(table, forward, slot);

	if (reverse) {
		/* both times first: once the reverse is at rest a repetition does not find it */
		ELB_STORE(forward->last, now);
		ELB_STORE(reverse->last, now);
		ELB_PAUSE(FINISH_REVERSE);
		elb_exchange(&reverse->ctl, elb_flow_with_phase(ELB_LOAD(reverse->ctl), ELB_REST));
		ELB_PAUSE(FINISH_FORWARD);
	}
	elb_sweep_unlink(table, forward, slot);
	ELB_PAUSE(FINISH_UNLINKED);
	if (!limits->grace || elb_flow_silent(forward, now, limits->grace))
		elb_flow_release(forward, ELB_LOAD(forward->ctl));
}

static inline void elb_sweep_reverse_slot(const struct elb_table *table, struct elb_flow *reverse,
					  __u32 slot, __u32 now,
					  const struct elb_flow_limits *limits,
					  const struct elb_flow_observer *observer,
					  struct elb_sweep_counts *counts)
{
	__u32 ctl = ELB_LOAD(reverse->ctl);

	if (elb_flow_phase(ctl) == ELB_DYING) { /* its forward entry knows; or an agent died */
		__u32 forward = ELB_LOAD(elb_table_slot(table, ELB_LOAD(reverse->peer))->ctl);
		if (elb_flow_phase(forward) == ELB_LIVE)
			elb_sweep_move(reverse, ELB_DYING, ELB_LIVE);
		return;
	}
	if (elb_flow_phase(ctl) != ELB_REST)
		return;
	if (!elb_flow_silent(reverse, now, limits->rest)) {
		counts->resting++;
		return;
	}
	if (observer && observer->released)
		observer->released(observer->context, reverse);
	elb_sweep_unlink(table, reverse, slot);
	ELB_PAUSE(RELEASE_UNLINKED);
	elb_flow_release(reverse, ctl);
	counts->released++;
}

/* Announce and look again. 1 with *ctl the word to commit from; 0: a packet came. */
static inline int elb_sweep_announce(struct elb_flow *forward, struct elb_flow *reverse, __u32 *ctl,
				     __u32 now, __u32 limit)
{
	__u32 dying = elb_flow_with_phase(*ctl, ELB_DYING);

	if (ELB_BROKEN(DELETE))
		return 1;
	if (elb_cas(&forward->ctl, *ctl, dying) != *ctl)
		return 0;
	*ctl = dying;
	ELB_PAUSE(ANNOUNCE_FORWARD);
	elb_sweep_move(reverse, ELB_LIVE, ELB_DYING);
	ELB_PAUSE(ANNOUNCED);
	if (elb_flow_silent(forward, now, limit) && elb_flow_silent(reverse, now, limit))
		return 1;
	elb_cas(&forward->ctl, dying, elb_flow_with_phase(dying, ELB_LIVE));
	ELB_PAUSE(TAKE_BACK);
	elb_sweep_move(reverse, ELB_DYING, ELB_LIVE);
	return 0;
}

/* The word that ends the connection. It takes the connection out of the counters of open ones, so
 * who puts it there knows from the word before whether it was in them. */
ELB_INLINE __u32 elb_sweep_dead(__u32 ctl)
{
	return elb_flow_with_phase(ctl, ELB_DEAD) | ELB_FLOW_CLOSED;
}

static inline void elb_sweep_uncount(const struct elb_flow *forward, __u32 ctl,
				     const struct elb_flow_observer *observer)
{
	if (observer && observer->uncounted &&
	    (!(ctl & ELB_FLOW_CLOSED) || ELB_BROKEN(SWEEP_UNCOUNT)))
		observer->uncounted(observer->context, forward);
}

/* Commits whatever packets do. They may only rescue and set flags meanwhile. */
static inline void elb_sweep_force(struct elb_flow *forward,
				   const struct elb_flow_observer *observer)
{
	for (;;) {
		__u32 ctl = ELB_LOAD(forward->ctl);
		ELB_PAUSE(FORCE);
		if (elb_cas(&forward->ctl, ctl, elb_sweep_dead(ctl)) != ctl)
			continue;
		elb_sweep_uncount(forward, ctl, observer);
		return;
	}
}

/* Ends a connection that was silent in both directions; 0: it lives. */
static inline int elb_sweep_commit(struct elb_flow *forward, struct elb_flow *reverse, __u32 ctl,
				   __u32 now, __u32 limit, const struct elb_flow_observer *observer)
{
	if (!elb_flow_silent(reverse, now, limit))
		return 0;
	if (!elb_sweep_announce(forward, reverse, &ctl, now, limit))
		return 0;
	ELB_PAUSE(COMMIT);
	if (elb_cas(&forward->ctl, ctl, elb_sweep_dead(ctl)) == ctl) {
		elb_sweep_uncount(forward, ctl, observer);
		return 1;
	}
	elb_sweep_move(reverse, ELB_DYING, ELB_LIVE);
	return 0;
}

static inline void elb_sweep_forward_slot(const struct elb_table *table, struct elb_flow *forward,
					  __u32 slot, __u32 ctl, __u32 now,
					  const struct elb_flow_limits *limits,
					  const struct elb_flow_observer *observer,
					  struct elb_sweep_counts *counts)
{
	enum elb_flow_state state = elb_flow_state_of(ELB_LOAD(forward->proto), ctl);
	int gone = observer && observer->gone &&
		   observer->gone(observer->context, ELB_FLOW_MEMBER(ELB_LOAD(forward->traffic)));
	int revoked =
		observer && observer->revoked && observer->revoked(observer->context, forward);
	int ended = 0;

	if (gone || revoked || elb_flow_silent(forward, now, limits->idle[state])) {
		struct elb_flow *reverse = elb_sweep_reverse(table, forward, slot);

		if (!reverse)
			counts->split++;
		if (!reverse || gone || revoked) {
			elb_sweep_force(forward, observer);
			ended = 1;
		} else {
			ended = elb_sweep_commit(forward, reverse, ctl, now, limits->idle[state],
						 observer);
			counts->objected += !ended;
		}
		if (ended && reverse && observer && observer->ended)
			observer->ended(observer->context, forward, reverse, state,
					gone	  ? ELB_END_GONE
					: revoked ? ELB_END_REVOKED
						  : ELB_END_IDLE);
	}
	if (!ended) {
		counts->live++;
		if (observer && observer->alive)
			observer->alive(observer->context, forward, state);
		return;
	}
	counts->ended++;
	ELB_PAUSE(COMMITTED);
	elb_sweep_finish(table, forward, slot, now, limits);
}

/*
 * Looks at one slot. `now` is the tick of the programs' clock (program elb_clock). The caller
 * sweeps all slots, 0..mask, in any order, each from the same thread or from one that follows it.
 */
static inline void elb_flow_sweep_slot(const struct elb_table *table, __u32 slot, __u32 now,
				       const struct elb_flow_limits *limits,
				       const struct elb_flow_observer *observer,
				       struct elb_sweep_counts *counts)
{
	struct elb_flow *flow = elb_table_slot(table, slot);
	__u32 ctl = ELB_LOAD(flow->ctl);

	if (elb_flow_phase(ctl) == ELB_FREE)
		return;
	counts->used++;
	if (elb_flow_phase(ctl) <= ELB_READY) /* in the hands of the CPU that inserts it */
		return;
	if (ctl & ELB_FLOW_REVERSE)
		elb_sweep_reverse_slot(table, flow, slot, now, limits, observer, counts);
	else if (elb_flow_phase(ctl) == ELB_DEAD)
		elb_sweep_finish(table, flow, slot, now, limits);
	else
		elb_sweep_forward_slot(table, flow, slot, ctl, now, limits, observer, counts);
}

#endif
