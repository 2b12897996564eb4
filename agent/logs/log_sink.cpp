// SPDX-License-Identifier: Apache-2.0
#include "logs/log_sink.h"

#include <pthread.h>

#include <chrono>

#include "base/log.h"

namespace elb::logs {

LogSink::LogSink(std::unique_ptr<LogOutlet> outlet, size_t queue_bytes)
    : outlet_(std::move(outlet)), queue_bytes_(queue_bytes) {
  counts_.name = outlet_->name();
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), ("log-" + counts_.name).substr(0, 15).c_str());
}

LogSink::~LogSink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogSink::offer(const LogBatchPtr& batch) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + batch->text.size() > queue_bytes_) {
      counts_.lost += batch->lines();
      return;
    }
    queued_bytes_ += batch->text.size();
    queue_.push_back(batch);
  }
  wake_.notify_one();
}

void LogSink::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void LogSink::flush() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

LogSink::Counts LogSink::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void LogSink::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_ || reopen_ || !queue_.empty(); });
    const bool last = stopping_ && queue_.empty();
    const bool reopen = std::exchange(reopen_, false);
    LogBatchPtr batch;
    if (!queue_.empty()) {
      batch = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= batch->text.size();
    }
    busy_ = true;
    lock.unlock();
    if (reopen) outlet_->reopen();
    const bool taken = !batch || deliver(*batch);
    outlet_->tick();
    lock.lock();
    busy_ = false;
    if (!taken && stopping_) lose_queue();  // an end is not held up by a sink that hangs
    if (queue_.empty()) idle_.notify_all();
    if (last) return;
  }
}

void LogSink::lose_queue() {
  for (const LogBatchPtr& batch : queue_) counts_.lost += batch->lines();
  queue_.clear();
  queued_bytes_ = 0;
}

bool LogSink::deliver(const LogBatch& batch) {
  for (int attempt = 1;; ++attempt) {
    const Status status = outlet_->deliver(batch, attempt > 1);
    std::unique_lock lock(mutex_);
    if (status) {
      counts_.delivered += batch.lines();
      return true;
    }
    // once a while is enough: the counter has the rest
    if (counts_.failures++ % 1000 == 0)
      log::warn("access log is not written sink={} error=\"{}\"", counts_.name, status.error().message);
    counts_.last_error = status.error().message;
    if (attempt == kAttempts || stopping_) {
      counts_.lost += batch.lines();
      return false;
    }
    wake_.wait_for(lock, std::chrono::milliseconds(200 * attempt), [this] { return stopping_; });
  }
}

}  // namespace elb::logs
