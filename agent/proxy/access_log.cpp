// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "proxy/counters.h"

namespace elb::proxy {
namespace {

constexpr size_t kBatchBytes = size_t{64} << 10;
constexpr int kPauseMs = 200;

Result<Fd> open_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return fail_errno(errno, "open " + path);
  return file;
}

uint64_t count_lines(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

struct AccessLog::Loop {
  explicit Loop(size_t ring_bytes) : ring(ring_bytes) {}
  ByteRing ring;
  AccessClock clock;
  std::string line;  // scratch
  size_t since_wake = 0;
  Count lines;
  Count dropped;
  Count dropped_spans;
};

Result<std::unique_ptr<AccessLog>> AccessLog::open(const AccessLogOptions& options) {
  auto file = open_file(options.path);
  if (!file) return pass_on(std::move(file.error()));
  return std::unique_ptr<AccessLog>(new AccessLog(options.path, std::move(*file), options.loops, options.ring_bytes));
}

std::unique_ptr<AccessLog> AccessLog::on(Fd file, size_t loops, size_t ring_bytes) {
  return std::unique_ptr<AccessLog>(new AccessLog({}, std::move(file), loops, ring_bytes));
}

std::unique_ptr<AccessLog> AccessLog::to_agent(Fd pipe, size_t loops, size_t ring_bytes) {
  return std::unique_ptr<AccessLog>(new AccessLog({}, std::move(pipe), loops, ring_bytes, true));
}

AccessLog::AccessLog(std::string path, Fd file, size_t loops, size_t ring_bytes, bool to_agent)
    : path_(std::move(path)),
      to_agent_(to_agent),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      file_(std::make_shared<const Fd>(std::move(file))) {
  for (size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(ring_bytes));
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void AccessLog::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

bool AccessLog::append(size_t index, const AccessRecord& record) {
  Loop& loop = *loops_[index];
  loop.line.clear();
  put_line(loop, record);
  const bool taken = push(loop);
  (taken ? loop.lines : loop.dropped).add();
  return taken;
}

bool AccessLog::append_span(size_t index, const AccessRecord& record, const AccessSpan& span) {
  Loop& loop = *loops_[index];
  loop.line.clear();
  fmt::format_to(std::back_inserter(loop.line), "#span {} {} {} {} {} ", span.trace, span.span, span.parent,
                 span.start_us, record.request_time.count());
  put_line(loop, record);
  const bool taken = push(loop);
  if (!taken) loop.dropped_spans.add();
  return taken;
}

void AccessLog::put_line(Loop& loop, const AccessRecord& record) {
  append_access_line(record, loop.clock.iso(record.time), loop.line);
  if (!to_agent_) return;
  loop.line.back() = ' ';
  loop.line += to_string(record.end);
  if (!record.trace.empty()) {
    loop.line += ' ';
    loop.line += record.trace;
  }
  loop.line += '\n';
}

bool AccessLog::push(Loop& loop) {
  if (!loop.ring.push(loop.line)) return false;
  // the writer sleeps through light traffic and is woken once for a batch of heavy one
  loop.since_wake += loop.line.size();
  if (loop.since_wake >= kBatchBytes) {
    loop.since_wake = 0;
    wake();
  }
  return true;
}

void AccessLog::run() {
  std::string batch;
  for (;;) {
    pollfd waiting{wake_.get(), POLLIN, 0};
    ::poll(&waiting, 1, kPauseMs);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &count, sizeof count);

    uint64_t asked = 0;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      asked = asked_;
      last = stopping_;
    }
    for (const auto& loop : loops_) {
      loop->ring.pop_all(batch);
      if (batch.size() >= kBatchBytes) write_out(batch);
    }
    if (to_agent_) tell_losses(batch);
    write_out(batch);
    {
      const std::lock_guard lock(mutex_);
      served_ = asked;
    }
    served_more_.notify_all();
    if (last) return;
  }
}

void AccessLog::tell_losses(std::string& batch) {
  if (const uint64_t lost = dropped(); lost != told_) {
    told_ = lost;
    batch += fmt::format("#lost {}\n", lost);
  }
  uint64_t spans = 0;
  for (const auto& loop : loops_) spans += loop->dropped_spans.get();
  if (spans == told_spans_) return;
  told_spans_ = spans;
  batch += fmt::format("#lostspans {}\n", spans);
}

/// False: it is time to give up. While traffic goes on the rings take what comes, and drop; an end is not held up by an
/// agent that does not read.
bool AccessLog::wait_for_room(int fd) const {
  constexpr int kLastWaitMs = 1000;
  for (;;) {
    pollfd room{fd, POLLOUT, 0};
    const int ready = ::poll(&room, 1, kLastWaitMs);
    if (ready > 0) return true;
    const std::lock_guard lock(mutex_);
    if (ready == 0 && stopping_) return false;
  }
}

void AccessLog::write_out(std::string& batch) {
  std::shared_ptr<const Fd> file;
  {
    const std::lock_guard lock(mutex_);
    file = file_;
  }
  std::string_view rest = batch;
  while (!rest.empty()) {
    const ssize_t n = ::write(file->get(), rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN && wait_for_room(file->get())) {
      continue;
    } else if (errno != EINTR) {
      // a full disk must not stop the traffic
      failed_writes_.fetch_add(1, std::memory_order_relaxed);
      lost_lines_.fetch_add(count_lines(rest), std::memory_order_relaxed);
      break;
    }
  }
  batch.clear();
}

void AccessLog::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++asked_;
  lock.unlock();
  wake();
  lock.lock();
  served_more_.wait(lock, [&] { return served_ >= mine; });
}

Status AccessLog::reopen() {
  if (path_.empty()) return fail(ErrorCode::kUnsupported, "the access log has no path to open again");
  auto file = open_file(path_);
  if (!file) return pass_on(std::move(file.error()));
  flush();
  const std::lock_guard lock(mutex_);
  file_ = std::make_shared<const Fd>(std::move(*file));
  return {};
}

uint64_t AccessLog::lines() const {
  uint64_t sum = 0;
  for (const auto& loop : loops_) sum += loop->lines.get();
  return sum;
}

uint64_t AccessLog::dropped() const {
  uint64_t sum = lost_lines_.load(std::memory_order_relaxed);
  for (const auto& loop : loops_) sum += loop->dropped.get();
  return sum;
}

}  // namespace elb::proxy
