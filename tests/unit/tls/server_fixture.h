// SPDX-License-Identifier: Apache-2.0
// ServerFixture: a worker with scripted time, and connections to it. Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "tls/connection.h"
#include "tls/worker.h"
#include "unit/tls/client.h"
#include "unit/tls/forge.h"

namespace elb::test {

class ServerFixture : public testing::Test {
 protected:
  ServerFixture() : secrets_(tls::TicketSecrets::rotate(nullptr, clock_.wall(), random_)) {
    auto worker = tls::Worker::create(clock_, secrets_);
    EXPECT_TRUE(worker) << worker.error().to_string();
    worker_ = std::make_unique<tls::Worker>(std::move(*worker));
  }

  /// Settings of a listener with one certificate for www.example.com.
  static tls::ServerSettings settings(const std::string& listener = "listener-1") {
    tls::ServerSettings result;
    result.listener_id = listener;
    result.certificates = {credential("cert-default", issue_for("www.example.com"))};
    return result;
  }

  tls::ServerContextPtr context(tls::ServerSettings settings) {
    auto table = tls::ServerTable::make(std::move(settings));
    EXPECT_TRUE(table) << table.error().to_string();
    auto made = worker_->make_context(*table);
    EXPECT_TRUE(made) << made.error().to_string();
    return *made;
  }

  static std::unique_ptr<tls::Connection> accept(const tls::ServerContextPtr& context) {
    auto connection = tls::Connection::accept(context);
    EXPECT_TRUE(connection) << connection.error().to_string();
    return std::move(*connection);
  }

  /// A handshake that must succeed, with the ticket read; the facts as the server has them.
  tls::ConnectionFacts connect(const tls::ServerContextPtr& context, TestClient& client) {
    const auto server = accept(context);
    const Outcome outcome = shake_hands(client, *server);
    EXPECT_TRUE(outcome.ok) << client.error() << " / " << outcome.server_error;
    EXPECT_TRUE(client.write("ping"));
    EXPECT_EQ(exchange(client, *server, "pong"), "ping");
    EXPECT_EQ(client.read(), "pong");
    return server->facts();
  }

  /// The server's reason why it does not go through; empty: it does.
  std::string refusal(const tls::ServerContextPtr& context, TestClient& client) {
    const auto server = accept(context);
    const Outcome outcome = shake_hands(client, *server);
    if (!outcome.ok) return outcome.server_error.empty() ? "client: " + client.error() : outcome.server_error;
    // TLS 1.3: the client is done before the server has judged its certificate.
    client.write("ping");
    exchange(client, *server);
    return server->error();
  }

  ManualClock clock_;
  SeededRandom random_{1};
  tls::TicketSecretsPtr secrets_;
  std::unique_ptr<tls::Worker> worker_;
};

}  // namespace elb::test
