// SPDX-License-Identifier: Apache-2.0
// Worker: OpenSSL as one thread uses it: a library context of its own, so that threads share no lock, and the
// certificates that this thread has needed so far, parsed (docs/adr/0016).
// Thread rule: a worker, its contexts and their connections belong to one thread. Contexts and connections keep alive
// what they need of the worker.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "tls/server_table.h"
#include "tls/ticket_secrets.h"

namespace elb::tls {

class WorkerState;

/// A ServerTable as one worker serves it. New connections are given the newest; older ones go with their last
/// connection.
class ServerContext;
using ServerContextPtr = std::shared_ptr<const ServerContext>;

class Worker {
 public:
  /// `clock` outlives worker, contexts and connections. kInternal if OpenSSL lacks an algorithm.
  static Result<Worker> create(const Clock& clock, TicketSecretsPtr secrets);

  /// Makes the table ready; its certificates are parsed later, at the first connection that needs each. Costs 0.3 ms of
  /// CPU, and more with client authorities; not for the time between two packets. kInvalid: OpenSSL refuses an
  /// authority's certificate ("client_ca").
  Result<ServerContextPtr> make_context(std::shared_ptr<const ServerTable> table);

  /// From the next ticket on.
  void set_ticket_secrets(TicketSecretsPtr secrets);

  /// Certificates that are parsed, and those that could not be: their connections fail.
  size_t loaded_certificates() const;
  size_t broken_certificates() const;

 private:
  explicit Worker(std::shared_ptr<WorkerState> state) : state_(std::move(state)) {}
  std::shared_ptr<WorkerState> state_;
};

}  // namespace elb::tls
