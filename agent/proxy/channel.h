// SPDX-License-Identifier: Apache-2.0
// Channel: one end of the socket pair between agent and worker. Messages are whole or not at all (SOCK_SEQPACKET) and
// may carry descriptors. Snapshots travel as sealed memory (memfd), so that a message stays small however large the
// configuration is. Thread rule: one thread at a time for each direction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace elb::proxy {

enum class MessageType : uint8_t {
  // agent to worker
  kHello,  // number: loops; bytes: the key of sticky cookies; descriptor: where access logs go, if anywhere. The first
           // message
  kSockets,    // number: loop; descriptors: its listening sockets, IPv4 and, where there is IPv6, IPv6
  kSnapshot,   // number: generation; descriptor: memory
  kStop,       // number: seconds that open requests may take
  kAskCounts,  // answered by kCounts
  // worker to agent
  kReady,    // number: wire version; the worker serves from here on
  kApplied,  // number: generation
  kRefused,  // number: generation; bytes: why
  kCounts,   // descriptor: memory, a CountReport
};

struct Message {
  MessageType type = MessageType::kHello;
  uint64_t number = 0;
  std::string bytes;      // at most kMessageBytes
  std::vector<Fd> fds{};  // at most kMessageFds
};
inline constexpr size_t kMessageBytes = 4096;
inline constexpr size_t kMessageFds = 8;

/// Both ends; neither is inherited by other programs.
Result<std::pair<Fd, Fd>> make_channel();

/// Never waits: kUnavailable if the other end does not read, or is gone.
Status send_message(int channel, const Message& message);
/// Waits for the next one. kUnavailable: the other end is gone. kInvalid: no message of ours.
Result<Message> receive_message(int channel);

/// The bytes in memory that nobody can change any more.
Result<Fd> to_memory(std::string_view bytes);
/// kInvalid unless it is such memory, of at most so many bytes.
Result<std::string> from_memory(int fd, size_t limit = SIZE_MAX);

}  // namespace elb::proxy
