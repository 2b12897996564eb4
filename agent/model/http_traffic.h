// SPDX-License-Identifier: Apache-2.0
// What HTTP and HTTPS listeners and their members did, as the agent knows it: the proxy's counters, carried over the
// ends of its workers. The proxy's sink offers the view; the API, metrics and alarms read it. TrafficView
// (model/views.h) is the same for what the kernel forwards. Thread rule: plain values; the view is safe from any
// thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/histogram.h"
#include "model/resources.h"

namespace elb::model {

/// Sums over all loops since the agent started; a worker that is replaced takes nothing away from them.
struct HttpListenerTraffic {
  uint64_t connections = 0;          // accepted
  uint64_t open_connections = 0;     // now
  uint64_t refused_connections = 0;  // whitelist or connection limit
  uint64_t requests = 0;             // answered; the next five sum up to it
  uint64_t status_2xx = 0, status_3xx = 0, status_4xx = 0, status_5xx = 0, status_other = 0;
  uint64_t status_404 = 0, status_499 = 0, status_502 = 0;
  uint64_t malformed = 0;          // refused by the parser
  uint64_t limited = 0;            // 429: more requests than the listener's rate
  uint64_t bad_proxy_headers = 0;  // connections closed: a PROXY header that may not be there, or is not there
  uint64_t retries = 0;
  uint64_t floods = 0;  // HTTP/2 connections ended because they burdened the proxy
  uint64_t handshakes = 0, failed_handshakes = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  // of requests and responses, TLS not counted
  uint64_t request_us = 0;               // sum over requests, from the first byte in to the last byte out
  HistogramSums latency_us;              // of the same
};

struct HttpMemberTraffic {
  uint64_t requests = 0;  // sent to it, retries included
  uint64_t connections = 0, failed_connections = 0;
  uint64_t failed_requests = 0;  // ended without a whole response
  uint64_t status_5xx = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  // from and to the member
  uint64_t response_us = 0;              // sum, from the request's last byte to the response's head
};

class HttpTrafficView {
 public:
  virtual ~HttpTrafficView() = default;
  /// Nothing for an id that no worker has ever counted for. At most a second old.
  virtual std::optional<HttpListenerTraffic> http_listener_traffic(const Id& listener_id) const = 0;
  virtual std::optional<HttpMemberTraffic> http_member_traffic(const Id& member_id) const = 0;
};

}  // namespace elb::model
