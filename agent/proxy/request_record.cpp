// SPDX-License-Identifier: Apache-2.0
#include "proxy/request_record.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace elb::proxy {
namespace {

std::optional<uint32_t> round_trip_us(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info.tcpi_rtt;
}

std::string_view value_of(const http::HeaderTable& headers, http::HeaderId id) {
  const http::Header* header = headers.find(id);
  return header != nullptr ? header->value : std::string_view();
}

}  // namespace

void RequestRecord::keep(Text which, std::string_view text) {
  starts_[which] = static_cast<uint32_t>(texts_.size());
  sizes_[which] = static_cast<uint32_t>(text.size());
  texts_ += text;
}

void RequestRecord::keep_texts(const http::RequestHead& head) {
  protocol_ = head.http2 ? "HTTP/2.0" : head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
  keep(kMethod, head.method_text);
  const http::Header* host = head.headers.find(http::HeaderId::kHost);
  keep(kHost, host != nullptr ? host->value : head.host ? head.host->name : std::string_view());
  keep(kTarget, head.target);
  keep(kAgent, value_of(head.headers, http::HeaderId::kUserAgent));
  keep(kReferer, value_of(head.headers, http::HeaderId::kReferer));
  keep(kForwardedFor, value_of(head.headers, http::HeaderId::kXForwardedFor));
}

AccessAttempt& RequestRecord::add_attempt(const Endpoint& address, std::string_view member) {
  AccessAttempt& attempt = attempts_.emplace_back();
  attempt.address = address;
  attempt.member = member;
  return attempt;
}

void RequestRecord::keep_trace(const http::HeaderTable& headers) {
  if (const auto parent = http::find_traceparent(headers)) keep(kTrace, parent->trace_id);
}

void RequestRecord::write(AccessLog& log, size_t loop, const ConnectionFacts& connection,
                          const AccessRecord& record) const {
  log.append(loop, filled(connection, record));
}

void RequestRecord::write_span(AccessLog& log, size_t loop, const ConnectionFacts& connection,
                               const AccessRecord& record) const {
  const auto ended = std::chrono::duration_cast<std::chrono::microseconds>(record.time.time_since_epoch());
  log.append_span(loop, filled(connection, record),
                  {trace->trace(), trace->span(), trace->parent(), (ended - record.request_time).count()});
}

AccessRecord RequestRecord::filled(const ConnectionFacts& connection, AccessRecord record) const {
  record.client = connection.client;
  record.front = connection.local;
  record.rtt_us = round_trip_us(connection.fd);
  record.method = text(kMethod);
  record.host = text(kHost);
  record.target = text(kTarget);
  record.protocol = sizes_[kMethod] == 0 ? std::string_view() : protocol_;
  record.user_agent = text(kAgent);
  record.referer = text(kReferer);
  record.forwarded_for = text(kForwardedFor);
  record.request_bytes = request_bytes;
  record.sent_bytes = sent_bytes;
  record.sent_body_bytes = sent_body_bytes;
  record.attempts = attempts_;
  record.end = end;
  record.trace = trace ? trace->trace() : text(kTrace);
  if (connection.tls != nullptr) {
    record.https = true;
    record.certificate = connection.tls->certificate_id;
    record.tls_protocol = connection.tls->protocol;
    record.tls_cipher = connection.tls->cipher;
    record.sni = connection.tls->sni;
  }
  return record;
}

}  // namespace elb::proxy
