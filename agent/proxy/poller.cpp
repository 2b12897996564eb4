// SPDX-License-Identifier: Apache-2.0
#include "proxy/poller.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstdlib>

namespace elb::proxy {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) std::abort();  // no descriptors left at the start of a thread
}

Status Poller::control(int fd, uint32_t events, Pollable& pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(errno, "cannot watch a descriptor");
  return {};
}

Status Poller::add(int fd, Pollable& pollable) {
  return control(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, pollable);
}

Status Poller::add_shared(int fd, Pollable& pollable) { return control(fd, EPOLLIN | EPOLLEXCLUSIVE, pollable); }

Status Poller::add_level(int fd, Pollable& pollable) { return control(fd, EPOLLIN, pollable); }

void Poller::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

size_t Poller::wait(std::span<epoll_event> events, std::chrono::milliseconds most) {
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(most.count()));
  return count < 0 ? 0 : static_cast<size_t>(count);
}

}  // namespace elb::proxy
