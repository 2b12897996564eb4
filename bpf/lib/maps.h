/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map and every constant of the balancer. Sizes here suit tests; the agent sets its own
 * before load and pins each map under its name (elb/abi.h). The flow table itself is in
 * elb/flow_table.h. The constants belong to one loaded program: what must survive a restart is in
 * elb_meta.
 */
#ifndef ELB_MAPS_H
#define ELB_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <elb/flow_table.h>

const volatile __u32 elb_tick_shift = 7;	/* tick = jiffies >> tick_shift */
const volatile __u32 elb_local_first_host = 0;	/* first local address, host order */
const volatile __u32 elb_local_count = 1;	/* number of local addresses */
const volatile __u32 elb_local6_prefix[3] = {}; /* the first three words of every IPv6 one */
const volatile __u32 elb_local6_first_host = 0; /* the last word of the first one, host order */
const volatile __u32 elb_local6_count = 0;
const volatile __u32 elb_cpu_count = 1;	   /* possible CPUs: residue classes of local ports */
const volatile __u32 elb_new_per_tick = 0; /* new connections of each CPU, 0: no limit */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct elb_meta);
} elb_meta SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct elb_listener_key);
	__type(value, struct elb_listener);
} elb_listeners SEC(".maps");

/* Element 0 is the length n, 1..n are member indexes. BPF_F_INNER_MAP: rings differ in size. */
struct elb_ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 64);
	__type(key, __u32);
	__array(values, struct elb_ring);
} elb_rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct elb_policy);
} elb_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct elb_cursor);
} elb_cursors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} elb_loads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct elb_acl_key);
	__type(value, __u32);
} elb_acl SEC(".maps");

/* A client that is pushed out only loses its preference for a member. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct elb_sticky_key);
	__type(value, struct elb_sticky);
} elb_sticky SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} elb_refused SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} elb_limited SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct elb_rate);
} elb_rates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, struct elb_bucket);
} elb_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, __u64);
} elb_quanta SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ELB_RESETS_MAX);
	__type(key, __u32);
	__type(value, struct elb_reset);
} elb_resets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct elb_member);
} elb_members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} elb_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct elb_traffic);
} elb_traffic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ELB_HOPS_MAX);
	__type(key, __u32);
	__type(value, struct elb_hop);
} elb_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ELB_HOPS_MAX - ELB_HOPS_MEMBERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct elb_hop_key);
	__type(value, __u32);
} elb_hop_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, ELB_HOPS_MAX - ELB_HOPS_MEMBERS);
	__type(value, __u32);
} elb_hop_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct elb_link);
} elb_links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct elb_addr_key);
	__type(value, __u32);
} elb_addrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} elb_tx_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct elb_frag_key);
	__type(value, struct elb_frag);
} elb_frags SEC(".maps");

/* More than there are, so that another reason does not need other maps. */
#define ELB_REASON_PLACES 64

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ELB_REASON_PLACES);
	__type(key, __u32);
	__type(value, __u64);
} elb_reasons SEC(".maps");

#endif
