// SPDX-License-Identifier: Apache-2.0
// ProxyService: what the agent runs for HTTP and HTTPS listeners: the worker's keeper and the steering to its sockets,
// as two sinks. The worker is started by the first snapshot that has such a listener. Thread rule: made and destroyed
// by the main thread.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "main/options.h"
#include "proxy/proxy_sink.h"
#include "steer/steer.h"

namespace elb {

struct ProxyService {
  std::unique_ptr<proxy::ProxySink> worker;
  std::unique_ptr<steer::Steer> steer;  // after the worker, which has to know a listener before connections come

  /// `log_pipe` makes a pipe for each worker's access logs; empty: there are none.
  static Result<ProxyService> start(const Options& options, std::function<Fd()> log_pipe, const Clock& clock,
                                    Random& random);
};

/// Where steering is pinned.
std::string steer_directory(const Options& options);

}  // namespace elb
