// SPDX-License-Identifier: Apache-2.0
// Access logs as files: DIRECTORY/GROUP/STREAM.log, renamed to STREAM.log.20261129T011500Z when it has its size or its
// age, compressed, and removed when there are too many. Compressing is a thread's of its own. What was renamed may be
// left for LogTransfer, as a link in DIRECTORY/.transfer. Thread rule: as LogOutlet; log_files_of() is pure but for the
// file system.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "logs/log_packer.h"
#include "logs/log_sink.h"

namespace elb::logs {

/// guide: 32 fields. extended: these, and why the request ended. json: one object a line.
enum class LogForm : uint8_t { kGuide, kExtended, kJson };

struct LogFileOptions {
  std::string directory;
  LogForm form = LogForm::kGuide;
  uint64_t rotate_bytes = uint64_t{100} << 20;
  std::chrono::seconds rotate_every{86400};
  PackOptions pack;
};

class LogFiles final : public LogOutlet {
 public:
  /// kSystem if the directory cannot be made or written to.
  static Result<std::unique_ptr<LogFiles>> open(const LogFileOptions& options, const Clock& clock);

  std::string_view name() const override { return "file"; }
  Status deliver(const LogBatch& batch, bool again) override;
  void tick() override;
  void reopen() override { open_.clear(); }

 private:
  struct Open {
    Fd file;
    uint64_t bytes = 0;
    WallTime since{};
    WallTime used{};
  };
  LogFiles(const LogFileOptions& options, const Clock& clock)
      : options_(options), clock_(clock), packer_(options.directory, options.pack) {}
  std::string path_of(const std::string& stream) const { return options_.directory + "/" + stream + ".log"; }
  Result<Open*> file_of(const std::string& stream);
  Status write(const std::string& stream, std::string_view text);
  void rotate(const std::string& stream);
  bool is_old(const Open& open) const { return clock_.wall() - open.since >= options_.rotate_every; }

  const LogFileOptions options_;
  const Clock& clock_;
  std::map<std::string, Open> open_;  // by GROUP/STREAM
  std::set<std::string> written_;     // already, of a batch that failed in its middle
  LogPacker packer_;
};

/// The files of a stream, oldest first; the one that is written to comes last.
std::vector<std::string> log_files_of(const std::string& directory, const std::string& group,
                                      const std::string& stream);

}  // namespace elb::logs
