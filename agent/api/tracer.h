// SPDX-License-Identifier: Apache-2.0
// Tracer: writes down what a call changed or tried to change (AU-01 to AU-03), with the secrets in its bodies masked
// (AU-06). A trace that cannot be written is told in the log; the call itself is not undone for it.
// Private to api. Thread rule: any thread.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_server.h"
#include "base/clock.h"
#include "base/random.h"
#include "identity/caller.h"
#include "model/resources.h"
#include "store/audit_store.h"

namespace elb::api {

class Tracer {
 public:
  /// `store` may be null: nothing is kept. Traces older than `days` are removed, one time in an hour.
  Tracer(store::AuditStore* store, int days, const Clock& clock, Random& random);

  struct Call {
    const HttpRequest& http;
    const HttpResponse& response;
    std::string_view pattern;  // of the route, empty if there was none
    const std::vector<std::string>& ids;
    identity::Caller caller;  // empty where nobody was admitted
    WallTime begun;
    const model::Model& before;  // where the name of what is deleted can be found
  };
  void note(const Call& call);

 private:
  void forget_old(int64_t now_ms);
  std::string new_id(WallTime time);

  store::AuditStore* const store_;
  const int days_;
  const Clock& clock_;
  const uint64_t node_;  // of the ids
  std::atomic<uint16_t> sequence_{0};
  std::atomic<int64_t> next_forgetting_ms_{0};
};

/// Whether calls of this method are traced.
bool changes_something(std::string_view method);

/// The document with the values of secret fields replaced by "******"; other text by a note of its size.
std::string masked(std::string_view body);

}  // namespace elb::api
