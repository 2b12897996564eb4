// SPDX-License-Identifier: Apache-2.0
// HttpWorkers: a fixed number of threads that each serve one connection at a time, and a bounded queue before them.
// While connections wait, `pressure` is readable, which makes idle connections give up their threads. Private to
// http_server. Thread rule: enqueue() from the accepting thread; shutdown() once.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace elb::api {

class HttpWorkers final : public httplib::TaskQueue {
 public:
  using Task = std::function<void()>;

  /// `shed` takes over a task that found the queue full; it runs in the accepting thread and must be quick.
  HttpWorkers(size_t threads, size_t queued, int pressure, std::function<void(const Task&)> shed);

  void enqueue(Task task) override;
  void shutdown() override;

 private:
  void run();

  const size_t queued_;
  const int pressure_;
  const std::function<void(const Task&)> shed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace elb::api
