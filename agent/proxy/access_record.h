// SPDX-License-Identifier: Apache-2.0
// AccessRecord: one request as the access log tells it (LOG-04, LOG-05), and its line: 32 fields in the order and with
// the quotes of chapter 12 of the requirements. Views are good during the call. What clients and members wrote is
// escaped: it can neither end a field nor a line. Thread rule: plain values, a pure function.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"

namespace elb::proxy {

/// Why a request ended as it did. Not one of the 32 fields: the agent's own forms of the log have it behind them.
enum class RequestEnd : uint8_t {
  kDone,             // a member's response, whole
  kRetried,          // likewise, after another member or connection had failed
  kRedirected,       // by a policy
  kRejected,         // by a policy
  kMalformed,        // the request cannot be understood, or must not be
  kRequestTimeout,   // the client did not bring its request, or brought it too slowly
  kRateLimit,        // the listener's request_rate
  kWrongHost,        // the request is for another host than the TLS connection
  kNoListener,       // it is gone, or is another one now
  kNoMember,         // none that can serve
  kConnectFailed,    // no member could be connected to
  kConnectTimeout,   // likewise, for want of an answer
  kMemberReset,      // a member closed without a whole response
  kMemberTimeout,    // a member did not answer in time
  kMemberMalformed,  // a member's response cannot be understood
  kClientLeft,       // before the end of the response
  kStalled,          // neither side moved a byte for too long, in the middle of a response
};
std::string_view to_string(RequestEnd end);  // "client_left"

/// One attempt at a member. Times that were not reached are negative, and "-" in the line.
struct AccessAttempt {
  Endpoint address;                             // the member's
  std::string_view member;                      // id
  uint16_t status = 0;                          // of its response; 0: none
  std::chrono::microseconds connect_time{-1};   // 0 on a kept connection
  std::chrono::microseconds header_time{-1};    // from the attempt's begin to the response's head
  std::chrono::microseconds response_time{-1};  // ... to the response's end
};

/// Empty text is "-" in the line.
struct AccessRecord {
  WallTime time{};  // when the response ended
  std::string_view topic;
  Endpoint client;
  uint16_t status = 0;  // sent; 499: the client left first
  std::string_view method;
  bool https = false;
  std::string_view host;      // as the client wrote it
  std::string_view target;    // as the client wrote it
  std::string_view protocol;  // HTTP/1.1, HTTP/2.0
  uint64_t request_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t sent_body_bytes = 0;
  std::chrono::microseconds request_time{0};
  std::span<const AccessAttempt> attempts;  // in order; empty: not routed
  std::string_view user_agent;
  std::string_view referer;
  std::string_view forwarded_for;
  std::string_view loadbalancer;  // ids
  std::string_view listener;
  std::string_view pool;
  std::string_view tenant;
  Endpoint front;  // EIP or VIP, and port
  std::string_view certificate;
  std::string_view tls_protocol;
  std::string_view tls_cipher;
  std::string_view sni;
  std::optional<uint32_t> rtt_us;  // TCP_INFO's
  RequestEnd end = RequestEnd::kDone;
  std::string_view trace;  // id; none of the 32 fields, likewise
};

/// `iso_time` is `record.time` as local time with zone, "2026-11-28T18:03:12+00:00"; whoever logs makes one each second
/// (AccessClock).
void append_access_line(const AccessRecord& record, std::string_view iso_time, std::string& out);

/// The part of a request in a trace. Empty parent: it began here.
struct AccessSpan {
  std::string_view trace, span, parent;
  int64_t start_us = 0;  // since 1970
};

/// Local time as ISO 8601, computed once for each second. Thread rule: one thread.
class AccessClock {
 public:
  std::string_view iso(WallTime time);

 private:
  int64_t second_ = -1;
  std::string text_;
};

}  // namespace elb::proxy
