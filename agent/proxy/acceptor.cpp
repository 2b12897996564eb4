// SPDX-License-Identifier: Apache-2.0
#include "proxy/acceptor.h"

#include <sys/socket.h>

#include <cerrno>

#include "proxy/loop.h"

namespace elb::proxy {
namespace {

constexpr int kAtOnce = 32;  // others have their turn after so many
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Status Acceptor::open() { return loop_.poller.add_shared(fd_, *this); }

void Acceptor::close() {
  loop_.wheel.disarm(*this);
  loop_.poller.remove(fd_);
}

void Acceptor::on_events(uint32_t) {
  for (int i = 0; i < kAtOnce; ++i) {
    Fd fd(accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      loop_.accept(std::move(fd));
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      close();
      loop_.wheel.arm(*this, loop_.now + kPause);
    }
    return;
  }
}

void Acceptor::on_timer() {
  if (!open()) loop_.wheel.arm(*this, loop_.now + kPause);
}

}  // namespace elb::proxy
