// SPDX-License-Identifier: Apache-2.0
#include "api/http_workers.h"

#include <unistd.h>

#include <cstdint>

namespace elb::api {

HttpWorkers::HttpWorkers(size_t threads, size_t queued, int pressure, std::function<void(const Task&)> shed)
    : queued_(queued), pressure_(pressure), shed_(std::move(shed)) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void HttpWorkers::enqueue(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() < queued_) {
      tasks_.push_back(std::move(task));
      if (tasks_.size() > idle_) {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t n = write(pressure_, &one, sizeof one);
      }
      changed_.notify_one();
      return;
    }
  }
  shed_(task);
}

void HttpWorkers::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    if (tasks_.empty()) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t n = read(pressure_, &count, sizeof count);  // non-blocking: clears the signal
    }
    lock.unlock();
    task();
    lock.lock();
  }
}

void HttpWorkers::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace elb::api
