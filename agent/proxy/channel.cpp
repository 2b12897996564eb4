// SPDX-License-Identifier: Apache-2.0
#include "proxy/channel.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace elb::proxy {
namespace {

constexpr uint32_t kChannelMagic = 0x504C4245;
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

struct Header {
  uint32_t magic = kChannelMagic;
  MessageType type{};
  std::array<uint8_t, 3> pad{};
  uint64_t number = 0;
};

/// Room for the descriptors of one message.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(kMessageFds * sizeof(int))> bytes{};
};

std::vector<Fd> take_fds(msghdr& received) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&received); part != nullptr; part = CMSG_NXTHDR(&received, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Result<std::pair<Fd, Fd>> make_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail_errno(errno, "socket pair");
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Status send_message(int channel, const Message& message) {
  if (message.bytes.size() > kMessageBytes || message.fds.size() > kMessageFds)
    return fail(ErrorCode::kInternal, "a message that is too large");
  const Header header{.type = message.type, .number = message.number};
  std::array<iovec, 2> parts = {iovec{const_cast<Header*>(&header), sizeof header},
                                iovec{const_cast<char*>(message.bytes.data()), message.bytes.size()}};
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = parts.size();
  Control control;
  if (!message.fds.empty()) {
    out.msg_control = control.bytes.data();
    out.msg_controllen = CMSG_SPACE(message.fds.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&out);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(message.fds.size() * sizeof(int));
    for (size_t i = 0; i < message.fds.size(); ++i) {
      const int fd = message.fds[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  while (::sendmsg(channel, &out, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return fail(ErrorCode::kUnavailable, "the other end does not read");
    if (errno == EPIPE || errno == ECONNRESET) return fail(ErrorCode::kUnavailable, "the other end is gone");
    return fail_errno(errno, "send to the other end");
  }
  return {};
}

Result<Message> receive_message(int channel) {
  Header header;
  Message message;
  message.bytes.resize(kMessageBytes);
  std::array<iovec, 2> parts = {iovec{&header, sizeof header}, iovec{message.bytes.data(), message.bytes.size()}};
  Control control;
  msghdr in{};
  in.msg_iov = parts.data();
  in.msg_iovlen = parts.size();
  in.msg_control = control.bytes.data();
  in.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(channel, &in, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return fail(ErrorCode::kUnavailable, "the other end is gone");
  if (size < 0) return fail_errno(errno, "receive from the other end");
  message.fds = take_fds(in);
  const bool whole = static_cast<size_t>(size) >= sizeof header && (in.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (!whole || header.magic != kChannelMagic || header.type > MessageType::kCounts)
    return fail(ErrorCode::kInvalid, "a message that is none of ours");
  message.type = header.type;
  message.number = header.number;
  message.bytes.resize(static_cast<size_t>(size) - sizeof header);
  return message;
}

Result<Fd> to_memory(std::string_view bytes) {
  Fd fd(::memfd_create("elb-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno(errno, "memory for a snapshot");
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "memory for a snapshot");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return fail_errno(errno, "seal of a snapshot");
  return fd;
}

Result<std::string> from_memory(int fd, size_t limit) {
  if ((::fcntl(fd, F_GET_SEALS) & kSeals) != kSeals) return fail(ErrorCode::kInvalid, "memory that may still change");
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "size of a snapshot");
  if (static_cast<size_t>(info.st_size) > limit)
    return fail(ErrorCode::kInvalid, fmt::format("memory of {} bytes where {} are the most", info.st_size, limit));
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t read = 0;
  while (read < bytes.size()) {
    const ssize_t n = ::pread(fd, &bytes[read], bytes.size() - read, static_cast<off_t>(read));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno(n == 0 ? EIO : errno, "read of a snapshot");
    read += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace elb::proxy
