// SPDX-License-Identifier: Apache-2.0
// Fault: why a message is refused. One enum for heads, bodies and targets, so that a peer's fault can be counted by
// reason and answered with one table of statuses. What is refused from a member is always a 502 towards the client.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string_view>

namespace elb::http {

enum class Fault : uint8_t {
  kNone,
  // lines
  kBareCr,
  kBareLf,
  kControlByte,
  kObsFold,           // a line that begins with a blank, RFC 9112 5.2
  kSpaceBeforeColon,  // RFC 9112 5.1
  kNoColon,
  kEmptyName,
  kBadName,
  // request line
  kBadMethod,
  kMethodUnknown,  // longer than any method, or CONNECT: 501
  kBadTarget,
  kFragment,
  kTargetTooLong,  // 414
  kBadVersion,
  kVersionUnsupported,  // 505
  // framing
  kBadContentLength,
  kSecondContentLength,
  kLengthAndCoding,
  kBadTransferCoding,    // anything but one "chunked"
  kCodingBeforeVersion,  // Transfer-Encoding on HTTP/1.0
  kBodyForbidden,        // a response without body (1xx, 204) that announces one
  // host
  kNoHost,
  kSecondHost,
  kBadHost,
  kHostMismatch,  // absolute-form target against Host
  // limits
  kTooManyHeaders,  // 431
  kHeadTooLarge,    // 431
  kBodyTooLarge,    // 413
  // status line
  kBadStatus,
  // chunked coding
  kBadChunkSize,
  kBadChunkExtension,
  kChunkExtensionsTooLong,
  kBadChunkEnd,
  kTrailersTooLarge,  // 431
  kTruncated,         // the peer closed in the middle
  // HTTP/2
  kBadPseudoField,
  kConnectionField,  // a field of HTTP/1's connections, RFC 9113 8.2.2
  // path
  kBadEscape,
  kEncodedNul,
  kBadUtf8,
  kBackslash,
  kAboveRoot,
  kEncodedSlash,
  kHiddenDots,   // "/..;x/", "/a%2F../": dot segments for some members, names for others
  kHiddenEmpty,  // "/;x/a": an empty segment, that is "/a", for some members, a name for others
  kCount,
};

/// The status that tells a client of its fault: 400 unless the list above says otherwise.
uint16_t status_of(Fault fault);

/// A stable word for logs and metrics: "bare-lf".
std::string_view to_string(Fault fault);

}  // namespace elb::http
