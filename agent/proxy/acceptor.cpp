// SPDX-License-Identifier: Apache-2.0
#include "proxy/acceptor.h"

#include <sys/socket.h>

#include <cerrno>

#include "proxy/loop.h"
#include "proxy/socket_address.h"

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

void Acceptor::on_events(uint32_t) { loop_.has_new(*this); }

void Acceptor::accept_some() {
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd fd(accept4(fd_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      loop_.accept(std::move(fd), to_endpoint(from));
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
