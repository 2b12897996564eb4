// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "proxy/wire.h"

namespace elb::proxy {
namespace {

constexpr std::chrono::milliseconds kLongestWait{1000};
constexpr std::chrono::milliseconds kCountsEvery{500};

bool has_work(const model::Snapshot& snapshot) {
  return std::any_of(snapshot.listeners.begin(), snapshot.listeners.end(),
                     [](const model::SnapshotListener& listener) { return listener.http.has_value(); });
}

/// Whether the worker, which knows pools of HTTP listeners alone, would do the same by both.
bool serve_the_same(const model::Snapshot& one, const model::Snapshot& other) {
  if (!model::differs_in_members_only(one, other)) return false;
  for (size_t i = 0; i < one.pools.size(); ++i)
    if (!one.pools.shares(other.pools, i) && model::is_l7(one.pools[i].protocol)) return false;
  return true;
}

Fd duplicate(const Fd& fd) { return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

}  // namespace

Result<std::unique_ptr<ProxySink>> ProxySink::start(const ProxySinkOptions& options, const Clock& clock) {
  auto sockets = make_listen_sockets(options.loops);
  if (!sockets) return pass_on(std::move(sockets.error()));
  Fd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) return fail_errno(errno, "eventfd");
  std::unique_ptr<ProxySink> sink(new ProxySink(options, clock, std::move(*sockets), std::move(event)));
  sink->thread_ = std::thread([raw = sink.get()] { raw->run(); });
  return sink;
}

ProxySink::ProxySink(const ProxySinkOptions& options, const Clock& clock, std::vector<ListenPair> sockets, Fd event)
    : options_(options), clock_(clock), sockets_(std::move(sockets)), event_(std::move(event)) {}

ProxySink::~ProxySink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void ProxySink::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
}

Result<model::Applied> ProxySink::apply(model::SnapshotPtr snapshot) {
  const uint64_t generation = snapshot->generation;
  std::unique_lock lock(mutex_);
  if (state_.applied >= generation) return model::Applied{generation, 0};
  if (asked_ == 0 && !has_work(*snapshot)) return model::Applied{generation, 0};
  if (wanted_ && state_.applied >= wanted_->generation && serve_the_same(*wanted_, *snapshot))
    return model::Applied{generation, 0};
  book_.expect(*snapshot);
  wanted_ = std::move(snapshot);
  ++asked_;
  refused_ = 0;
  lock.unlock();
  wake();
  lock.lock();
  answered_.wait_for(lock, options_.apply_timeout,
                     [&] { return state_.applied >= generation || refused_ >= generation || stopping_; });
  if (state_.applied >= generation) return model::Applied{generation, 1};
  if (refused_ >= generation) return fail(ErrorCode::kInvalid, refusal_);
  if (state_.pid < 0)
    return fail(ErrorCode::kUnavailable, fmt::format("the proxy does not run; the last one ended with {}",
                                                     state_.last_end.empty() ? "no start" : state_.last_end));
  return fail(ErrorCode::kUnavailable, "the proxy has not answered yet");
}

Result<model::Audit> ProxySink::audit() {
  const std::lock_guard lock(mutex_);
  model::Audit audit{.checked = 1};
  const uint64_t again = state_.starts - std::min<uint64_t>(state_.starts, 1);
  audit.repaired = again - std::exchange(audited_restarts_, again);
  if (audit.repaired > 0)
    audit.findings.push_back(fmt::format("the proxy was started again {} times, the last one ended with {}",
                                         audit.repaired, state_.last_end));
  return audit;
}

ProxySink::State ProxySink::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void ProxySink::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    if (!worker_ && has_asked() && clock_.steady() >= next_start_) start_worker();
    if (worker_) send_snapshot();
    if (worker_) ask_counts();
    wait_for_something();
  }
  stop_worker();
}

bool ProxySink::has_asked() const {
  const std::lock_guard lock(mutex_);
  return asked_ > 0;
}

void ProxySink::wait_for_something() {
  std::array<pollfd, 3> watched = {pollfd{event_.get(), POLLIN, 0}, pollfd{-1, POLLIN, 0}, pollfd{-1, POLLIN, 0}};
  auto wait = kLongestWait;
  if (worker_) {
    watched[1].fd = worker_->channel();
    watched[2].fd = worker_->end_fd();
    wait = kCountsEvery;
  } else if (has_asked()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_start_ - clock_.steady());
    wait = std::clamp(left, std::chrono::milliseconds(0), wait);
  }
  ::poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(event_.get(), &count, sizeof count);
  if (watched[1].revents != 0) read_worker();
  if (worker_ && watched[2].revents != 0) end_of_worker();
  if (worker_ && unanswered_since_ && clock_.steady() - *unanswered_since_ >= options_.hang_timeout)
    lose_worker("it does not answer");
}

void ProxySink::start_worker() {
  auto worker = WorkerProcess::spawn(options_.command);
  const SteadyTime now = clock_.steady();
  backoff_.started(now);
  if (!worker) {
    next_start_ = backoff_.ended(now);
    log::error("proxy does not start error=\"{}\"", worker.error().to_string());
    const std::lock_guard lock(mutex_);
    state_.last_end = worker.error().message;
    return;
  }
  worker_ = std::move(*worker);
  unanswered_since_ = now;
  {
    const std::lock_guard lock(mutex_);
    state_.pid = worker_->pid();
    ++state_.starts;
  }
  greet();
}

// Key and sockets first: a worker that has a snapshot has all it needs.
void ProxySink::greet() {
  Message hello{.type = MessageType::kHello, .number = options_.loops};
  hello.bytes.assign(reinterpret_cast<const char*>(options_.sticky_key.data()), options_.sticky_key.size());
  if (options_.log_pipe)
    if (Fd pipe = options_.log_pipe(); pipe) hello.fds.push_back(std::move(pipe));
  if (auto status = send_message(worker_->channel(), hello); !status) return lose_worker(status.error().to_string());
  for (size_t i = 0; i < sockets_.size(); ++i) {
    Message sockets{.type = MessageType::kSockets, .number = i};
    sockets.fds.push_back(duplicate(sockets_[i].v4));
    if (sockets_[i].v6) sockets.fds.push_back(duplicate(sockets_[i].v6));
    if (auto status = send_message(worker_->channel(), sockets); !status)
      return lose_worker(status.error().to_string());
  }
}

void ProxySink::send_snapshot() {
  model::SnapshotPtr snapshot;
  {
    const std::lock_guard lock(mutex_);
    if (!wanted_ || sent_ask_ == asked_) return;
    sent_ask_ = asked_;
    snapshot = wanted_;
    sent_ = snapshot->generation;
  }
  auto memory = to_memory(encode_snapshot(*snapshot));
  if (!memory) {
    log::error("proxy gets no snapshot error=\"{}\"", memory.error().to_string());
    return;
  }
  Message message{.type = MessageType::kSnapshot, .number = snapshot->generation};
  message.fds.push_back(std::move(*memory));
  if (!unanswered_since_) unanswered_since_ = clock_.steady();
  if (auto status = send_message(worker_->channel(), message); !status) lose_worker(status.error().to_string());
}

// Not before the first snapshot was sent, and not again before the answer came: a worker that is slow is not asked
// faster than it answers.
void ProxySink::ask_counts() {
  const SteadyTime now = clock_.steady();
  if (counts_awaited_ || sent_ == 0 || now - counts_asked_ < kCountsEvery) return;
  counts_asked_ = now;
  counts_awaited_ = true;
  if (auto status = send_message(worker_->channel(), {.type = MessageType::kAskCounts}); !status)
    lose_worker(status.error().to_string());
}

// What a worker sends is read as a stranger's: nothing is believed that was not asked for, and no more memory is spent
// on it than an honest one needs.
Status ProxySink::read_counts(const Message& message) {
  if (!std::exchange(counts_awaited_, false)) return fail(ErrorCode::kInvalid, "counts that nobody asked for");
  if (message.fds.size() != 1) return fail(ErrorCode::kInvalid, "counts without their memory");
  size_t limit = 0;
  {
    const std::lock_guard lock(mutex_);
    limit = book_.longest_report();
  }
  auto bytes = from_memory(message.fds.front().get(), limit);
  if (!bytes) return pass_on(std::move(bytes.error()));
  auto report = decode_counts(*bytes);
  if (!report) return pass_on(std::move(report.error()));
  const std::lock_guard lock(mutex_);
  book_.take(*report);
  return {};
}

std::optional<model::HttpListenerTraffic> ProxySink::http_listener_traffic(const model::Id& listener_id) const {
  const std::lock_guard lock(mutex_);
  return book_.listener(listener_id);
}

std::optional<model::HttpMemberTraffic> ProxySink::http_member_traffic(const model::Id& member_id) const {
  const std::lock_guard lock(mutex_);
  return book_.member(member_id);
}

void ProxySink::read_worker() {
  auto message = receive_message(worker_->channel());
  if (!message) {
    // gone: its end is told by the other descriptor, and why
    if (message.error().code != ErrorCode::kUnavailable) return lose_worker(message.error().to_string());
    return end_of_worker();
  }
  if (message->type == MessageType::kCounts) {
    if (auto status = read_counts(*message); !status) lose_worker(status.error().to_string());
    return;
  }
  const std::lock_guard lock(mutex_);
  switch (message->type) {
    case MessageType::kApplied:
      state_.applied = message->number;
      if (message->number == sent_) unanswered_since_.reset();
      break;
    case MessageType::kRefused:
      refused_ = message->number;
      refusal_ = message->bytes;
      if (message->number == sent_) unanswered_since_.reset();
      break;
    case MessageType::kReady:
      if (sent_ == 0) unanswered_since_.reset();
      break;
    default:
      break;
  }
  answered_.notify_all();
}

void ProxySink::lose_worker(const std::string& why) {
  log::error("proxy is killed pid={} reason=\"{}\"", worker_->pid(), why);
  end_of_worker();
}

void ProxySink::end_of_worker() {
  worker_->kill();  // it may have closed the channel alone
  const pid_t pid = worker_->pid();
  const std::string end = worker_->reap();
  worker_.reset();
  unanswered_since_.reset();
  counts_awaited_ = false;
  next_start_ = backoff_.ended(clock_.steady());
  log::error("proxy ended pid={} with=\"{}\"", pid, end);
  const std::lock_guard lock(mutex_);
  state_.pid = -1;
  state_.applied = 0;
  state_.last_end = end;
  sent_ = 0;
  sent_ask_ = 0;
  book_.worker_ended();
}

void ProxySink::stop_worker() {
  if (!worker_) return;
  if (options_.leave_worker) {
    worker_->leave();
    worker_.reset();
    return;
  }
  const auto limit = options_.stop_timeout;
  const Message stop{.type = MessageType::kStop, .number = static_cast<uint64_t>(limit.count())};
  if (send_message(worker_->channel(), stop)) {
    pollfd ended{worker_->end_fd(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(limit).count() + 1000));
  }
  worker_.reset();
}

}  // namespace elb::proxy
