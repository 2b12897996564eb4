// SPDX-License-Identifier: Apache-2.0
// Store: where the configuration is durable. One writer (ConfigService); one commit = one transaction = one revision.
// SQLite is the embedded default; etcd (cluster) comes behind the same interface.
// Thread rule: calls are serialised by the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "model/resources.h"
#include "store/history.h"

namespace elb::store {

class Store {
 public:
  virtual ~Store() = default;

  /// The whole configuration at its newest revision.
  virtual Result<model::Model> load() = 0;

  /// Makes all changes durable as revision `base + 1`, or none of them. Returns the new revision once it survives power
  /// loss. What the changes replace goes into the history, with `origin`. kConflict when the store is no longer at
  /// `base`; kStorage when it cannot write (disk full, read-only).
  virtual Result<uint64_t> commit(uint64_t base, std::span<const model::Change> changes, const Origin& origin) = 0;
  Result<uint64_t> commit(uint64_t base, std::span<const model::Change> changes) { return commit(base, changes, {}); }

  /// Integrity check of what is stored; the message says what is broken.
  virtual Status check() = 0;
};

inline constexpr uint64_t kRevisionsKept = 1000;

/// Opens or creates the SQLite store (WAL, synchronous=FULL), migrating an older schema. Parent directories are created
/// 0700. `revisions_kept`, at least 1: how many of the newest the history has.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, uint64_t revisions_kept = kRevisionsKept);

}  // namespace elb::store
