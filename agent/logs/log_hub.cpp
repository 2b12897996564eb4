// SPDX-License-Identifier: Apache-2.0
#include "logs/log_hub.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <tuple>

#include "base/log.h"
#include "logs/span_otlp.h"

namespace elb::logs {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr size_t kReadBytes = size_t{256} << 10;
constexpr size_t kLineMax = size_t{1} << 20;  // longer ones are not ours

/// The worker tells what it lost since it began.
void note_losses(std::string_view line, std::string_view mark, uint64_t& told, std::atomic<uint64_t>& all) {
  if (!line.starts_with(mark)) return;
  uint64_t now = 0;
  std::from_chars(line.data() + mark.size(), line.data() + line.size(), now);
  if (now <= told) return;
  all.fetch_add(now - told);
  told = now;
}

}  // namespace

std::optional<LogRoute> find_route(const LogRoutes& routes, const LogLine& line) {
  auto route = routes(line.loadbalancer_id());
  // It becomes a file's name, and who wrote the line has fewer rights than who writes the file.
  const std::string_view said = line[kStream];
  const bool name = !said.empty() && said != "-" && said.front() != '.' && said.find('/') == std::string_view::npos;
  const std::string_view project = line[kProjectId] == "-" ? std::string_view() : line[kProjectId];
  if (route && name && project == route->project_id) route->stream = said;
  return route;
}

LogHub::LogHub(LogRoutes routes, std::vector<std::unique_ptr<LogOutlet>> outlets, std::string directory,
               std::unique_ptr<LogOutlet> spans)
    : routes_(std::move(routes)), directory_(std::move(directory)), event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  for (auto& outlet : outlets) sinks_.push_back(std::make_unique<LogSink>(std::move(outlet)));
  if (spans) span_sink_ = std::make_unique<LogSink>(std::move(spans));
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "log-hub");
}

LogHub::~LogHub() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void LogHub::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
}

Fd LogHub::make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    log::error("no pipe for access logs error={}", errno);
    return Fd();
  }
  (void)::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // less is enough where that is too much for this user
  {
    const std::lock_guard lock(mutex_);
    fresh_.push_back({Fd(ends[0]), {}, 0, 0});
  }
  wake();
  return Fd(ends[1]);
}

void LogHub::reopen() {
  for (const auto& sink : sinks_) sink->reopen();
}

LogCounts LogHub::counts() const {
  LogCounts counts;
  counts.lines = lines_.load();
  counts.lost = lost_.load();
  counts.unknown = unknown_.load();
  counts.lost_spans = lost_spans_.load();
  if (span_sink_) counts.spans = span_sink_->counts();
  for (const auto& sink : sinks_) counts.sinks.push_back(sink->counts());
  return counts;
}

std::vector<RecentLine> LogHub::recent(uint64_t after, uint64_t* first) const {
  const std::lock_guard lock(mutex_);
  if (first != nullptr) *first = recent_.empty() ? number_ + 1 : recent_.front().number;
  const auto begin = std::upper_bound(recent_.begin(), recent_.end(), after,
                                      [](uint64_t number, const RecentLine& line) { return number < line.number; });
  return {begin, recent_.end()};
}

uint64_t LogHub::newest() const {
  const std::lock_guard lock(mutex_);
  return number_;
}

void LogHub::run() {
  std::vector<Pipe> pipes;
  for (;;) {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      for (Pipe& pipe : fresh_) pipes.push_back(std::move(pipe));
      fresh_.clear();
      last = stopping_;
    }
    Lines lines;
    std::erase_if(pipes, [&](Pipe& pipe) { return !read(pipe, lines); });
    if (!lines.log.empty()) dispatch(lines.log);
    if (!lines.spans.empty()) span_sink_->offer(span_batch(lines.spans));
    if (last) return;
    // Lines come in bursts: a short rest makes one batch of many.
    if (!lines.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::vector<pollfd> watched = {{event_.get(), POLLIN, 0}};
    for (const Pipe& pipe : pipes) watched.push_back({pipe.end.get(), POLLIN, 0});
    ::poll(watched.data(), watched.size(), -1);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(event_.get(), &count, sizeof count);
  }
}

bool LogHub::read(Pipe& pipe, Lines& lines) {
  std::string buffer(kReadBytes, '\0');
  bool open = true;
  // at most so much at once: sinks and followers are to see it soon
  for (size_t round = 0; round < 16; ++round) {
    const ssize_t n = ::read(pipe.end.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) open = false;
    if (n <= 0) break;
    std::string_view rest(buffer.data(), static_cast<size_t>(n));
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (pipe.rest.empty()) {
        take(rest.substr(0, end), pipe, lines);
      } else {
        pipe.rest += rest.substr(0, end);
        take(pipe.rest, pipe, lines);
        pipe.rest.clear();
      }
      rest.remove_prefix(end + 1);
    }
    pipe.rest += rest;
    if (pipe.rest.size() > kLineMax) open = false;  // the worker is not ours any more
    if (!open) break;
  }
  if (!open && !pipe.rest.empty()) unknown_.fetch_add(1);
  return open;
}

void LogHub::take(std::string_view line, Pipe& pipe, Lines& lines) {
  if (!line.starts_with('#')) {
    lines.log.emplace_back(line);
  } else if (line.starts_with(kSpanMark)) {
    if (span_sink_) lines.spans.emplace_back(line);
  } else {
    note_losses(line, "#lost ", pipe.lost_told, lost_);
    note_losses(line, "#lostspans ", pipe.lost_spans_told, lost_spans_);
  }
}

void LogHub::dispatch(const std::vector<std::string>& lines) {
  auto batch = std::make_shared<LogBatch>();
  size_t size = 0;
  for (const std::string& line : lines) size += line.size();
  batch->text.reserve(size);  // views point into it: it must not move
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, std::optional<size_t>> known;
  for (const std::string& text : lines) {
    const size_t begin = batch->text.size();
    batch->text += text;
    const auto line = LogLine::parse(std::string_view(batch->text).substr(begin));
    if (!line) {
      unknown_.fetch_add(1);
      continue;
    }
    const std::tuple key(line->loadbalancer_id(), (*line)[kStream], (*line)[kProjectId]);
    auto found = known.find(key);
    if (found == known.end()) {
      std::optional<size_t> index;
      if (auto route = find_route(routes_, *line); route) {
        index = batch->routes.size();
        batch->routes.push_back(std::move(*route));
      }
      found = known.emplace(key, index).first;
    }
    if (!found->second) {
      unknown_.fetch_add(1);
      continue;
    }
    batch->entries.push_back({*line, *found->second});
  }
  if (batch->entries.empty()) return;
  lines_.fetch_add(batch->entries.size());
  {
    const std::lock_guard lock(mutex_);
    for (const LogBatch::Entry& entry : batch->entries) {
      std::string text(entry.line.guide_part());
      text += ' ';
      text += entry.line.end().empty() ? "-" : entry.line.end();
      if (!entry.line.trace().empty()) text.append(1, ' ').append(entry.line.trace());
      recent_bytes_ += text.size();
      recent_.push_back({++number_, std::move(text)});
    }
    while (recent_bytes_ > kRecentBytes) {
      recent_bytes_ -= recent_.front().text.size();
      recent_.pop_front();
    }
  }
  for (const auto& sink : sinks_) sink->offer(batch);
}

}  // namespace elb::logs
