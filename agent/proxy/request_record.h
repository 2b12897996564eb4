// SPDX-License-Identifier: Apache-2.0
// RequestRecord: what is noted of one request while it lasts, for the access log and the counters. Texts of the request
// are copied only if there is a log. Thread rule: its loop's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/request_head.h"
#include "proxy/access_log.h"
#include "proxy/request_trace.h"
#include "tls/connection.h"

namespace elb::proxy {

/// What does not change from request to request of a connection.
struct ConnectionFacts {
  void set_client(const Endpoint& endpoint) {
    client = endpoint;
    client_text = endpoint.address.to_string();
  }

  Endpoint client;
  std::string client_text;  // its address, for X-Forwarded-For
  Endpoint local;
  const tls::ConnectionFacts* tls = nullptr;  // null: plain
  int fd = -1;                                // for the round-trip time
};

class RequestRecord {
 public:
  /// `texts` and `attempts` are empty, and outlive the record.
  RequestRecord(SteadyTime began, std::string& texts, std::vector<AccessAttempt>& attempts)
      : began_(began), texts_(texts), attempts_(attempts) {}

  /// Copies what the log says of the request. A head that was refused may hold little or nothing.
  void keep_texts(const http::RequestHead& head);
  AccessAttempt& add_attempt(const Endpoint& address, std::string_view member);
  AccessAttempt& attempt() { return attempts_.back(); }
  bool attempted() const { return !attempts_.empty(); }
  size_t attempts() const { return attempts_.size(); }

  SteadyTime began() const { return began_; }
  std::chrono::microseconds since_begin(SteadyTime now) const {
    return std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  }

  /// Copies the id of the trace that the client says it belongs to, if any.
  void keep_trace(const http::HeaderTable& headers);
  bool traced() const { return trace && trace->sampled; }

  void write(AccessLog& log, size_t loop, const ConnectionFacts& connection, const AccessRecord& record) const;
  /// Of a request that is traced().
  void write_span(AccessLog& log, size_t loop, const ConnectionFacts& connection, const AccessRecord& record) const;

  uint64_t request_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t sent_body_bytes = 0;
  RequestEnd end = RequestEnd::kDone;  // the last thing that went wrong, or was decided
  std::optional<RequestTrace> trace;   // of listeners that take part in traces

 private:
  enum Text : uint8_t { kMethod, kHost, kTarget, kAgent, kReferer, kForwardedFor, kTrace, kTexts };
  std::string_view text(Text which) const { return std::string_view(texts_).substr(starts_[which], sizes_[which]); }
  void keep(Text which, std::string_view text);
  AccessRecord filled(const ConnectionFacts& connection, AccessRecord record) const;

  SteadyTime began_;
  std::string_view protocol_ = "HTTP/1.1";
  std::string& texts_;
  std::array<uint32_t, kTexts> starts_{};
  std::array<uint32_t, kTexts> sizes_{};
  std::vector<AccessAttempt>& attempts_;
};

}  // namespace elb::proxy
