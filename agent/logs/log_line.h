// SPDX-License-Identifier: Apache-2.0
// LogLine: a line of the access log taken apart again: its 32 fields (LOG-04), and behind them, in the agent's own
// forms, why the request ended and the trace it belongs to. Written by agent/proxy from escaped text, so that a line
// that does not fit is one that was cut off, never one that a client made so. Thread rule: pure; a LogLine points into
// the text it was made of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elb::logs {

/// In the order of the line.
enum LogField : uint8_t {
  kMsec,
  kStream,
  kTime,
  kVersion,
  kClient,
  kStatus,
  kRequest,
  kRequestLength,
  kBytesSent,
  kBodyBytesSent,
  kRequestTime,
  kUpstreamStatus,
  kUpstreamConnectTime,
  kUpstreamHeaderTime,
  kUpstreamResponseTime,
  kUpstreamAddr,
  kUserAgent,
  kReferer,
  kForwardedFor,
  kLbName,
  kListenerName,
  kListenerId,
  kPoolName,
  kMemberName,
  kProjectId,
  kFront,
  kUpstreamAddrPriv,
  kCertificateId,
  kTlsProtocol,
  kTlsCipher,
  kSni,
  kRtt,
  kLogFields,
};
/// "msec", "access_log_topic_id", ...: the names of chapter 12, those of the JSON form.
std::string_view name_of(LogField field);

class LogLine {
 public:
  /// `text` has no line end. Empty: it is no such line.
  static std::optional<LogLine> parse(std::string_view text);

  /// Without brackets and quotes; escapes are as they are. "-": there is none.
  std::string_view operator[](LogField field) const { return fields_[field]; }
  /// Why the request ended; empty in a line of 32 fields.
  std::string_view end() const { return end_; }
  /// The id of its trace; empty: none.
  std::string_view trace() const { return trace_; }
  /// The 32 fields, as the guide has them.
  std::string_view guide_part() const { return guide_; }
  std::string_view loadbalancer_id() const;
  int64_t time_ms() const;  // since 1970
  int status() const;

 private:
  std::array<std::string_view, kLogFields> fields_{};
  std::string_view end_;
  std::string_view trace_;
  std::string_view guide_;
};

/// One object, without a line end: the fields by name, numbers as numbers, what is "-" left out, escapes undone (bytes
/// that are no UTF-8 become U+FFFD), "termination" and "trace_id".
void append_json(const LogLine& line, std::string& out);
/// The bytes that the escapes \xHH stand for.
std::string unescape(std::string_view text);

}  // namespace elb::logs
