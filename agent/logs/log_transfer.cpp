// SPDX-License-Identifier: Apache-2.0
#include "logs/log_transfer.h"

#include <fmt/core.h>
#include <pthread.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/log.h"
#include "logs/log_packer.h"
#include "logs/time_stamp.h"

namespace elb::logs {
namespace {

namespace fs = std::filesystem;

/// Of the names in the directory: the stamp sorts by time, whatever the stream.
std::string age_of(const std::string& name) { return name.substr(std::min(name.find(".log."), name.size())); }

}  // namespace

Result<S3Credentials> read_s3_credentials(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::kSystem, fmt::format("cannot read {}", path));
  S3Credentials credentials;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t equals = line.find('=');
    const std::string key = line.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
    if (key == "access_key") {
      credentials.access_key = value;
    } else if (key == "secret_key") {
      credentials.secret_key = value;
    } else if (key == "region") {
      credentials.region = value;
    } else {
      return invalid("", fmt::format("{}: a line is none of access_key=, secret_key=, region=", path));
    }
  }
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return invalid("", fmt::format("{} has no access_key= or no secret_key=", path));
  return credentials;
}

Result<std::unique_ptr<LogTransfer>> LogTransfer::start(const TransferOptions& options, const Clock& clock) {
  auto bucket = parse_target(options.url);
  if (!bucket) return pass_on(std::move(bucket.error()));
  while (bucket->path.ends_with('/')) bucket->path.pop_back();
  if (bucket->path.empty()) return invalid("", fmt::format("'{}' names no bucket", options.url));
  return std::unique_ptr<LogTransfer>(new LogTransfer(options, clock, std::move(*bucket)));
}

LogTransfer::LogTransfer(const TransferOptions& options, const Clock& clock, HttpTarget bucket)
    : options_(options), clock_(clock), bucket_(std::move(bucket)) {
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "log-transfer");
}

LogTransfer::~LogTransfer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogTransfer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    (void)send_all();
    lock.lock();
    wake_.wait_for(lock, options_.every, [this] { return stopping_; });
  }
}

bool LogTransfer::send_all() {
  std::vector<fs::path> waiting;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(options_.directory) / kTransferDirectory, error))
    waiting.push_back(entry.path());
  std::sort(waiting.begin(), waiting.end(),
            [](const fs::path& a, const fs::path& b) { return age_of(a.string()) < age_of(b.string()); });
  if (waiting.size() > options_.waiting_max) {
    const size_t many = waiting.size() - options_.waiting_max;
    for (size_t i = 0; i < many; ++i) fs::remove(waiting[i], error);
    lost_.fetch_add(many);
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(many));
  }
  for (const fs::path& path : waiting) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
    }
    std::string name = path.filename().string();
    std::replace(name.begin(), name.end(), '%', '/');
    if (Status status = send(path.string(), name); !status) {
      if (failures_.fetch_add(1) % 100 == 0) log::warn("access log is not transferred: {}", status.error().message);
      return false;
    }
    transferred_.fetch_add(1);
    fs::remove(path, error);
  }
  return true;
}

Status LogTransfer::send(const std::string& path, const std::string& name) const {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kSystem, "cannot read " + path);
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  const HttpTarget target{bucket_.origin, s3_encode(bucket_.path + "/" + name, true)};
  HttpHeaders headers;
  const std::string host = target.origin.substr(target.origin.find("://") + 3);
  s3_sign(options_.credentials, "PUT", host, target.path, body, stamp_of(clock_.wall()), headers);
  return http_send("PUT", target, headers, body, "application/octet-stream");
}

}  // namespace elb::logs
