// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker_link.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/channel.h"
#include "proxy/count_report.h"
#include "proxy/wire.h"

namespace elb::proxy {

Result<WorkerEnd> WorkerLink::run(int stop_fd, std::chrono::milliseconds orphan) {
  for (;;) {
    std::array<pollfd, 2> watched = {pollfd{channel_.get(), POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    ::poll(watched.data(), watched.size(), -1);
    if (watched[1].revents != 0) return WorkerEnd{kOrphanGrace};
    if (watched[0].revents == 0) continue;
    auto more = handle();
    if (more && *more) continue;
    if (more) return end_;
    if (more.error().code != ErrorCode::kUnavailable) return pass_on(std::move(more.error()));
    // without the agent
    pollfd stop{stop_fd, POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(orphan.count()));
    return WorkerEnd{kOrphanGrace};
  }
}

/// False: the agent wants us to end.
Result<bool> WorkerLink::handle() {
  auto message = receive_message(channel_.get());
  if (!message) return pass_on(std::move(message.error()));
  Status status;
  switch (message->type) {
    case MessageType::kHello: {
      StickyKey key{};
      if (message->bytes.size() != key.size()) return fail(ErrorCode::kInvalid, "a key of another size");
      std::copy(message->bytes.begin(), message->bytes.end(), key.begin());
      status = handler_.begin(message->number, key, message->fds.empty() ? Fd() : std::move(message->fds.front()));
      if (status) status = send_message(channel_.get(), {.type = MessageType::kReady, .number = kWireVersion});
      break;
    }
    case MessageType::kSockets:
      status = take_sockets(std::move(message->fds));
      break;
    case MessageType::kSnapshot:
      if (message->fds.size() != 1) return fail(ErrorCode::kInvalid, "a snapshot without its memory");
      status = take_snapshot(message->number, message->fds.front());
      break;
    case MessageType::kAskCounts:
      status = send_counts();
      break;
    case MessageType::kStop:
      end_.grace = std::chrono::seconds(message->number);
      return false;
    default:
      return fail(ErrorCode::kInvalid, "a message that is not for a worker");
  }
  if (!status) return pass_on(std::move(status.error()));
  return true;
}

Status WorkerLink::take_sockets(std::vector<Fd> sockets) {
  for (Fd& socket : sockets) {
    if (!serves_) {
      early_.push_back(std::move(socket));
    } else if (auto status = handler_.adopt(std::move(socket)); !status) {
      return status;
    }
  }
  return {};
}

Result<model::SnapshotPtr> WorkerLink::read_snapshot(const Fd& memory) const {
  auto bytes = from_memory(memory.get());
  if (!bytes) return pass_on(std::move(bytes.error()));
  auto snapshot = decode_snapshot(*bytes);
  if (!snapshot) return pass_on(std::move(snapshot.error()));
  return std::make_shared<const model::Snapshot>(std::move(*snapshot));
}

// A snapshot that cannot be served is the agent's to know, and no reason to end: the one before is served on.
Status WorkerLink::take_snapshot(uint64_t generation, const Fd& memory) {
  Message answer{.type = MessageType::kApplied, .number = generation};
  const auto refuse = [&](const Error& error) {
    answer.type = MessageType::kRefused;
    answer.bytes = error.to_string().substr(0, kMessageBytes);
  };
  auto snapshot = read_snapshot(memory);
  if (!snapshot) {
    refuse(snapshot.error());
    return send_message(channel_.get(), answer);
  }
  // of one that is refused for a part of it, the rest is served
  snapshot_ = *snapshot;
  if (auto status = handler_.apply(std::move(*snapshot)); !status) refuse(status.error());
  serves_ = true;
  if (auto status = take_sockets(std::exchange(early_, {})); !status) return status;
  return send_message(channel_.get(), answer);
}

// By this thread, never by a loop: loops only count.
Status WorkerLink::send_counts() {
  const Counters* counters = handler_.counters();
  const std::string bytes = counters != nullptr && snapshot_ ? encode_counts(*counters, *snapshot_)
                                                             : encode_counts(Counters(1), model::Snapshot());
  auto memory = to_memory(bytes);
  if (!memory) return pass_on(std::move(memory.error()));
  Message message{.type = MessageType::kCounts};
  message.fds.push_back(std::move(*memory));
  return send_message(channel_.get(), message);
}

}  // namespace elb::proxy
