// SPDX-License-Identifier: Apache-2.0
// Stream: a connected TCP socket under edge-triggered epoll. It remembers what the edges said, and the bytes that the
// peer has not taken yet; whoever writes looks at has_unsent() and produces no more until they are gone, which is what
// bounds memory. An idle stream holds no buffer. Thread rule: its loop's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace elb::proxy {

enum class Got : uint8_t { kData, kNothing, kEnd, kBroken };

struct Received {
  Got got = Got::kNothing;
  size_t bytes = 0;
};

class Stream {
 public:
  static constexpr size_t kPieces = 64;  // of one write()

  explicit Stream(Fd fd) : fd_(std::move(fd)) {}

  /// What epoll said of it.
  void note(uint32_t events);
  /// Bytes or an end may wait. Stays true until read() found none.
  bool readable() const { return readable_; }
  /// Reset, or closed in both directions: nothing that is written arrives.
  bool gone() const { return gone_; }

  Received read(std::span<char> room);

  /// Sends at once what the peer takes and keeps the rest. False: the connection is dead. `more`: the connection will
  /// be closed directly after this, so that the end can ride on the last segment.
  bool write(std::span<const std::string_view> pieces, bool more = false);
  bool write(std::string_view bytes, bool more = false) { return write({&bytes, 1}, more); }
  /// Goes on with what is unsent. False: the connection is dead.
  bool flush();
  bool has_unsent() const { return sent_ < unsent_.size(); }
  size_t unsent() const { return unsent_.size() - sent_; }
  /// Bytes that the kernel has taken so far: any progress of the peer's shows here.
  uint64_t written() const { return written_; }

  /// The peer gets an end after what is unsent.
  void end_writing();
  bool ended_writing() const { return end_sent_; }
  /// Closes with a reset: a peer that counts on the end of the connection sees that the message is not complete.
  void abort();

  int fd() const { return fd_.get(); }

 private:
  void keep(std::span<const std::string_view> pieces, size_t already);
  bool broken();

  Fd fd_;
  bool readable_ = true;  // a new connection may have bytes
  bool hung_up_ = false;  // the peer's end is or will be in the queue: a short read proves nothing
  bool gone_ = false;
  bool end_wanted_ = false;
  bool end_sent_ = false;
  size_t sent_ = 0;  // of unsent_
  uint64_t written_ = 0;
  std::string unsent_;
};

}  // namespace elb::proxy
