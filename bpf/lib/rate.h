/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bandwidth of an address, each direction for itself: a token bucket that all CPUs share without a
 * lock. What was earned so far is a function of the clock alone; what was taken is one counter that
 * CPUs add to, a quantum at a time, which each then spends by itself. So nobody refills anything,
 * and a CPU touches the shared line once in many packets.
 *
 * A changed limit, a wrapped clock and a long silence all show as a difference that no bucket can
 * have; it is then set anew, and no connection notices more than that.
 */
#ifndef ELB_RATE_H
#define ELB_RATE_H

#include <lib/count.h>

/* Entry 0 stands for no limit; it has a rate as long as any address has one. */
ELB_INLINE int elb_bandwidth_any(void)
{
	__u32 zero = 0;
	struct elb_rate *any = bpf_map_lookup_elem(&elb_rates, &zero);

	return any && ELB_LOAD(any->per_jiffy);
}

/* Takes at least `need` bytes from the bucket, up to a quantum; 0: they are not there. */
ELB_INLINE __u64 elb_bandwidth_take(const struct elb_rate *rate, struct elb_bucket *bucket,
				    __u32 need)
{
	__s64 burst = rate->burst;
	__u64 earned = bpf_jiffies64() * rate->per_jiffy >> ELB_RATE_SHIFT;
	__u64 taken = ELB_LOAD(bucket->taken);
	__s64 left = earned - taken;

	if (left > burst || left < -burst) {
		left = left > burst ? burst : 0;
		__sync_val_compare_and_swap(&bucket->taken, taken, earned - left);
	}
	if (left < need)
		return 0;
	__u64 take = rate->quantum > need && left >= rate->quantum ? rate->quantum : need;
	__sync_fetch_and_add(&bucket->taken, take);
	return take;
}

/* May a packet of so many bytes pass that belongs to the connection of `member`? */
ELB_NOINLINE int elb_bandwidth_allows(__u32 member_index, __u32 ctl, __u32 length)
{
	struct elb_member *member = bpf_map_lookup_elem(&elb_members, &member_index);
	if (!member)
		return 1;
	__u32 listener = member->listener;
	struct elb_policy *policy = bpf_map_lookup_elem(&elb_policies, &listener);
	if (!policy)
		return 1;
	__u32 index = ctl & ELB_FLOW_EIP ? policy->rate_eip : policy->rate_vip;
	if (!index)
		return 1;

	__u32 place = index * 2 + !!(ctl & ELB_FLOW_REVERSE);
	struct elb_rate *rate = bpf_map_lookup_elem(&elb_rates, &index);
	struct elb_bucket *bucket = bpf_map_lookup_elem(&elb_buckets, &place);
	__u64 *own = bpf_map_lookup_elem(&elb_quanta, &place);
	if (!rate || !rate->per_jiffy || !bucket || !own)
		return 1;
	if (*own < length) {
		__u64 got = elb_bandwidth_take(rate, bucket, length - (__u32)*own);
		if (!got) {
			elb_count_limited(listener);
			return 0;
		}
		*own += got;
	}
	*own -= length;
	return 1;
}

#endif
