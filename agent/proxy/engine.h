// SPDX-License-Identifier: Apache-2.0
// Engine: the L7 proxy without its process: a loop for each core, what they serve, their counters. Sockets that listen
// come from outside; a connection may come to any address and port, and is served by the listener of the snapshot that
// has it. A new snapshot touches no connection: the next request of each meets it.
// Thread rule: one thread calls apply(), adopt_listening_socket(), drain() and stop(); the views are for any thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "proxy/counters.h"
#include "proxy/options.h"
#include "proxy/served.h"
#include "proxy/ticket_keeper.h"

namespace elb::proxy {

class Loop;

class Engine {
 public:
  /// Starts the loops; they serve nothing yet. `clock` and `random` outlive the engine.
  static Result<std::unique_ptr<Engine>> start(const EngineOptions& options, const Clock& clock, Random& random);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /// When it returns every loop serves the snapshot to requests that begin. kInvalid: some listener's certificates
  /// cannot be used; its new connections are refused, all else is served.
  Status apply(model::SnapshotPtr snapshot);

  /// A listening TCP socket. All loops accept from it.
  Status adopt_listening_socket(Fd fd);

  /// Accepts no more, ends each connection with its next response, and waits until none is left or `limit` has passed;
  /// false: some are left.
  bool drain(std::chrono::milliseconds limit);
  /// Closes what is left and ends the threads.
  void stop();

  const Counters& counters() const { return counters_; }
  /// Open connections of clients, over all loops.
  size_t connections() const;
  /// Of one loop.
  size_t connections(size_t loop) const;

 private:
  Engine(const EngineOptions& options, const Clock& clock, Random& random);
  /// Runs `task` in every loop's thread and waits for all of them.
  Status everywhere(const std::function<Status(Loop&)>& task);

  const EngineOptions options_;
  const Clock& clock_;
  Counters counters_;
  TicketKeeper tickets_;
  StickyParts sticky_;
  std::shared_ptr<const Served> served_;
  std::vector<Fd> sockets_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace elb::proxy
