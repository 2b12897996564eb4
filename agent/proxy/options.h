// SPDX-License-Identifier: Apache-2.0
// EngineOptions: what the engine is told once, at its start; everything else comes with snapshots. Thread rule: values.
#pragma once

#include <chrono>
#include <optional>

#include "base/ip.h"
#include "http/body_reader.h"
#include "http/message_head.h"
#include "proxy/access_log.h"
#include "proxy/sticky.h"

namespace elb::proxy {

struct EngineOptions {
  size_t loops = 1;
  http::HeadLimits head;  // of requests; responses are judged by the defaults
  http::BodyLimits body;  // of requests; with body_bytes the announced length is limited too
  /// Where connections to members come from (LS-17); empty: the kernel chooses.
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  size_t attempts = 3;  // members that one request is sent to at most (LS-19)
  /// Connections to members that a loop keeps open for later, in all. Below the number of requests at once it would
  /// close and open one for each request.
  size_t idle_members = 4096;
  std::chrono::seconds member_idle{50};
  /// A request that must not be sent twice is given only connections that were in use so recently: common servers close
  /// idle ones after 5 s, and what crosses that on its way is lost.
  std::chrono::seconds member_idle_unsafe{4};
  /// After the last response the rest of what the client sends is read for so long without a byte, and ten times that
  /// in all: closing at once would reset the connection and could destroy the response on its way.
  std::chrono::milliseconds linger{2000};
  int defer_accept_s = 5;  // connections are accepted when their first bytes are there, or after this; 0: at once
  /// Handshakes that are worked on in one turn of a loop, so that a crowd of new clients does not hold up the others.
  unsigned handshakes_per_turn = 8;
  std::chrono::seconds body_grace{30};  // that a request's body may be slower than the listener's rate
  StickyKey sticky_key{};
  size_t learned_cookies = size_t{1} << 17;
  AccessLog* access_log = nullptr;  // of every request; null: none; outlives the engine
  AccessLog* stream_log = nullptr;  // of load balancers with an access log of their own; likewise
};

}  // namespace elb::proxy
