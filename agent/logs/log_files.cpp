// SPDX-License-Identifier: Apache-2.0
#include "logs/log_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/log.h"
#include "logs/time_stamp.h"

namespace elb::logs {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::minutes kIdle{5};  // then a file is closed: streams come and go

void append(LogForm form, const LogLine& line, std::string& out) {
  switch (form) {
    case LogForm::kGuide:
      out += line.guide_part();
      break;
    case LogForm::kExtended:
      out += line.guide_part();
      out += ' ';
      out += line.end().empty() ? "-" : line.end();
      break;
    case LogForm::kJson:
      append_json(line, out);
      break;
  }
  out += '\n';
}

/// When it was made, as far as the file system knows.
WallTime birth_of(int fd, WallTime otherwise) {
  struct statx facts {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &facts) != 0 || (facts.stx_mask & STATX_BTIME) == 0) return otherwise;
  return WallTime(std::chrono::seconds(facts.stx_btime.tv_sec));
}

}  // namespace

std::vector<std::string> log_files_of(const std::string& directory, const std::string& group,
                                      const std::string& stream) {
  const std::string current = stream + ".log";
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(directory) / group, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(current + ".") && !name.ends_with(".tmp")) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());  // the stamps sort by time
  const fs::path newest = fs::path(directory) / group / current;
  if (fs::exists(newest, error)) files.push_back(newest.string());
  return files;
}

Result<std::unique_ptr<LogFiles>> LogFiles::open(const LogFileOptions& options, const Clock& clock) {
  std::error_code error;
  fs::create_directories(options.directory, error);
  if (error) return fail(ErrorCode::kSystem, fmt::format("cannot make {}: {}", options.directory, error.message()));
  if (::access(options.directory.c_str(), W_OK | X_OK) != 0) return fail_errno(errno, "write to " + options.directory);
  return std::unique_ptr<LogFiles>(new LogFiles(options, clock));
}

Result<LogFiles::Open*> LogFiles::file_of(const std::string& stream) {
  const auto found = open_.find(stream);
  if (found != open_.end()) return &found->second;
  const std::string path = path_of(stream);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  Open open;
  open.file = Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!open.file) return fail_errno(errno, "open " + path);
  struct stat facts {};
  if (::fstat(open.file.get(), &facts) != 0) return fail_errno(errno, "stat " + path);
  open.bytes = static_cast<uint64_t>(facts.st_size);
  open.since = open.bytes == 0 ? clock_.wall() : birth_of(open.file.get(), clock_.wall());
  return &open_.emplace(stream, std::move(open)).first->second;
}

// All of it or nothing, so that a line is whole and a repeated attempt does not double it.
Status LogFiles::write(const std::string& stream, std::string_view text) {
  auto open = file_of(stream);
  if (!open) return pass_on(std::move(open.error()));
  if ((*open)->bytes > 0 && ((*open)->bytes + text.size() > options_.rotate_bytes || is_old(**open))) {
    rotate(stream);
    open = file_of(stream);
    if (!open) return pass_on(std::move(open.error()));
  }
  Open& file = **open;
  file.used = clock_.wall();
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t n = ::write(file.file.get(), rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      const int error = errno;
      (void)!::ftruncate(file.file.get(), static_cast<off_t>(file.bytes));
      return fail_errno(error, "write to " + path_of(stream));
    }
  }
  file.bytes += text.size();
  return {};
}

void LogFiles::rotate(const std::string& stream) {
  const std::string path = path_of(stream);
  std::string target = path + "." + stamp_of(clock_.wall());
  for (int i = 1; fs::exists(target) || fs::exists(target + ".gz"); ++i)
    target = fmt::format("{}.{}-{:02}", path, stamp_of(clock_.wall()), i);
  open_.erase(stream);
  if (::rename(path.c_str(), target.c_str()) == 0) {
    packer_.pack(target);
  } else {
    log::warn("access log is not rotated path={} error={}", path, errno);
  }
}

Status LogFiles::deliver(const LogBatch& batch, bool again) {
  if (batch.records > 0) return write(batch.routes[0].group + "/" + batch.routes[0].stream, batch.text);
  if (!again) written_.clear();
  std::map<std::string, std::string> texts;
  for (const LogBatch::Entry& entry : batch.entries) {
    const LogRoute& route = batch.routes[entry.route];
    append(options_.form, entry.line, texts[route.group + "/" + route.stream]);
  }
  Status result;
  for (const auto& [stream, text] : texts) {
    if (written_.contains(stream)) continue;
    if (Status status = write(stream, text); status) {
      written_.insert(stream);
    } else {
      open_.erase(stream);
      result = std::move(status);
    }
  }
  return result;
}

void LogFiles::tick() {
  std::vector<std::string> old;
  for (const auto& [stream, open] : open_)
    if (open.bytes > 0 && is_old(open)) old.push_back(stream);
  for (const std::string& stream : old) rotate(stream);
  const WallTime now = clock_.wall();
  std::erase_if(open_, [&](const auto& one) { return now - one.second.used > kIdle; });
}

}  // namespace elb::logs
