// SPDX-License-Identifier: Apache-2.0
#include "proxy/stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace elb::proxy {

void Stream::note(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) gone_ = true;
}

Received Stream::read(std::span<char> room) {
  ssize_t count = 0;
  do {
    count = recv(fd_.get(), room.data(), room.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    // Less than asked for: the queue is empty, and the next bytes make an edge of their own.
    if (static_cast<size_t>(count) < room.size() && !hung_up_) readable_ = false;
    return {Got::kData, static_cast<size_t>(count)};
  }
  if (count == 0) {
    readable_ = false;
    return {Got::kEnd, 0};
  }
  if (errno == EAGAIN) {
    readable_ = false;
    return {Got::kNothing, 0};
  }
  readable_ = false;
  gone_ = true;
  return {Got::kBroken, 0};
}

bool Stream::write(std::span<const std::string_view> pieces, bool more) {
  if (has_unsent()) {
    keep(pieces, 0);
    return !gone_;
  }
  std::array<iovec, kPieces> vectors;
  size_t count = 0;
  size_t total = 0;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
    total += piece.size();
  }
  if (total == 0) return true;
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  ssize_t sent = 0;
  do {  // most are one piece, and the kernel has less to look at then
    sent = count == 1 ? send(fd_.get(), vectors[0].iov_base, total, flags) : sendmsg(fd_.get(), &message, flags);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno != EAGAIN) return broken();
    sent = 0;
  }
  written_ += static_cast<uint64_t>(sent);
  if (static_cast<size_t>(sent) < total) keep(pieces, static_cast<size_t>(sent));
  return true;
}

// What the peer sent before it closed may still be there.
bool Stream::broken() {
  gone_ = readable_ = true;
  return false;
}

void Stream::keep(std::span<const std::string_view> pieces, size_t already) {
  size_t total = 0;
  for (const std::string_view piece : pieces) total += piece.size();
  if (!has_unsent()) {
    unsent_.clear();
    sent_ = 0;
  }
  unsent_.reserve(unsent_.size() + total - already);
  for (std::string_view piece : pieces) {
    const size_t skip = std::min(already, piece.size());
    already -= skip;
    unsent_.append(piece.substr(skip));
  }
}

bool Stream::flush() {
  while (has_unsent()) {
    const ssize_t sent = send(fd_.get(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      return errno == EAGAIN || broken();
    }
    sent_ += static_cast<size_t>(sent);
    written_ += static_cast<uint64_t>(sent);
  }
  if (!unsent_.empty()) {
    std::string().swap(unsent_);  // gives the memory back
    sent_ = 0;
  }
  if (end_wanted_ && !end_sent_) end_writing();
  return true;
}

void Stream::end_writing() {
  end_wanted_ = true;
  if (has_unsent() || end_sent_) return;
  end_sent_ = true;
  shutdown(fd_.get(), SHUT_WR);
}

void Stream::abort() {
  const linger reset{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  fd_.reset();
  gone_ = true;
}

}  // namespace elb::proxy
