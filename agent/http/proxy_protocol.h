// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2: who the client is, told by who accepted its connection, before the first byte
// of it (haproxy.org/download/2.8/doc/proxy-protocol.txt). Bytes in, verdict out; bytes out. Strict: of version 1 only
// what the text allows, of version 2 only stream sockets. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace elb::http {

/// "PROXY TCP6 ...\r\n" is never longer (2.1).
inline constexpr size_t kProxyV1Max = 107;
/// Addresses and what is told beside them. More is allowed to senders; none needs it.
inline constexpr size_t kProxyV2Max = 2048;

struct ProxyHeader {
  size_t size = 0;                 // bytes, those of the connection follow
  std::optional<Endpoint> client;  // empty: of the sender itself (LOCAL, UNKNOWN), it has no other client to tell of
};

enum class ProxyOutcome : uint8_t {
  kNeedMore,  // what is there may become one
  kDone,
  kNone,   // this is something else
  kFault,  // it begins as one and is none
};

/// `bytes` from the first of the connection on. Empty bytes need more.
ProxyOutcome parse_proxy_header(std::string_view bytes, ProxyHeader& header);

/// As version 1 or 2. Of two families the IPv4 address is written as IPv6 (::ffff:192.0.2.1).
std::string write_proxy_header(bool second_version, const Endpoint& client, const Endpoint& local);
/// Of a connection of our own, such as a health check.
std::string write_local_proxy_header(bool second_version);

}  // namespace elb::http
