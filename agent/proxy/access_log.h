// SPDX-License-Identifier: Apache-2.0
// AccessLog: lines of all loops into one file, without the loops ever waiting for the disk. Each loop has a ring of its
// own (one producer, one consumer); a thread writes what it finds there, 64 KB at a time or every 200 ms. A full ring
// drops the line and counts it. Thread rule: append() for one loop by one thread at a time, everything else from any
// thread; the destructor writes what is left.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "proxy/access_record.h"
#include "proxy/byte_ring.h"

namespace elb::proxy {

struct AccessLogOptions {
  std::string path;
  size_t loops = 1;
  size_t ring_bytes = size_t{1} << 20;  // for each loop; a power of two
};

class AccessLog {
 public:
  /// Opens (appends to, makes with mode 0640) the file and starts the thread.
  static Result<std::unique_ptr<AccessLog>> open(const AccessLogOptions& options);
  /// Onto a descriptor that somebody else opened; reopen() is then an error.
  static std::unique_ptr<AccessLog> on(Fd file, size_t loops, size_t ring_bytes = size_t{1} << 20);
  /// Into a pipe (O_NONBLOCK) to the agent: each line has a 33rd word, why the request ended, and "#lost N" tells how
  /// many lines had to be dropped so far, "#lostspans N" how many spans. A request of a trace has its id as 34th word.
  static std::unique_ptr<AccessLog> to_agent(Fd pipe, size_t loops, size_t ring_bytes = size_t{1} << 20);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// False when the line was dropped.
  bool append(size_t loop, const AccessRecord& record);

  /// Of a request that is traced, besides append(): "#span TRACE SPAN PARENT START_US DURATION_US LINE". Only to the
  /// agent.
  bool append_span(size_t loop, const AccessRecord& record, const AccessSpan& span);

  /// Opens the path anew, for rotation. Lines before the call go to the old file, later ones to the new one. After an
  /// error the old file stays in use.
  Status reopen();
  /// Waits until everything appended before the call is with the kernel.
  void flush();

  uint64_t lines() const;    // appended
  uint64_t dropped() const;  // ring full, or the disk refused
  uint64_t failed_writes() const { return failed_writes_.load(std::memory_order_relaxed); }

 private:
  struct Loop;
  AccessLog(std::string path, Fd file, size_t loops, size_t ring_bytes, bool to_agent = false);
  void run();
  bool push(Loop& loop);
  void put_line(Loop& loop, const AccessRecord& record);
  void tell_losses(std::string& batch);
  bool wait_for_room(int fd) const;
  void write_out(std::string& batch);
  void wake() const;

  const std::string path_;
  const bool to_agent_;
  uint64_t told_ = 0, told_spans_ = 0;  // of what was lost; the thread's own
  std::vector<std::unique_ptr<Loop>> loops_;
  Fd wake_;  // eventfd: a ring is half full, somebody waits, or the end
  std::atomic<uint64_t> failed_writes_{0};
  std::atomic<uint64_t> lost_lines_{0};  // that the disk refused
  mutable std::mutex mutex_;             // of what follows
  std::condition_variable served_more_;
  std::shared_ptr<const Fd> file_;
  uint64_t asked_ = 0;   // flushes
  uint64_t served_ = 0;  // of them, done
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace elb::proxy
