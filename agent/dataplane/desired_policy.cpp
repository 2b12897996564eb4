// SPDX-License-Identifier: Apache-2.0
#include "dataplane/desired_policy.h"

#include "algo/maglev.h"
#include "algo/wrr_ring.h"

namespace elb::dataplane {

namespace {

constexpr size_t kRingMax = ELB_RING_MAX;

/// FNV-1a; never 0, which stands for "none".
uint32_t hash_of(std::initializer_list<const Uuid*> ids) {
  uint32_t hash = 0x811C9DC5U;
  for (const Uuid* id : ids)
    for (const uint8_t byte : *id) hash = (hash ^ byte) * 0x01000193U;
  return hash == 0 ? 1 : hash;
}

elb_algorithm abi_algorithm(model::Algorithm algorithm) {
  switch (algorithm) {
    case model::Algorithm::kLeastConnections:
      return ELB_LEAST_CONNECTIONS;
    case model::Algorithm::kSourceIp:
      return ELB_SOURCE_HASH;
    default:
      return ELB_ROUND_ROBIN;
  }
}

std::vector<uint32_t> turns_of(model::Algorithm algorithm, const std::vector<RingMember>& members) {
  if (algorithm == model::Algorithm::kSourceIp) {
    std::vector<std::string> names;
    names.reserve(members.size());
    for (const RingMember& member : members) names.push_back(member.endpoint.to_string());
    return algo::build_maglev(names);
  }
  // Draws out of a ring in which members stand as often as they weigh are weighted draws.
  const bool once = algorithm == model::Algorithm::kLeastConnections && members.size() <= ELB_LEAST_SCAN;
  std::vector<uint32_t> weights;
  weights.reserve(members.size());
  for (const RingMember& member : members) weights.push_back(once ? 1 : member.weight);
  return algo::build_wrr_ring(weights, kRingMax);
}

}  // namespace

Ring build_ring(model::Algorithm algorithm, const std::vector<RingMember>& members) {
  Ring ring;
  for (const uint32_t turn : turns_of(algorithm, members)) ring.push_back(members[turn].index);
  return ring;
}

elb_policy build_policy(const Uuid& id, const model::SnapshotListener& listener, const model::SnapshotPool* pool,
                        const TickRate& rate) {
  elb_policy policy{};
  if (pool != nullptr) {
    policy.algorithm = abi_algorithm(pool->algorithm);
    // ST-05: only beside round robin
    if (pool->sticky_s > 0 && policy.algorithm == ELB_ROUND_ROBIN)
      policy.sticky_ticks = rate.ticks(static_cast<uint32_t>(pool->sticky_s));
  }
  if (policy.algorithm == ELB_SOURCE_HASH || policy.sticky_ticks > 0) policy.hash_seed = hash_of({&id});
  if (listener.whitelist) policy.flags |= ELB_POLICY_WHITELIST;
  if (listener.toa) policy.flags |= ELB_POLICY_TOA;
  policy.connection_limit = listener.connection_limit.value_or(0);
  // rate_vip and rate_eip: by whoever knows the indexes of the addresses
  return policy;
}

uint32_t member_generation(const Uuid& listener, const Uuid& member) { return hash_of({&listener, &member}); }

}  // namespace elb::dataplane
