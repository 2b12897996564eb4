// SPDX-License-Identifier: Apache-2.0
// Loop: one thread's share of the engine: its connections from accept to close. Loops share what is served, the
// balancers and nothing else; what one tells another goes through a mailbox.
// Thread rule: post(), stop() and connections() from any thread, the rest by the thread that calls run().
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/mailbox.h"
#include "proxy/acceptor.h"
#include "proxy/client_connection.h"
#include "proxy/run_queue.h"
#include "proxy/ticket_keeper.h"

namespace elb::proxy {

class Loop final : public LoopContext {
 public:
  using Task = std::function<void(Loop&)>;

  Loop(const EngineOptions& given, const Clock& a_clock, size_t index, Counters& counters, TicketKeeper& tickets,
       tls::Worker worker);
  ~Loop() override;

  /// Before run(): all loops of the engine, this one too. One that has many more connections than the others gives
  /// new ones away.
  void set_peers(const std::vector<Loop*>& peers) { peers_ = peers; }

  void run();
  bool post(Task task) { return mailbox_.push(std::move(task)); }
  void stop();
  uint32_t connections() const { return load_.load(std::memory_order_relaxed); }

  void serve(std::shared_ptr<const Served> next);
  Status listen_on(int fd);
  /// Accepts nothing more; each response is the last of its connection.
  void drain();

  /// The acceptor has connections; it is asked for them when its turn comes.
  void has_new(Acceptor& acceptor) { inlets_.push_back(&acceptor); }
  /// A connection that this loop accepted: for itself, or for a peer.
  void accept(Fd fd, const Endpoint& client);
  void remove(ClientConnection& connection) override;
  void again(ClientConnection& connection) override;
  void queue_handshake(ClientConnection& connection) override;

 private:
  struct Inlet final : Pollable {
    explicit Inlet(Loop& a_loop) : loop(a_loop) {}
    void on_events(uint32_t events) override;
    Loop& loop;
  };
  struct Minute final : Timed {
    explicit Minute(Loop& a_loop) : loop(a_loop) {}
    void on_timer() override;
    Loop& loop;
  };

  void turn();
  void run_again();
  void run_handshakes();
  Loop* less_loaded();
  void take(Fd fd, const Endpoint& client);
  const ServedListener* admit(const ConnectionFacts& facts);

  Counters& counters_;
  TicketKeeper& tickets_;
  tls::Worker worker_;
  Mailbox<Task> mailbox_;
  Inlet inlet_;
  Minute minute_;
  std::vector<Loop*> peers_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  RunQueue<ClientConnection> again_;
  std::vector<Acceptor*> inlets_;             // of this turn: there are new connections
  std::deque<ClientConnection*> handshakes_;  // in the order in which they came
  std::atomic<uint32_t> load_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace elb::proxy
