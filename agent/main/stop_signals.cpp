// SPDX-License-Identifier: Apache-2.0
#include "main/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace elb {
namespace {

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> on_hangup)
    : on_hangup_(std::move(on_hangup)), event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { run(); });
}

StopSignals::~StopSignals() {
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::run() {
  const sigset_t signals = watched_signals();
  for (;;) {
    int received = 0;
    sigwait(&signals, &received);
    if (received == SIGHUP) {
      on_hangup_();
      continue;
    }
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
    return;
  }
}

}  // namespace elb
