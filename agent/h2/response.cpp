// SPDX-License-Identifier: Apache-2.0
#include "h2/response.h"

#include "h2/request.h"
#include "http/framing.h"

namespace elb::h2 {
namespace {

using http::Fault;
using http::HeaderId;

// RFC 9113 8.3.2: one pseudo field, three digits. 101 does not exist here (8.6).
Fault take_status(std::string_view value, http::ResponseHead& head) {
  if (head.status != 0 || value.size() != 3) return Fault::kBadPseudoField;
  unsigned status = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return Fault::kBadPseudoField;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (status < 100 || status == 101) return Fault::kBadPseudoField;
  head.status = static_cast<uint16_t>(status);
  return Fault::kNone;
}

Fault note_framing(HeaderId id, std::string_view value, http::ResponseHead& head) {
  switch (id) {
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kProxyConnection:
    case HeaderId::kTransferEncoding:
    case HeaderId::kUpgrade:
      return Fault::kConnectionField;
    case HeaderId::kContentLength:
      if (head.content_length) return Fault::kSecondContentLength;
      head.content_length = http::parse_content_length(value);
      return head.content_length ? Fault::kNone : Fault::kBadContentLength;
    default:
      return Fault::kNone;
  }
}

Fault judge(const FieldBlock& fields, http::ResponseHead& head) {
  if (fields.too_large()) return Fault::kHeadTooLarge;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields.name(i);
    const std::string_view value = fields.value(i);
    if (name.starts_with(':')) {
      if (name != ":status" || i != 0) return Fault::kBadPseudoField;
      if (const Fault fault = take_status(value, head); fault != Fault::kNone) return fault;
      continue;
    }
    if (const Fault fault = check_field(name, value); fault != Fault::kNone) return fault;
    const HeaderId id = http::header_id(name);
    if (const Fault fault = note_framing(id, value, head); fault != Fault::kNone) return fault;
    if (!head.headers.add(id, name, value)) return Fault::kTooManyHeaders;
  }
  return head.status == 0 ? Fault::kBadPseudoField : Fault::kNone;
}

}  // namespace

http::Fault to_response_head(const FieldBlock& fields, http::ResponseHead& head) {
  head.clear();
  head.http2 = true;
  head.size = fields.bytes();
  head.fault = judge(fields, head);
  return head.fault;
}

}  // namespace elb::h2
