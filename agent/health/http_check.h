// SPDX-License-Identifier: Apache-2.0
// An HTTP check (HC-03, HC-07, HC-11): the request that is sent, and what the answer says. Bytes in, verdict out; the
// prober has the socket. Only the answer's head is looked at, as strictly as the proxy looks at it: a member whose
// answers the proxy would refuse is not healthy. Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "http/response_head.h"
#include "model/snapshot.h"

namespace elb::health {

struct HttpCheck {
  std::string request;
  std::vector<model::CodeRange> codes;  // of a healthy answer
  bool operator==(const HttpCheck&) const = default;
};

/// `target` is what is connected to: its address is the Host unless the monitor has one. Members that expect to be told
/// of clients are told that this is a check, and of none.
HttpCheck make_http_check(const model::SnapshotMonitor& monitor, const Endpoint& target,
                          model::ProxyProtocol told = model::ProxyProtocol::kNone);

class HttpAnswer {
 public:
  enum class State { kMore, kHealthy, kFailed };

  /// Bytes from the member, in order.
  State feed(std::string_view bytes, const HttpCheck& check);
  /// The member closed before its answer was whole.
  State end();
  /// For people: "HTTP 503, expected 200". Of kFailed.
  const std::string& failure() const { return failure_; }

 private:
  State fail(std::string failure);
  State judge(uint16_t status, const HttpCheck& check);

  std::string bytes_;
  http::HeadProgress progress_;
  std::string failure_;
};

}  // namespace elb::health
