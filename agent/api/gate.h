// SPDX-License-Identifier: Apache-2.0
// Gate: who asks. A token, if one is shown, decides alone; without one it depends on the way the request came. What may
// be done then is Caller::may() of the route's access. Private to api. Thread rule: any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/api_server.h"
#include "api/http_server.h"
#include "identity/caller.h"
#include "identity/directory.h"
#include "identity/failure_limit.h"

namespace elb::api {

/// How a request came in.
enum class Way { kLoopback, kSocket, kTls };

/// An answer other than the handler's.
struct Refusal {
  int status = 0;
  Error error;
  std::vector<std::pair<std::string, std::string>> headers{};
};

class Gate {
 public:
  /// `identities` may be null: no token is right then.
  Gate(const ApiOptions& options, const identity::Directory* identities, const Clock& clock);

  /// 401 without or with a wrong token, 429 after too many wrong ones from one source.
  tl::expected<identity::Caller, Refusal> admit(Way way, const HttpRequest& http);
  /// Of a token in a request's body; counts failures too.
  tl::expected<identity::Caller, Refusal> check(const Peer& peer, const std::string& secret);

 private:
  const bool open_loopback_;
  const std::optional<uint32_t> socket_group_;
  const identity::Directory* const identities_;
  identity::FailureLimit failures_;
};

}  // namespace elb::api
