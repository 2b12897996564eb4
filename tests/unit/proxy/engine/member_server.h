// SPDX-License-Identifier: Apache-2.0
// MemberServer: a member on loopback. A script runs for each connection, in a thread of its own; what the connection
// said is kept, byte for byte. HttpMember is one that answers requests. Thread rule: scripts run in their own threads,
// the views are for any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "unit/proxy/engine/peer.h"

namespace elb::test {

class MemberServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit MemberServer(Script script, uint16_t port = 0);
  MemberServer(const MemberServer&) = delete;
  MemberServer& operator=(const MemberServer&) = delete;
  ~MemberServer() { stop(); }

  Endpoint endpoint() const { return {*IpAddress::parse("127.0.0.1"), port_}; }
  size_t connections() const { return connections_; }
  /// Bytes that all connections have said so far.
  size_t bytes() const { return bytes_; }
  void stop();

 private:
  void run();
  void serve(int fd);

  Script script_;
  uint16_t port_;
  Fd listener_;
  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> connections_ = 0;
  std::atomic<size_t> bytes_ = 0;
  std::mutex mutex_;
  std::list<int> open_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

class HttpMember {
 public:
  /// The bytes that answer a request; empty: the connection is closed without.
  using Answer = std::function<std::string(const Message&)>;

  explicit HttpMember(Answer answer, uint16_t port = 0);
  Endpoint endpoint() const { return server_.endpoint(); }
  size_t connections() const { return server_.connections(); }
  size_t bytes() const { return server_.bytes(); }
  std::vector<Message> requests() const;
  void stop() { server_.stop(); }

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Message> requests_;
  MemberServer server_;
};

/// A response of this status with a body and its length.
std::string response(int status, std::string_view body, std::string_view fields = {});
/// The same with a chunked body, each piece a chunk.
std::string chunked_response(const std::vector<std::string>& pieces);

}  // namespace elb::test
