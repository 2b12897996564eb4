// SPDX-License-Identifier: Apache-2.0
//
// Time of one member's checks (d = delay, t = timeout <= d):
//
//   put            start              start              start
//    |--first wait--|---0.9 d .. d-----|---0.9 d .. d-----|
//                   |--answer or t--|  |--answer or t--|
//
// The first wait is random within min(1 s, d), so that members added together are not checked together. A period is
// drawn from 0.9 d to d: within the 10 % that HC-05 allows, but never longer than d, because `fall` periods of up to
// 1.1 d would break the promise that a death is found within d x fall + t (HC-18). Checks of one member never overlap.
//
// Checks end with an ordinary close(), not with a reset (SO_LINGER 0): members log resets, some count them as abuse.
// The price is a socket in TIME_WAIT (about 250 bytes for 60 s) for each check; as the source port need only be free
// towards the same member, even one check each second never holds more than 60 of its 28,000 ports. An HTTP check does
// not read the body of the answer: one that is still on its way when the check closes is answered by a reset.
#include "health/prober.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "health/reason.h"

namespace elb::health {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds kFirstWaitMax = std::chrono::seconds(1);
constexpr int kJitterPart = 10;  // a period is shortened by up to a tenth

}  // namespace

Prober::Prober(io::EventLoop& loop, const Clock& clock, Random& random, const Sources& sources, size_t in_flight_max,
               Emit emit)
    : loop_(loop),
      clock_(clock),
      random_(random),
      sources_(sources),
      in_flight_max_(in_flight_max),
      emit_(std::move(emit)) {}

Prober::~Prober() {
  for (auto& [id, check] : checks_) abandon(check);
}

void Prober::apply(const Changes& changes) {
  for (const model::Id& id : changes.removed) remove(id);
  for (const auto& [id, target] : changes.put) put(id, target);
}

void Prober::put(const model::Id& id, const Target& target) {
  const auto [entry, added] = checks_.try_emplace(id);
  Check& check = entry->second;
  const Target before = std::exchange(check.target, target);
  if (added) {
    check.id = id;
    check.tracker = Tracker(target.initial);
    check.health.state = check.tracker.state();
    check.health.since = clock_.wall();
  } else if (check.fd && before.endpoint == target.endpoint && before.http == target.http && before.udp == target.udp) {
    arm_deadline(check);  // the check under way goes on, under the new timeout
    return;
  }
  SteadyTime next = clock_.steady() + random_up_to(std::min<nanoseconds>(kFirstWaitMax, target.delay));
  // With other settings what is known of the member stays (HC-19), and so does the rhythm, under the new interval: a
  // stream of changes neither puts checks off nor makes more of them. Another address or port is checked soon.
  if (!added && before.endpoint == target.endpoint)
    next = std::min(check.due.when, std::max(next, check.started + period(target)));
  abandon(check);
  check.due = loop_.at(next, [this, &check] { start(check); });
}

void Prober::remove(const model::Id& id) {
  const auto entry = checks_.find(id);
  if (entry == checks_.end()) return;
  abandon(entry->second);
  checks_.erase(entry);
}

void Prober::start(Check& check) {
  check.started = clock_.steady();
  if (in_flight_ >= in_flight_max_) return node_fault(check, EMFILE);
  if (check.target.udp) return start_echo(check);
  io::TcpAttempt attempt = io::tcp_connect(sources_.towards(check.target.endpoint.address), check.target.endpoint);
  const bool connected = attempt.error == 0;  // at once, as a local member may
  if (attempt.error != EINPROGRESS && !(connected && check.target.http)) return finish(check, attempt.error);
  if (watch(check, std::move(attempt.fd), EPOLLOUT)) arm_deadline(check);
}

/// False: the check has ended.
bool Prober::watch(Check& check, Fd fd, uint32_t events) {
  check.fd = std::move(fd);
  ++in_flight_;
  if (loop_.add(check.fd.get(), events, [this, &check](uint32_t) { on_ready(check); })) return true;
  finish(check, ENOSPC);
  return false;
}

void Prober::on_ready(Check& check) {
  if (check.udp) return read_udp(check);
  if (check.answer) return read_answer(check);
  const int error = io::connect_error(check.fd.get());
  if (error != 0 || !check.target.http) return finish(check, error);
  ask(check);
}

void Prober::ask(Check& check) {
  check.answer = make_answer(*check.target.http);
  if (!check.answer) return finish(check, ENOMEM);
  if (say(check) && !loop_.modify(check.fd.get(), EPOLLIN)) finish(check, ENOSPC);
}

/// A fresh connection takes a request of this size as a whole. False: the check has ended.
bool Prober::say(Check& check) {
  const std::string words = check.answer->say(*check.target.http);
  if (words.empty()) return true;
  const ssize_t sent = ::send(check.fd.get(), words.data(), words.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(words.size())) return true;
  finish(check, sent < 0 && errno != EAGAIN ? errno : ENOBUFS);
  return false;
}

void Prober::read_answer(Check& check) {
  std::array<char, 4096> bytes;
  const ssize_t got = ::recv(check.fd.get(), bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return finish(check, errno);
  const std::string_view text(bytes.data(), static_cast<size_t>(got));
  const auto state = got == 0 ? check.answer->end() : check.answer->feed(text, *check.target.http);
  if (state == Answer::State::kMore) {
    say(check);
    return;
  }
  std::string failure = check.answer->failure();
  finish(check, 0, std::move(failure));
}

void Prober::arm_deadline(Check& check) {
  loop_.cancel(check.due);
  check.due = loop_.at(check.started + check.target.timeout, [this, &check] { expire(check); });
}

/// An answer that waits in the queue still counts: after a stall of this process (stopped, starved) members must not
/// pay for it.
void Prober::expire(Check& check) {
  if (check.udp) return expire_udp(check);
  const int fd = check.fd.get();
  if (check.answer || (check.target.http && !io::connect_pending(fd))) {
    on_ready(check);
    if (check.fd) finish(check, ETIMEDOUT);
    return;
  }
  finish(check, io::connect_pending(fd) ? ETIMEDOUT : io::connect_error(fd));
}

void Prober::finish(Check& check, int error, std::string failure) {
  const SteadyTime answered = check.udp ? check.udp->answered.value_or(clock_.steady()) : clock_.steady();
  abandon(check);
  if (is_node_fault(error)) return node_fault(check, error);
  if (logged_fault_ != 0) {
    log::info("health checks work again");
    logged_fault_ = 0;
  }
  record(check, error, std::move(failure), answered);
  schedule(check);
}

/// Ends what is under way and what is planned for this member.
void Prober::abandon(Check& check) {
  loop_.cancel(check.due);
  check.udp.reset();
  if (!check.fd) return;
  loop_.remove(check.fd.get());
  check.fd.reset();
  check.answer.reset();
  --in_flight_;
}

void Prober::schedule(Check& check) {
  const SteadyTime next = check.started + period(check.target);
  check.due = loop_.at(std::max(next, clock_.steady()), [this, &check] { start(check); });
}

nanoseconds Prober::period(const Target& target) {
  return target.delay - random_up_to(nanoseconds(target.delay) / kJitterPart);
}

/// The check could not be made: shown, logged once, but no result.
void Prober::node_fault(Check& check, int error) {
  if (logged_fault_ != error) {
    log::warn("health check of {} from {}: {}", check.target.endpoint.to_string(),
              sources_.towards(check.target.endpoint.address).to_string(), describe(error, check.target.timeout));
    logged_fault_ = error;
  }
  check.health.reason = describe(error, check.target.timeout);
  schedule(check);
  emit_({check.id, check.health});
}

/// `error` is 0 where the member spoke; `failure` is then what was wrong with it, empty: nothing.
void Prober::record(Check& check, int error, std::string failure, SteadyTime answered) {
  model::Health& health = check.health;
  health.checked = clock_.wall();
  const bool success = error == 0 && failure.empty();
  if (success)
    health.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(answered - check.started).count();
  else
    check.failure = error == 0 ? std::move(failure) : describe(error, check.target.timeout);
  if (check.tracker.record(success, check.target.thresholds())) {
    health.state = check.tracker.state();
    health.since = health.checked;
  }
  health.reason = explain(check.tracker, check.target.thresholds(), check.failure);
  emit_({check.id, health});
}

nanoseconds Prober::random_up_to(nanoseconds limit) {
  if (limit.count() <= 0) return nanoseconds(0);
  return nanoseconds(static_cast<int64_t>(random_.next() % static_cast<uint64_t>(limit.count())));
}

}  // namespace elb::health
