// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

namespace elb::cli {
namespace {

constexpr std::chrono::milliseconds kGlance{50};

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupt::Interrupt(std::optional<std::chrono::milliseconds> time, std::function<void()> stop)
    : stop_(std::move(stop)) {
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  thread_ = std::thread([this, time] { run(time); });
}

Interrupt::~Interrupt() {
  done_ = true;
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::run(std::optional<std::chrono::milliseconds> time) {
  const sigset_t signals = ending_signals();
  const auto begun = std::chrono::steady_clock::now();
  const timespec glance{0, std::chrono::nanoseconds(kGlance).count()};
  while (!done_) {
    if (sigtimedwait(&signals, nullptr, &glance) > 0) happened_ = true;
    if (time && std::chrono::steady_clock::now() - begun >= *time) happened_ = true;
    if (happened_) stop_();
  }
}

}  // namespace elb::cli
