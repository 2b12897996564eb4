// SPDX-License-Identifier: Apache-2.0
#include "http/serializer.h"

#include "http/hop_by_hop.h"
#include "http/trace_context.h"

namespace elb::http {
namespace {

void put_header(std::string_view name, std::string_view value, OutBuffer& out) {
  out.put(name);
  out.put(": ");
  out.put(value);
  out.put("\r\n");
}

void put_framing(const Framing& body, OutBuffer& out) {
  if (body.kind == Framing::Kind::kChunked) out.put("Transfer-Encoding: chunked\r\n");
  if (body.kind == Framing::Kind::kLength) {
    out.put("Content-Length: ");
    out.put_number(body.length);
    out.put("\r\n");
  }
}

void put_end_to_end(const MessageHead& head, HeaderSet drop, TraceHeaders trace, OutBuffer& out) {
  for (const Header& header : head.headers) {
    if (stays(head, header, drop) || is_replaced(header, trace)) continue;
    put_header(header.name, header.value, out);
  }
}

void put_added(std::span<const Header> added, OutBuffer& out) {
  for (const Header& header : added) put_header(header.name, header.value, out);
}

// One header of all that came and the client's address (CA-01).
void put_forwarded_for_header(const RequestHead& head, const RequestRewrite& rewrite, OutBuffer& out) {
  if (rewrite.forwarded_for == ForwardedFor::kRemove) return;
  std::string_view separator = "X-Forwarded-For: ";
  if (rewrite.forwarded_for == ForwardedFor::kAppend && head.headers.has(HeaderId::kXForwardedFor)) {
    for (const Header& header : head.headers) {
      if (header.id != HeaderId::kXForwardedFor || header.value.empty()) continue;
      out.put(separator);
      out.put(header.value);
      separator = ", ";
    }
  }
  out.put(separator);
  out.put(rewrite.client_address);
  out.put("\r\n");
}

void put_upgrade(std::string_view protocol, OutBuffer& out) {
  out.put("Connection: upgrade\r\n");
  put_header("Upgrade", protocol, out);
}

}  // namespace

size_t head_bound(const MessageHead& head, size_t extra) {
  constexpr size_t kFixed = 256;  // our own names, numbers and separators
  // Each header may grow by the blank after its colon; several X-Forwarded-For by a comma more.
  return head.size + 2 * head.headers.size() + extra + kFixed;
}

bool write_request(const RequestHead& head, const RequestRewrite& rewrite, const Framing& body, OutBuffer& out) {
  out.put(head.method_text);
  out.put(' ');
  out.put(rewrite.target);
  out.put(" HTTP/1.1\r\n");
  const Header* host = head.headers.find(HeaderId::kHost);
  put_header("Host", host != nullptr ? host->value : rewrite.host_if_missing, out);
  HeaderSet drop = kHopByHop | kNotFromClients | rewrite.drop;
  if (!rewrite.scheme.empty()) drop.add(HeaderId::kXForwardedProto);
  if (rewrite.port != 0) drop.add(HeaderId::kXForwardedPort);
  put_end_to_end(head, drop, rewrite.trace, out);
  put_forwarded_for_header(head, rewrite, out);
  if (!rewrite.scheme.empty()) put_header("X-Forwarded-Proto", rewrite.scheme, out);
  if (rewrite.port != 0) {
    out.put("X-Forwarded-Port: ");
    out.put_number(rewrite.port);
    out.put("\r\n");
  }
  put_added(rewrite.added, out);
  if (rewrite.upgrade && !head.upgrade_protocol().empty()) {
    put_upgrade(head.upgrade_protocol(), out);
  } else if (rewrite.close) {
    out.put("Connection: close\r\n");
  }
  put_framing(body, out);
  out.put("\r\n");
  return out.fits();
}

bool write_response(const ResponseHead& head, const ResponseRewrite& rewrite, const Framing& body, OutBuffer& out) {
  out.put("HTTP/1.1 ");
  out.put_number(head.status);
  out.put(' ');
  out.put(head.reason);
  out.put("\r\n");
  HeaderSet drop = kHopByHop;
  if (!rewrite.server.empty()) drop.add(HeaderId::kServer);
  put_end_to_end(head, drop, TraceHeaders::kKeep, out);
  if (!rewrite.server.empty()) put_header("Server", rewrite.server, out);
  put_added(rewrite.added, out);
  if (rewrite.upgrade && head.status == 101) {
    put_upgrade(head.upgrade_protocol(), out);
  } else if (head.is_interim()) {
    // what becomes of the connection is told with the final response
  } else if (rewrite.close) {
    out.put("Connection: close\r\n");
  } else if (rewrite.client_minor_version == 0) {
    out.put("Connection: keep-alive\r\n");  // an HTTP/1.0 client expects the end of the connection otherwise
  }
  put_framing(told_framing(head, rewrite.asked, body), out);
  out.put("\r\n");
  return out.fits();
}

bool write_own_response(const OwnResponse& response, OutBuffer& out) {
  out.put("HTTP/1.1 ");
  out.put_number(response.status);
  out.put(' ');
  out.put(reason_of(response.status));
  out.put("\r\n");
  if (!response.server.empty()) put_header("Server", response.server, out);
  if (!response.date.empty()) put_header("Date", response.date, out);
  put_added(response.added, out);
  if (!response.body.empty()) put_header("Content-Type", response.content_type, out);
  if (response.close) out.put("Connection: close\r\n");
  const bool may_have_body = response.status >= 200 && response.status != 204 && response.status != 304;
  if (may_have_body) put_framing({Framing::Kind::kLength, response.body.size()}, out);
  out.put("\r\n");
  if (may_have_body && response.asked != Method::kHead) out.put(response.body);
  return out.fits();
}

bool write_chunk_begin(uint64_t size, OutBuffer& out) {
  out.put_number(size, 16);
  out.put("\r\n");
  return out.fits();
}

bool write_last_chunk(const HeaderTable* trailers, OutBuffer& out) {
  out.put("0\r\n");
  if (trailers != nullptr)
    for (const Header& field : *trailers) put_header(field.name, field.value, out);
  out.put("\r\n");
  return out.fits();
}

}  // namespace elb::http
