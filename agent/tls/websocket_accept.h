// SPDX-License-Identifier: Apache-2.0
// The proof of a WebSocket server that it has read the key of the handshake (RFC 6455 4.2.2). Here because it is a
// hash, and this room alone sees OpenSSL. Thread rule: pure function.
#pragma once

#include <string>
#include <string_view>

namespace elb::tls {

/// The value of Sec-WebSocket-Accept for this Sec-WebSocket-Key: 28 characters.
std::string websocket_accept(std::string_view key);

}  // namespace elb::tls
