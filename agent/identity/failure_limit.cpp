// SPDX-License-Identifier: Apache-2.0
#include "identity/failure_limit.h"

#include <algorithm>
#include <cmath>

namespace elb::identity {

void FailureLimit::refill(Source& source) const {
  const SteadyTime now = clock_.steady();
  const double passed = std::chrono::duration<double>(now - source.seen).count();
  source.left = std::min<double>(kBurst, source.left + passed / static_cast<double>(kRefill.count()));
  source.seen = now;
}

std::chrono::seconds FailureLimit::blocked(const std::string& source) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found == sources_.end()) return std::chrono::seconds(0);
  refill(found->second);
  if (found->second.left >= 1) return std::chrono::seconds(0);
  const double missing = 1 - found->second.left;
  return std::chrono::seconds(std::max<int64_t>(1, static_cast<int64_t>(std::ceil(missing * kRefill.count()))));
}

void FailureLimit::failed(const std::string& source) {
  const std::lock_guard lock(mutex_);
  if (!sources_.contains(source) && sources_.size() >= kSources) {
    sources_.erase(std::min_element(sources_.begin(), sources_.end(),
                                    [](const auto& a, const auto& b) { return a.second.seen < b.second.seen; }));
  }
  const auto [at, fresh] = sources_.try_emplace(source);
  if (fresh) at->second.seen = clock_.steady();
  refill(at->second);
  at->second.left = std::max(0.0, at->second.left - 1);
}

}  // namespace elb::identity
