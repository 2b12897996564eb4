// SPDX-License-Identifier: Apache-2.0
// Sink: the one way configuration reaches an executor. The reconciler calls it; executors implement it; neither sees
// the other. A failed apply() leaves the executor able to be asked again (the reconciler retries with back-off). Thread
// rule: apply() and audit() are called by the reconciler's thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/snapshot.h"

namespace elb::model {

struct Applied {
  uint64_t generation = 0;
  uint64_t writes = 0;  // changes made to what the executor holds; 0 for a pass that changed nothing
};

struct Audit {
  uint64_t checked = 0;
  uint64_t repaired = 0;
  std::vector<std::string> findings;  // one line for each repaired difference
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string_view name() const = 0;

  /// Makes the executor do what the snapshot says. Idempotent.
  virtual Result<Applied> apply(SnapshotPtr snapshot) = 0;

  /// Compares what is really there with the last applied snapshot, repairs it and tells. Default: nothing to compare.
  virtual Result<Audit> audit() { return Audit{}; }
};

}  // namespace elb::model
