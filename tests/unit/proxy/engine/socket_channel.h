// SPDX-License-Identifier: Apache-2.0
// SocketChannel: plain bytes over a blocking socket. Thread rule: one thread.
#pragma once

#include <sys/socket.h>

#include <array>

#include "unit/proxy/engine/peer.h"

namespace elb::test {

class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(Fd fd) : fd_(std::move(fd)) {}
  bool send(std::string_view bytes) override { return send_all(fd_.get(), bytes); }
  std::string receive() override {
    std::array<char, 65536> room;
    const ssize_t count = recv(fd_.get(), room.data(), room.size(), 0);
    return count > 0 ? std::string(room.data(), static_cast<size_t>(count)) : std::string();
  }

 private:
  Fd fd_;
};

}  // namespace elb::test
