// SPDX-License-Identifier: Apache-2.0
// Writing heads and chunks: every message goes on as one of ours, made from the parsed head and the framing, never as
// the bytes that came. Hop-by-hop fields stay behind (RFC 9110 7.6.1), also those that Connection names. All writers
// return false if the buffer is too small; nothing may be sent then. What is passed in besides parsed heads (addresses,
// server name, added headers) comes from our configuration and has to be valid field text.
// Thread rule: pure functions.
#pragma once

#include <span>

#include "http/framing.h"
#include "http/out_buffer.h"

namespace elb::http {

enum class ForwardedFor : uint8_t { kAppend, kReplace, kRemove };

/// What a client says of its identity and way here, which the proxy knows better.
inline constexpr HeaderSet kClientClaims = {HeaderId::kForwarded, HeaderId::kXRealIp, HeaderId::kXForwardedHost,
                                            HeaderId::kXForwardedPort, HeaderId::kXForwardedProto};

/// What becomes of traceparent and tracestate (W3C Trace Context); ours are among the added headers.
enum class TraceHeaders : uint8_t {
  kKeep,           // both go on as they came
  kReplaceParent,  // traceparent is ours
  kReplaceBoth,    // and tracestate goes: it belonged to a trace that ends here
};

struct RequestRewrite {
  std::string_view target;           // normalised: url.h
  std::string_view host_if_missing;  // for HTTP/1.0 clients that sent none; members get HTTP/1.1
  std::string_view client_address;   // text, for X-Forwarded-For
  ForwardedFor forwarded_for = ForwardedFor::kAppend;
  std::string_view scheme;         // X-Forwarded-Proto; empty: the header is not set
  uint16_t port = 0;               // X-Forwarded-Port; 0: not set
  HeaderSet drop = kClientClaims;  // of the client's; X-Forwarded-For is not affected
  bool upgrade = false;            // hand on the request to switch protocols
  bool close = false;              // tell the member that this is the last request on its connection
  TraceHeaders trace = TraceHeaders::kKeep;
  std::span<const Header> added = {};
};

/// Bytes that write_request() or write_response() need at most for this head. `extra`: bytes of all strings of the
/// rewrite, target and added headers included, and 4 for each added header.
size_t head_bound(const MessageHead& head, size_t extra);

bool write_request(const RequestHead& head, const RequestRewrite& rewrite, const Framing& body, OutBuffer& out);

struct ResponseRewrite {
  Method asked = Method::kGet;         // what is answered: HEAD may announce a length without a body
  uint8_t client_minor_version = 1;    // of the client's request
  bool close = false;                  // "Connection: close"
  std::string_view server;             // Server; empty: the member's
  bool upgrade = false;                // hand on a 101
  std::span<const Header> added = {};  // Set-Cookie, Strict-Transport-Security
};

/// `body` as the client gets it: towards_client().
bool write_response(const ResponseHead& head, const ResponseRewrite& rewrite, const Framing& body, OutBuffer& out);

/// A response of the proxy's own. HEAD gets the body's length only.
struct OwnResponse {
  uint16_t status = 500;
  std::string_view body;
  std::string_view content_type = "text/plain; charset=utf-8";  // of the body, if there is one
  bool close = true;
  std::string_view server;
  std::string_view date;  // HttpDate; empty: none
  Method asked = Method::kGet;
  std::span<const Header> added = {};  // Location, Retry-After
};
bool write_own_response(const OwnResponse& response, OutBuffer& out);

/// The phrase of RFC 9110 for a status, "Unknown" where there is none.
std::string_view reason_of(uint16_t status);

/// What goes before `size` (not 0) bytes of payload; what goes after each chunk; what ends a chunked body.
bool write_chunk_begin(uint64_t size, OutBuffer& out);
inline constexpr std::string_view kChunkEnd = "\r\n";
/// `trailers` may be null. Needs 8 bytes more than the section that they came from, and one for each field.
bool write_last_chunk(const HeaderTable* trailers, OutBuffer& out);
inline constexpr size_t kChunkBeginBytes = 18;

}  // namespace elb::http
