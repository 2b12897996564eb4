// SPDX-License-Identifier: Apache-2.0
#include "api/watchers.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "api/event_value.h"

namespace elb::api {
namespace {

constexpr size_t kUnsentMax = 64 << 10;  // more events are fetched when less than this waits
constexpr size_t kEventsAtOnce = 100;

std::string frame_of(const control::Event& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, to_string(event.what), event_value(event).dump());
}

}  // namespace

Watchers::Watchers(control::EventJournal& journal, const WatchLimits& limits, const Clock& clock)
    : journal_(journal), limits_(limits), clock_(clock), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  thread_ = std::thread([this] { run(); });
}

Watchers::~Watchers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
}

Watchers::Place Watchers::reserve() {
  if (taken_->fetch_add(1) >= limits_.most) {
    taken_->fetch_sub(1);
    return nullptr;
  }
  return {taken_.get(), [taken = taken_](const void*) { taken->fetch_sub(1); }};
}

void Watchers::add(Client client) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(client));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void Watchers::run() {
  for (;;) {
    wait();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    welcome();
    const SteadyTime now = clock_.steady();
    std::erase_if(served_, [&](Served& served) { return !serve(served, now); });
  }
  served_.clear();
}

void Watchers::wait() {
  std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}, {journal_.event_fd(), POLLIN, 0}};
  for (const Served& served : served_) {
    const bool more = served.stream->unsent() > 0;
    fds.push_back({served.stream->fd(), static_cast<short>(more ? POLLIN | POLLOUT : POLLIN), 0});
  }
  // Heartbeats and cuts need no better clock than a fraction of their time.
  const auto tick = std::min(limits_.heartbeat, limits_.stall) / 4;
  ::poll(fds.data(), fds.size(), served_.empty() ? -1 : static_cast<int>(std::max<int64_t>(tick.count(), 1)));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &count, sizeof count);
  journal_.settle();
  for (size_t i = 0; i < served_.size(); ++i)
    if ((fds[i + 2].revents & ~POLLOUT) != 0) served_[i].stream->listen();
}

void Watchers::welcome() {
  std::vector<Client> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(arrived_);
  }
  const SteadyTime now = clock_.steady();
  for (Client& client : arrived) {
    Served served{std::move(client), now, now, false};
    served.stream->put(served.head);
    served.stream->put(fmt::format("id: {}\n: from here on\n\n", served.watch.since));
    served_.push_back(std::move(served));
  }
}

bool Watchers::serve(Served& served, SteadyTime now) {
  if (!served.closing) {
    tell(served, now);
    if (!beat(served, now)) return false;
  }
  const size_t took = served.stream->flush();
  if (served.stream->ended()) return false;
  if (took > 0 || served.stream->unsent() == 0) served.accepted = now;
  if (served.closing && served.stream->unsent() == 0) return false;
  return now - served.accepted < limits_.stall;
}

void Watchers::tell(Served& served, SteadyTime now) {
  ClientStream& stream = *served.stream;
  while (stream.unsent() < kUnsentMax && !stream.ended()) {
    const auto page = journal_.read(served.watch.since, served.watch.filter, kEventsAtOnce);
    if (page.gone) {  // too slow for what happens
      stream.put(fmt::format("event: gone\ndata: {}\n\n", codec::Value().set("oldest", page.oldest).dump()));
      served.closing = true;
      return;
    }
    std::string text;
    for (const auto& event : page.events) text += frame_of(*event);
    if (!text.empty()) {
      stream.put(text);
      served.spoken = now;
    }
    served.watch.since = page.next;
    if (page.next == page.newest) return;
    stream.flush();
  }
}

bool Watchers::beat(Served& served, SteadyTime now) {
  if (now - served.spoken < limits_.heartbeat) return true;
  if (!served.admitted()) return false;
  served.spoken = now;
  if (served.stream->unsent() == 0) served.stream->put(": heartbeat\n\n");
  return true;
}

}  // namespace elb::api
