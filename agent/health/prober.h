// SPDX-License-Identifier: Apache-2.0
// Prober: keeps a schedule of TCP, HTTP and UDP checks for a set of targets on an event loop and reports every result
// as an event. Events carry the whole state, not a difference: one that gets lost is healed by the next check. Thread
// rule: the loop's thread only; `emit` is called there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/ip.h"
#include "base/random.h"
#include "health/target.h"
#include "io/datagram.h"
#include "io/event_loop.h"
#include "io/tcp_connect.h"
#include "model/health.h"

namespace elb::health {

using Emit = std::function<void(model::HealthEvent)>;

/// Where checks come from: the node's own address of the member's family.
struct Sources {
  Sources(IpAddress only) : v4(only) {}  // NOLINT(google-explicit-constructor): one address is the usual case
  Sources(IpAddress first, std::optional<IpAddress> second) : v4(first), v6(second) {}
  /// Of the other family if there is none: the check then fails and says so.
  const IpAddress& towards(const IpAddress& target) const { return target.is_v4() || !v6 ? v4 : *v6; }

  IpAddress v4;
  std::optional<IpAddress> v6;
};

class Prober {
 public:
  /// `in_flight_max` bounds the descriptors that checks may hold, so that members that do not answer leave the rest of
  /// the process its share.
  Prober(io::EventLoop& loop, const Clock& clock, Random& random, const Sources& sources, size_t in_flight_max,
         Emit emit);
  ~Prober();

  void apply(const Changes& changes);
  size_t targets() const { return checks_.size(); }
  size_t in_flight() const { return in_flight_; }

 private:
  struct UdpCheck {
    io::Echo echo;
    std::optional<SteadyTime> answered;  // the echo: then the port is asked
  };
  struct Check {
    model::Id id;
    Target target;
    Tracker tracker;
    std::string failure;  // what the last failed check said
    model::Health health;
    SteadyTime started{};
    Fd fd;                           // while a check is under way
    std::unique_ptr<Answer> answer;  // once the request is being sent
    std::optional<UdpCheck> udp;
    io::TimerId due;  // the next start, or while a check is under way its deadline
  };

  void put(const model::Id& id, const Target& target);
  void remove(const model::Id& id);
  void start(Check& check);
  bool watch(Check& check, Fd fd, uint32_t events);
  void on_ready(Check& check);
  void ask(Check& check);
  bool say(Check& check);
  void read_answer(Check& check);
  void expire(Check& check);
  // udp_check.cpp
  void start_echo(Check& check);
  void ask_port(Check& check);
  void read_udp(Check& check);
  void read_datagram(Check& check);
  void expire_udp(Check& check);
  void finish(Check& check, int error, std::string failure = {});
  void abandon(Check& check);
  void schedule(Check& check);
  void arm_deadline(Check& check);
  void node_fault(Check& check, int error);
  void record(Check& check, int error, std::string failure, SteadyTime answered);
  std::chrono::nanoseconds period(const Target& target);
  std::chrono::nanoseconds random_up_to(std::chrono::nanoseconds limit);

  io::EventLoop& loop_;
  const Clock& clock_;
  Random& random_;
  const Sources sources_;
  const size_t in_flight_max_;
  const Emit emit_;
  std::unordered_map<model::Id, Check> checks_;  // nodes do not move: callbacks hold references
  size_t in_flight_ = 0;
  int logged_fault_ = 0;  // the node's fault that was logged last; cleared by the next check that can be made
};

}  // namespace elb::health
