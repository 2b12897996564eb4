// SPDX-License-Identifier: Apache-2.0
#include "harness/model_admission.h"

#include <algorithm>
#include <cstring>

namespace elb::test {
namespace {

constexpr size_t kSteps = 16;

/// elb_client_hash(): the words are loaded as they stand in memory.
uint32_t client_hash(const ModelAddress& client, uint32_t seed) {
  uint64_t x = seed;
  for (size_t i = 0; i < 16; i += 4) {
    uint32_t word = 0;
    std::memcpy(&word, client.bytes.data() + i, sizeof word);
    x = (x ^ word) * 0x9FB21C651E98DF25ULL;
    x ^= x >> 32;
  }
  return static_cast<uint32_t>(x ^ x >> 17);
}

}  // namespace

bool ModelAdmission::allows(const ModelPolicy& policy, const ModelAddress& client) {
  return std::any_of(policy.allowed.begin(), policy.allowed.end(), [&](const auto& entry) {
    return client.within(entry.first, entry.second + (entry.first.is_v4() ? 96 : 0));
  });
}

ModelAdmission::Answer ModelAdmission::from(const Question& question, uint64_t start) const {
  Answer worst{ELB_REASON_NO_MEMBER, 0};
  if (!question.ring || question.ring->empty()) return worst;
  const auto& ring = *question.ring;
  size_t place = start % ring.size();
  for (size_t step = 0; step < kSteps; ++step) {
    const ModelFitness fitness = question.fitness(ring[place]);
    if (fitness == ModelFitness::kFit) return {ELB_REASON_COUNT, ring[place]};
    if (fitness == ModelFitness::kNoHop) worst.reason = ELB_REASON_NO_HOP;
    place = (place + 1 + (step >= kSteps / 2 ? ring.size() / (kSteps / 2) : 0)) % ring.size();
  }
  return worst;
}

ModelAdmission::Answer ModelAdmission::least(const Question& question) {
  Answer best{ELB_REASON_NO_MEMBER, 0};
  if (!question.ring || question.ring->empty()) return best;
  const auto& ring = *question.ring;
  const size_t start = turns_[question.listener]++ % ring.size();
  for (size_t i = 0; i < ring.size(); ++i) {
    const uint32_t member = ring[(start + i) % ring.size()];
    const ModelFitness fitness = question.fitness(member);
    if (fitness == ModelFitness::kNoHop && best.reason == ELB_REASON_NO_MEMBER) best.reason = ELB_REASON_NO_HOP;
    if (fitness != ModelFitness::kFit) continue;
    const auto cost = [&](uint32_t of, uint32_t against) { return load(of) * question.weight(against); };
    if (best.reason != ELB_REASON_COUNT || cost(member, best.member) < cost(best.member, member))
      best = {ELB_REASON_COUNT, member};
  }
  return best;
}

ModelAdmission::Answer ModelAdmission::ask(const Question& question) {
  const ModelPolicy& policy = question.policy;
  if (policy.whitelist && !allows(policy, question.client)) return {ELB_REASON_NOT_ALLOWED, 0};
  if (policy.connection_limit && active(question.listener) >= policy.connection_limit)
    return {ELB_REASON_CONNECTION_LIMIT, 0};
  if (policy.sticky_ticks) {
    const auto key = std::pair(question.listener, question.client);
    const auto known = sticky_.find(key);
    if (known != sticky_.end() && question.fitness(known->second) == ModelFitness::kFit)
      return {ELB_REASON_COUNT, known->second};
    const Answer answer = from(question, client_hash(question.client, policy.hash_seed));
    if (answer.reason == ELB_REASON_COUNT) sticky_[key] = answer.member;
    return answer;
  }
  switch (policy.algorithm) {
    case ELB_LEAST_CONNECTIONS:
      return least(question);
    case ELB_SOURCE_HASH:
      return from(question, client_hash(question.client, policy.hash_seed));
    default:
      return from(question, turns_[question.listener]++);
  }
}

}  // namespace elb::test
