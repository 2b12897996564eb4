// SPDX-License-Identifier: Apache-2.0
// ChangeLog: at which revision a resource was last written, as long as that revision is not applied everywhere. It is
// what PENDING_CREATE and PENDING_UPDATE are made of; not stored, because after a restart everything is applied anew.
// Private to api. Thread rule: safe from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "control/draft.h"
#include "model/resources.h"

namespace elb::api {

struct Change {
  model::Id id;
  bool created = false;
};

/// What the draft wrote, and the load balancers above that (clients wait on those). Runs inside the transaction.
std::vector<Change> changes_between(const model::Model& before, const control::Draft& draft);

class ChangeLog {
 public:
  /// `start`: the revision there was when the agent started; everything in it counts as written by it.
  explicit ChangeLog(uint64_t start) : start_(start) {}

  void note(uint64_t revision, const std::vector<Change>& changes, uint64_t applied);

  struct Pending {
    uint64_t revision = 0;
    bool created = false;
  };
  /// The write that `applied` does not include yet, if any.
  std::optional<Pending> pending(const model::Id& id, uint64_t applied) const;

 private:
  const uint64_t start_;
  mutable std::mutex mutex_;
  std::unordered_map<model::Id, Pending> writes_;
};

}  // namespace elb::api
