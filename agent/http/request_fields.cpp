// SPDX-License-Identifier: Apache-2.0
#include "http/request_fields.h"

#include "http/hop_by_hop.h"
#include "http/trace_context.h"

namespace elb::http {
namespace {

void put_field(std::string_view name, std::string_view value, OutBuffer& out) {
  out.put(name);
  out.put('\0');
  out.put(value);
  out.put('\0');
}

void put_number(std::string_view name, uint64_t number, OutBuffer& out) {
  out.put(name);
  out.put('\0');
  out.put_number(number);
  out.put('\0');
}

// One field of all that came and the client's address (CA-01).
void put_forwarded_for_field(const RequestHead& head, const RequestRewrite& rewrite, OutBuffer& out) {
  if (rewrite.forwarded_for == ForwardedFor::kRemove) return;
  out.put("x-forwarded-for");
  out.put('\0');
  if (rewrite.forwarded_for == ForwardedFor::kAppend)
    for (const Header& header : head.headers) {
      if (header.id != HeaderId::kXForwardedFor || header.value.empty()) continue;
      out.put(header.value);
      out.put(", ");
    }
  out.put(rewrite.client_address);
  out.put('\0');
}

}  // namespace

bool write_request_fields(const RequestHead& head, const RequestRewrite& rewrite, const Framing& body, OutBuffer& out) {
  const Header* host = head.headers.find(HeaderId::kHost);
  put_field(":method", head.method_text, out);
  put_field(":scheme", "http", out);  // of this hop; X-Forwarded-Proto tells the client's
  put_field(":authority", host != nullptr ? host->value : rewrite.host_if_missing, out);
  put_field(":path", rewrite.target, out);
  HeaderSet drop = kHopByHop | kNotFromClients | rewrite.drop;
  if (!rewrite.scheme.empty()) drop.add(HeaderId::kXForwardedProto);
  if (rewrite.port != 0) drop.add(HeaderId::kXForwardedPort);
  for (const Header& header : head.headers)
    if (!stays(head, header, drop) && !is_replaced(header, rewrite.trace)) put_field(header.name, header.value, out);
  put_forwarded_for_field(head, rewrite, out);
  if (!rewrite.scheme.empty()) put_field("x-forwarded-proto", rewrite.scheme, out);
  if (rewrite.port != 0) put_number("x-forwarded-port", rewrite.port, out);
  for (const Header& header : rewrite.added) put_field(header.name, header.value, out);
  put_field("te", "trailers",
            out);  // this hop takes them, whatever the client said of its own; gRPC servers ask for it
  if (body.kind == Framing::Kind::kLength) put_number("content-length", body.length, out);
  return out.fits();
}

}  // namespace elb::http
