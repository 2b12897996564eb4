// SPDX-License-Identifier: Apache-2.0
// FailureLimit: how often one source may show a wrong token before it has to wait. Each failure costs one of kBurst,
// which come back one in kRefill; a source without any is refused before its token is looked at, so that guessing
// learns nothing meanwhile. Remembers at most kSources, the longest unseen is forgotten first.
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace elb::identity {

class FailureLimit {
 public:
  static constexpr int kBurst = 10;
  static constexpr std::chrono::seconds kRefill{6};
  static constexpr size_t kSources = 4096;

  explicit FailureLimit(const Clock& clock) : clock_(clock) {}

  /// Zero: go on. Else how long `source` has to wait.
  std::chrono::seconds blocked(const std::string& source);
  void failed(const std::string& source);

 private:
  struct Source {
    double left = kBurst;
    SteadyTime seen{};
  };
  void refill(Source& source) const;  // under mutex_

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Source> sources_;
};

}  // namespace elb::identity
