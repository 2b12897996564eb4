// SPDX-License-Identifier: Apache-2.0
// LogPacker: what becomes of a log file once it was renamed: compressed, linked for the transfer, removed when there
// are too many. A thread of its own, so that lines do not wait for it. Thread rule: pack() by one thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace elb::logs {

inline constexpr std::string_view kTransferDirectory = ".transfer";

struct PackOptions {
  bool compress = true;
  size_t keep = 14;       // renamed files of a stream
  bool transfer = false;  // leave a link to each for the transfer
};

class LogPacker {
 public:
  /// Also takes up what an earlier run left uncompressed.
  LogPacker(std::string directory, const PackOptions& options);
  ~LogPacker();  // finishes
  LogPacker(const LogPacker&) = delete;
  LogPacker& operator=(const LogPacker&) = delete;

  void pack(const std::string& path);

 private:
  void run();
  void work(const std::string& path) const;
  void take_up();

  const std::string directory_;
  const PackOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Writes PATH.gz and removes PATH; a half-written one never has that name.
Status compress_file(const std::string& path);

}  // namespace elb::logs
