// SPDX-License-Identifier: Apache-2.0
// LogTransfer: log files that were renamed go to an S3-compatible store (LOG-06), as PREFIX/GROUP/STREAM.log.STAMP.gz.
// What waits are links in DIRECTORY/.transfer, so that a restart forgets none; one is removed when the store has it.
// Thread rule: a thread of its own; counts() from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "logs/s3_signature.h"

namespace elb::logs {

struct TransferOptions {
  std::string directory;  // of the log files
  std::string url;        // "http://HOST:PORT/BUCKET[/PREFIX]"; requests name the bucket in the path
  S3Credentials credentials;
  size_t waiting_max = 1000;  // files; the oldest go when there are more
  std::chrono::seconds every{10};
};
/// A file of lines "access_key=...", "secret_key=..." and, perhaps, "region=...".
Result<S3Credentials> read_s3_credentials(const std::string& path);

class LogTransfer {
 public:
  static Result<std::unique_ptr<LogTransfer>> start(const TransferOptions& options, const Clock& clock);
  ~LogTransfer();
  LogTransfer(const LogTransfer&) = delete;
  LogTransfer& operator=(const LogTransfer&) = delete;

  struct Counts {
    uint64_t transferred = 0, failures = 0, lost = 0;  // files
  };
  Counts counts() const { return {transferred_.load(), failures_.load(), lost_.load()}; }

 private:
  LogTransfer(const TransferOptions& options, const Clock& clock, HttpTarget bucket);
  void run();
  /// False: the store does not take it now.
  bool send_all();
  Status send(const std::string& path, const std::string& name) const;

  const TransferOptions options_;
  const Clock& clock_;
  const HttpTarget bucket_;
  std::atomic<uint64_t> transferred_{0}, failures_{0}, lost_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace elb::logs
