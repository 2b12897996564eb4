// SPDX-License-Identifier: Apache-2.0
#include "io/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace elb::io {

namespace {

constexpr size_t kTasksMax = 4096;
constexpr size_t kEventsPerPass = 256;
constexpr auto kForever = std::chrono::milliseconds(60'000);  // an idle loop looks around once a minute

uint64_t pack(int fd, uint32_t serial) { return static_cast<uint64_t>(serial) << 32 | static_cast<uint32_t>(fd); }

}  // namespace

EventLoop::EventLoop(const Clock& clock) : clock_(clock), epoll_(epoll_create1(EPOLL_CLOEXEC)), tasks_(kTasksMax) {
  // Without these two descriptors nothing can be told to anybody: the process has none left at its start.
  if (!epoll_ || !add(tasks_.event_fd(), EPOLLIN, [this](uint32_t) {
        for (Task& task : tasks_.take_all()) task();
      }))
    std::abort();
}

Status EventLoop::add(int fd, uint32_t events, IoCallback callback) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(fd, ++serial_);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(errno, "cannot watch a descriptor");
  watches_[fd] = Watch{serial_, std::move(callback)};
  return {};
}

Status EventLoop::modify(int fd, uint32_t events) {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return fail_errno(ENOENT, "cannot watch a descriptor");
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(fd, watch->second.serial);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) return fail_errno(errno, "cannot watch a descriptor");
  return {};
}

void EventLoop::remove(int fd) {
  if (watches_.erase(fd) != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run() {
  while (!stopping_.load()) run_once(kForever);
  for (Task& task : tasks_.take_all()) task();
}

void EventLoop::stop() {
  stopping_.store(true);
  tasks_.wake();
}

void EventLoop::run_once(std::chrono::milliseconds max_wait) {
  std::array<epoll_event, kEventsPerPass> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(max_wait));
  for (int i = 0; i < count; ++i) dispatch(events[static_cast<size_t>(i)]);
  // After the events: an answer that has arrived counts, even if its deadline passed while it waited here.
  timers_.run_due(clock_.steady());
}

int EventLoop::wait_ms(std::chrono::milliseconds max_wait) const {
  const auto next = timers_.next();
  if (!next) return static_cast<int>(max_wait.count());
  // Rounded up: waking a fraction of a millisecond early would only spin.
  const auto until = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.steady());
  return static_cast<int>(std::clamp(until, std::chrono::milliseconds(0), max_wait).count());
}

void EventLoop::dispatch(const epoll_event& event) {
  const int fd = static_cast<int>(event.data.u64 & UINT32_MAX);
  const auto serial = static_cast<uint32_t>(event.data.u64 >> 32);
  auto watch = watches_.find(fd);
  if (watch == watches_.end() || watch->second.serial != serial) return;
  // The callback may remove its own watch: it runs outside of the table and returns there if the watch still exists.
  IoCallback callback = std::move(watch->second.callback);
  callback(event.events);
  watch = watches_.find(fd);
  if (watch != watches_.end() && watch->second.serial == serial) watch->second.callback = std::move(callback);
}

}  // namespace elb::io
