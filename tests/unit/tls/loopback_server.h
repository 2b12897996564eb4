// SPDX-License-Identifier: Apache-2.0
// LoopbackServer: HTTP over tls::Connection on a port of 127.0.0.1, one connection after the other, so that foreign
// clients can judge the engine. Every request is answered with 200 and the connection's facts.
// Thread rule: it has a thread of its own, with its own worker; seen() from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "tls/connection.h"

namespace elb::test {

class LoopbackServer {
 public:
  explicit LoopbackServer(tls::ServerSettings settings);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  std::string address() const;  // "127.0.0.1:40123"
  uint16_t port() const { return port_; }
  /// One line for each connection: "ok TLSv1.3 ..." or "failed REASON".
  std::vector<std::string> seen() const;

 private:
  void run();
  void serve(int fd, const tls::ServerContextPtr& context);
  void note(std::string line);

  tls::ServerSettings settings_;
  Fd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
  std::thread thread_;
};

}  // namespace elb::test
