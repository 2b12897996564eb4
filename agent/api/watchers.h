// SPDX-License-Identifier: Apache-2.0
// Watchers: clients that are told of events as they happen, as server-sent events (WHATWG HTML, 9.2). One thread serves
// them all and waits for none: who takes nothing for a while is cut, and comes back with the number of the last event
// that it saw. Private to api. Thread rule: reserve() and add() from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/api_server.h"
#include "api/client_stream.h"
#include "base/clock.h"
#include "base/fd.h"
#include "control/event_journal.h"

namespace elb::api {

/// What a client wants to be told of.
struct Watch {
  uint64_t since = 0;  // a number of the journal
  control::EventFilter filter;
};

class Watchers {
 public:
  /// `journal` outlives it, and it is the journal's one reader.
  Watchers(control::EventJournal& journal, const WatchLimits& limits, const Clock& clock);
  ~Watchers();  // cuts all

  /// A place for one, given back with the last copy; null: all are taken.
  using Place = std::shared_ptr<const void>;
  Place reserve();

  struct Client {
    Place place;
    std::unique_ptr<ClientStream> stream;
    std::string head;  // of the response
    Watch watch;
    std::function<bool()> admitted;  // asked again with each heartbeat
  };
  void add(Client client);

 private:
  struct Served : Client {
    SteadyTime spoken{};    // last bytes put
    SteadyTime accepted{};  // last bytes that the client took, or had none to take
    bool closing = false;   // when it has got what is left
  };

  void run();
  void wait();
  void welcome();
  /// False: it goes.
  bool serve(Served& served, SteadyTime now);
  void tell(Served& served, SteadyTime now);
  bool beat(Served& served, SteadyTime now);

  control::EventJournal& journal_;
  const WatchLimits limits_;
  const Clock& clock_;
  const Fd wake_;
  const std::shared_ptr<std::atomic<size_t>> taken_ = std::make_shared<std::atomic<size_t>>(0);
  std::mutex mutex_;
  std::vector<Client> arrived_;
  bool stopping_ = false;
  std::vector<Served> served_;  // the thread's own
  std::thread thread_;
};

}  // namespace elb::api
