// SPDX-License-Identifier: Apache-2.0
// EngineFixture: the real engine on a port of 127.0.0.1, with members of the test's making. Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "proxy/engine.h"
#include "unit/proxy/engine/member_server.h"
#include "unit/proxy/engine/peer.h"

namespace elb::test {

inline std::string get(std::string_view path, std::string_view fields = {}) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n{}\r\n", path, fields);
}
inline std::string post(std::string_view body, std::string_view fields = {}) {
  return fmt::format("POST /post HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields, body);
}
inline std::string echo(const Message& request) { return response(200, request.body.empty() ? "hello" : request.body); }

/// Waits until `holds` does; false if that takes too long.
template <class Condition>
bool eventually(Condition&& holds, int ms = 5000) {
  for (int waited = 0; waited < ms; waited += 5) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return holds();
}

class EngineFixture : public testing::Test {
 protected:
  static constexpr const char* kListener = "listener-1";

  void start(proxy::EngineOptions options = {}) {
    options.learned_cookies = 1024;
    auto made = proxy::Engine::start(options, clock_, random_);
    ASSERT_TRUE(made) << made.error().to_string();
    engine_ = std::move(*made);
    Fd socket = listen_on_loopback(port_);
    ASSERT_TRUE(engine_->adopt_listening_socket(std::move(socket)));
  }

  Endpoint front() const { return {*IpAddress::parse("127.0.0.1"), port_}; }

  /// A snapshot with one listener, one pool and these members; `http` may be changed before it is applied.
  model::Snapshot snapshot(const std::vector<Endpoint>& members) const {
    model::Snapshot result;
    model::SnapshotPool pool;
    pool.id = "pool-1";
    pool.protocol = model::Protocol::kHttp;
    for (size_t i = 0; i < members.size(); ++i) {
      model::SnapshotMember member;
      member.id = fmt::format("member-{}", i + 1);
      member.endpoint = members[i];
      member.usable = true;
      pool.members.push_back(member);
    }
    result.pools.push_back(pool);
    model::SnapshotListener listener;
    listener.id = kListener;
    listener.loadbalancer_id = "loadbalancer-1";
    listener.protocol = model::Protocol::kHttp;
    listener.vip = front();
    listener.pool = 0;
    listener.http.emplace();
    result.listeners.push_back(listener);
    return result;
  }
  void apply(model::Snapshot value) {
    const auto status = engine_->apply(std::make_shared<const model::Snapshot>(std::move(value)));
    ASSERT_TRUE(status) << status.error().to_string();
  }
  /// Starts if need be, and serves these members.
  void serve(const std::vector<Endpoint>& members) {
    if (!engine_) start();
    apply(snapshot(members));
  }
  model::SnapshotHttp& http_of(model::Snapshot& value) const { return *value.listeners[0].http; }

  Peer connect(int receive_buffer = 0) const { return Peer::connect(front(), Peer::kPatienceMs, receive_buffer); }
  proxy::ListenerSums counts() const { return engine_->counters().listener_sums(kListener); }

  SystemClock clock_;
  SystemRandom random_;
  uint16_t port_ = 0;
  std::unique_ptr<proxy::Engine> engine_;
};

}  // namespace elb::test
