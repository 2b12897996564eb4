// SPDX-License-Identifier: Apache-2.0
// Netlink: a NETLINK_ROUTE socket, messages to build and to read. Just what the dataplane needs of rtnetlink(7).
// Thread rule: one thread for each socket.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace elb::dataplane {

/// A request: header, fixed part, attributes.
class NetlinkRequest {
 public:
  /// flags: NLM_F_* beside REQUEST and ACK, which are always set.
  template <class Body>
  NetlinkRequest(uint16_t type, uint16_t flags, const Body& body) : buffer_(NLMSG_HDRLEN) {
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&body, sizeof body);
  }
  void put(uint16_t attribute, const void* data, size_t size);
  void put_u32(uint16_t attribute, uint32_t value) { put(attribute, &value, sizeof value); }

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  std::span<const uint8_t> bytes() const { return buffer_; }

 private:
  void append(const void* data, size_t size);  // padded to 4, length in the header kept true
  std::vector<uint8_t> buffer_;
};

/// A message as received; valid during the callback only.
class NetlinkMessage {
 public:
  explicit NetlinkMessage(const nlmsghdr* header) : header_(header) {}
  uint16_t type() const { return header_->nlmsg_type; }

  /// The fixed part; nothing if the message is too short for it.
  template <class Body>
  std::optional<Body> body() const {
    if (payload().size() < sizeof(Body)) return std::nullopt;
    Body body;
    std::memcpy(&body, payload().data(), sizeof body);
    return body;
  }
  /// Calls with each attribute behind a fixed part of `body_size`: type without flags, contents.
  void attributes(size_t body_size, const std::function<void(uint16_t, std::span<const uint8_t>)>& each) const;
  std::span<const uint8_t> payload() const {
    return {reinterpret_cast<const uint8_t*>(header_) + NLMSG_HDRLEN, header_->nlmsg_len - NLMSG_HDRLEN};
  }

 private:
  const nlmsghdr* header_;
};

/// Calls with each attribute in a span of them (nested ones too).
void netlink_attributes(std::span<const uint8_t> bytes,
                        const std::function<void(uint16_t, std::span<const uint8_t>)>& each);

template <class T>
std::optional<T> netlink_value(std::span<const uint8_t> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

class Netlink {
 public:
  using Handler = std::function<void(const NetlinkMessage&)>;

  /// groups: bits RTMGRP_* to listen to.
  static Result<Netlink> open(uint32_t groups = 0);

  /// Sends and handles everything up to the acknowledgement (or the end of a dump). A refusal is the errno value in
  /// *refused if that is given, else kSystem with `what` in front.
  Status ask(NetlinkRequest request, std::string_view what, const Handler& handler = {}, int* refused = nullptr);

  /// Handles the notifications that are there, without waiting. False if the kernel had to drop some: look at
  /// everything.
  bool receive_pending(const Handler& handler);
  int fd() const { return socket_.get(); }

 private:
  explicit Netlink(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace elb::dataplane
