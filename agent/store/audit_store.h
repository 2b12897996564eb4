// SPDX-License-Identifier: Apache-2.0
// AuditStore: the traces of calls that changed something, or tried to (AU-01 to AU-07), in an SQLite file of their own,
// so that neither hinders the other. Rows are added and, when they are older than the retention, removed; nothing else
// is possible, the file's own triggers see to it. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace elb::store {

struct Trace {
  std::string id;         // UUID version 1
  int64_t time_ms = 0;    // of the call, since 1970
  int64_t record_ms = 0;  // when it was written down
  int code = 0;           // HTTP status
  std::string rating;     // "normal", "warning", "incident"
  std::string trace_type = "ApiCall";
  std::string name;           // "createLoadbalancer"
  std::string title;          // "create load balancer"
  std::string resource_type;  // "loadbalancer"
  std::string resource_id;
  std::string resource_name;
  std::string project_id;  // of the caller, else of the resource
  std::string user_id;
  std::string user_name;
  std::string source_ip;
  std::string request;   // JSON, secrets masked
  std::string response;  // likewise
};

struct TraceFilter {
  std::string trace_type;
  std::string resource_type;
  std::string name;  // or title
  std::string resource_id;
  std::string resource_name;
  std::string user;  // name or id
  std::string rating;
  std::optional<std::string> project_id;  // of the caller
  std::optional<int64_t> from_ms;         // this one included
  std::optional<int64_t> to_ms;           // this one excluded
  std::string marker;                     // id: only what is older than that trace
  size_t limit = 100;
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;

  virtual Status append(const Trace& trace) = 0;
  /// Newest first, none older than `oldest_ms`.
  virtual Result<std::vector<Trace>> list(const TraceFilter& filter, int64_t oldest_ms) = 0;
  /// kNotFound.
  virtual Result<Trace> find(const std::string& id) = 0;
  /// Removes what is older.
  virtual Status forget(int64_t older_than_ms) = 0;
};

/// Opens or creates the file, mode 0600; its directory must be there. A damaged file is moved to `path`.bad, which is
/// logged, and a new one begun: the traces of the past are worth less than an agent that starts.
Result<std::unique_ptr<AuditStore>> open_audit(const std::string& path);

}  // namespace elb::store
