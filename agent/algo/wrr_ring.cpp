// SPDX-License-Identifier: Apache-2.0
//
// nginx's rule: at every step each member gains its weight, the richest (the first of them) is taken and pays the
// total. So before step t member i holds w[i] * t - total * taken[i]. Among members of equal weight the richest is the
// one taken least often, the first in order on a tie: they are served strictly in turn. It is therefore enough to
// compare one candidate per distinct weight, and 500 members with weights up to 100 cost 100 comparisons a step and not
// 500.
#include "algo/wrr_ring.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace elb::algo {

namespace {

/// Members of one weight and whose turn it is among them.
struct Class {
  int64_t weight = 0;
  std::vector<uint32_t> members;
  size_t next = 0;
  int64_t rounds = 0;  // how often the candidate was taken so far
};

/// Brings the sum of the positive weights down to `limit`.
std::vector<uint32_t> scale(std::vector<uint32_t> weights, uint64_t sum, size_t limit) {
  struct Share {
    size_t index;
    uint64_t remainder;
  };
  std::vector<Share> shares;
  uint64_t assigned = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    if (shares.size() == limit) {
      weights[i] = 0;
      continue;
    }
    const uint64_t exact = static_cast<uint64_t>(weights[i]) * limit;
    const uint64_t floor = std::max<uint64_t>(1, exact / sum);
    shares.push_back({i, exact / sum == 0 ? 0 : exact % sum});
    weights[i] = static_cast<uint32_t>(floor);
    assigned += floor;
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.remainder > b.remainder; });
  for (size_t i = 0; assigned < limit && i < shares.size(); ++i, ++assigned) ++weights[shares[i].index];
  // Raising the small ones to 1 may have overdrawn: the largest weights give it back.
  while (assigned > limit) {
    --*std::max_element(weights.begin(), weights.end());
    --assigned;
  }
  return weights;
}

}  // namespace

std::vector<uint32_t> build_wrr_ring(std::span<const uint32_t> weights, size_t limit) {
  std::vector<uint32_t> reduced(weights.begin(), weights.end());
  uint64_t divisor = 0;
  for (const uint32_t weight : reduced) divisor = std::gcd(divisor, static_cast<uint64_t>(weight));
  if (divisor == 0 || limit == 0) return {};
  for (uint32_t& weight : reduced) weight = static_cast<uint32_t>(weight / divisor);
  uint64_t total = std::accumulate(reduced.begin(), reduced.end(), uint64_t{0});
  if (total > limit) {
    reduced = scale(std::move(reduced), total, limit);
    total = std::accumulate(reduced.begin(), reduced.end(), uint64_t{0});
  }

  std::map<uint32_t, Class> by_weight;
  for (size_t i = 0; i < reduced.size(); ++i)
    if (reduced[i] > 0) by_weight[reduced[i]].members.push_back(static_cast<uint32_t>(i));
  std::vector<Class> classes;
  for (auto& [weight, entry] : by_weight) {
    entry.weight = weight;
    classes.push_back(std::move(entry));
  }

  std::vector<uint32_t> ring;
  ring.reserve(total);
  const auto pay = static_cast<int64_t>(total);
  for (int64_t step = 1; step <= pay; ++step) {
    Class* best = nullptr;
    int64_t best_credit = 0;
    for (Class& entry : classes) {
      const int64_t credit = entry.weight * step - pay * entry.rounds;
      if (best == nullptr || credit > best_credit ||
          (credit == best_credit && entry.members[entry.next] < best->members[best->next])) {
        best = &entry;
        best_credit = credit;
      }
    }
    ring.push_back(best->members[best->next]);
    if (++best->next == best->members.size()) {
      best->next = 0;
      ++best->rounds;
    }
  }
  return ring;
}

}  // namespace elb::algo
