// SPDX-License-Identifier: Apache-2.0
// Framing: where a body ends (RFC 9112 6.3). Decided once, from what the parser established; then carried by BodyReader
// on the way in and by the serialiser on the way out, never copied from one side to the other as text. Thread rule:
// plain values.
#pragma once

#include "http/request_head.h"
#include "http/response_head.h"

namespace elb::http {

struct Framing {
  enum class Kind : uint8_t {
    kNone,        // no body
    kLength,      // `length` bytes, may be 0
    kChunked,     // chunked coding
    kUntilClose,  // a response that ends with its connection
    kTunnel,      // after 101: bytes both ways until both close
  };
  Kind kind = Kind::kNone;
  uint64_t length = 0;

  bool operator==(const Framing&) const = default;
};

/// 1*DIGIT below 2^63, RFC 9112 6.2. No list, even of equal numbers, no sign, no blank.
std::optional<uint64_t> parse_content_length(std::string_view digits);

Framing framing_of(const RequestHead& head);

/// `asked` is the method of the request that is answered: a response to HEAD has no body whatever it says.
Framing framing_of(const ResponseHead& head, Method asked);

/// How a body of this framing goes on to a client that speaks HTTP/1.`minor_version`: chunked where its length is not
/// known beforehand, until close where the client does not know chunks.
Framing towards_client(const Framing& from_member, uint8_t minor_version);

}  // namespace elb::http
