// SPDX-License-Identifier: Apache-2.0
// An HTTP check (HC-03, HC-07, HC-11): the request that is sent, and what the answer says. Bytes in, verdict out; the
// prober has the socket. Only the answer's head is looked at, as strictly as the proxy looks at it: a member whose
// answers the proxy would refuse is not healthy. Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "health/answer.h"
#include "http/response_head.h"
#include "model/snapshot.h"

namespace elb::health {

/// The Host of a request to `target`: the monitor's, else its address and port.
std::string host_of(const model::SnapshotMonitor& monitor, const Endpoint& target);

/// `target` is what is connected to. Members that expect to be told of clients are told that this is a check, and of
/// none.
HttpCheck make_http_check(const model::SnapshotMonitor& monitor, const Endpoint& target,
                          model::ProxyProtocol told = model::ProxyProtocol::kNone);

class HttpAnswer final : public Answer {
 public:
  std::string say(const HttpCheck& check) override;
  State feed(std::string_view bytes, const HttpCheck& check) override;

 private:
  bool said_ = false;
  std::string bytes_;
  http::HeadProgress progress_;
};

}  // namespace elb::health
