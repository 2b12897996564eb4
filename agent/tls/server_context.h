// SPDX-License-Identifier: Apache-2.0
// ServerContext: one SSL_CTX for one table in one worker. It holds no certificate: the ClientHello's name decides which
// are set on the connection, so that all else (client authentication, tickets, ALPN) cannot differ between names.
// Private to the room. Thread rule: the worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "tls/openssl.h"
#include "tls/server_table.h"
#include "tls/ticket_keys.h"
#include "tls/worker.h"
#include "tls/worker_state.h"

namespace elb::tls {

class ServerContext {
 public:
  static Result<ServerContextPtr> make(std::shared_ptr<WorkerState> worker, std::shared_ptr<const ServerTable> table);

  const ServerTable& table() const { return *table_; }
  SSL_CTX* ssl_ctx() const { return ssl_ctx_.get(); }
  OSSL_LIB_CTX* library() const { return worker_->library.get(); }

  /// Gives the connection the certificates of an identity. False: none of them can be used.
  bool use(const Identity& identity, SSL* ssl) const;
  /// Of an identity's credentials the one whose certificate the connection shows; its id is for the access log.
  const Credential* shown(const Identity& identity, const SSL* ssl) const;

  /// Null if the keys cannot be derived.
  const TicketKeys* ticket_keys() const;
  const Clock& clock() const { return worker_->clock; }

 private:
  ServerContext(std::shared_ptr<WorkerState> worker, std::shared_ptr<const ServerTable> table)
      : worker_(std::move(worker)), table_(std::move(table)) {}
  Status set_up();

  std::shared_ptr<WorkerState> worker_;  // goes last: the others were made with its library
  std::shared_ptr<const ServerTable> table_;
  SslCtxPtr ssl_ctx_;
  mutable std::optional<TicketKeys> ticket_keys_;  // of the worker's secrets, derived again when those change
};

}  // namespace elb::tls
