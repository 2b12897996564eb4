// SPDX-License-Identifier: Apache-2.0
// HttpTls: the TLS side of one connection of the API, for http_connection, which has the socket. Bytes of the network
// are fed in and taken out. Private to api. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "tls/connection.h"

namespace elb::api {

class HttpTls {
 public:
  /// Connections come seldom, so each has OpenSSL's objects to itself: no lock, nothing shared but the table.
  static Result<std::unique_ptr<HttpTls>> accept(std::shared_ptr<const tls::ServerTable> table, const Clock& clock,
                                                 tls::TicketSecretsPtr secrets);

  struct Step {
    size_t bytes = 0;          // plain bytes read or written
    std::string output;        // to be sent to the peer before anything else
    bool wants_input = false;  // feed() more
    bool ended = false;
  };

  void feed(std::string_view bytes) { input_.append(bytes); }
  /// Handshakes first. Without bytes, input wanted or an end: come again.
  Step read(std::span<char> plain);
  Step write(std::string_view plain);
  /// What says goodbye; empty if there is nobody to say it to.
  std::string close();
  /// Another thread goes on with it.
  void leave_thread() const;
  /// Whether a read() has something to work on already.
  bool has_input() const { return !input_.empty() || (connection_->handshake_done() && connection_->pending() > 0); }

 private:
  HttpTls(tls::ServerContextPtr context, std::unique_ptr<tls::Connection> connection)
      : context_(std::move(context)), connection_(std::move(connection)) {}
  template <class Call>
  Step run(Call call);

  tls::ServerContextPtr context_;
  std::unique_ptr<tls::Connection> connection_;
  std::string input_;  // from the peer, not used yet
  bool failed_ = false;
};

}  // namespace elb::api
