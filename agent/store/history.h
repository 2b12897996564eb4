// SPDX-License-Identifier: Apache-2.0
// History: what the configuration was. A commit writes down, in its own transaction, who made it and what each object
// it wrote was before (docs/adr/0027-revisions.md); what an object was at a revision is told by the first commit after
// it that wrote the object, or by the newest model when none did. Thread rule: any thread; a connection of its own, so
// that reading holds up no write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resources.h"

namespace elb::store {

/// Of a request that shows an Idempotency-Key: what it is known by, and what it asks for (answer_store.h).
struct Claim {
  std::string scope;        // 64 hex digits each
  std::string fingerprint;  // of what is asked for
};

/// Who asked for a change, and with which call.
struct Origin {
  std::string user_id;
  std::string user_name;
  std::string project_id;  // of the caller; empty: bound to none
  std::string call;        // "POST /v1/apply"
  int64_t time_ms = 0;     // since 1970
  std::optional<Claim> claim{};
};

struct Revision {
  uint64_t number = 0;
  Origin origin;
  uint64_t changes = 0;  // objects written and erased; of one project where it was asked for
};

/// An object that was written after a revision, as it was at that revision.
struct Past {
  model::Kind kind = model::Kind::kLoadBalancer;
  model::Id id;
  std::string project_id;
  std::optional<model::Resource> resource;  // empty: it was not there
};

struct RevisionFilter {
  std::optional<std::string> project_id{};  // only what wrote objects of this project
  std::optional<uint64_t> before{};         // only older ones than this
  size_t limit = 100;
};

class History {
 public:
  virtual ~History() = default;

  /// Newest first.
  virtual Result<std::vector<Revision>> list(const RevisionFilter& filter) = 0;
  /// kNotFound: not there, not kept any more, or it wrote nothing of the project.
  virtual Result<Revision> find(uint64_t number, const std::optional<std::string>& project_id) = 0;
  /// Each object that later revisions wrote, as it was at `number`, by kind and id; also of the one just before the
  /// oldest that is kept. kNotFound says why that revision cannot be told.
  virtual Result<std::vector<Past>> at(uint64_t number, const std::optional<std::string>& project_id) = 0;
};

/// `path` as for open_sqlite(), which must have opened (and migrated) it before.
Result<std::unique_ptr<History>> open_history(const std::string& path);

}  // namespace elb::store
