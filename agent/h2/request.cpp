// SPDX-License-Identifier: Apache-2.0
#include "h2/request.h"

#include "http/char_class.h"
#include "http/framing.h"
#include "http/trailers.h"

namespace elb::h2 {
namespace {

using http::Fault;
using http::HeaderId;

constexpr uint16_t kHttpsPort = 443;  // HTTP/2 is spoken on HTTPS listeners only

bool has_upper(std::string_view name) {
  for (const char c : name)
    if (c >= 'A' && c <= 'Z') return true;
  return false;
}

// RFC 9113 8.2.1: blanks around a value are as wrong as control bytes.
bool is_value(std::string_view value) {
  return http::all(http::kFieldByte, value) && http::trim(value).size() == value.size();
}

// Fields that belong to a connection of HTTP/1 (RFC 9113 8.2.2), and those that frame the body.
Fault note_framing(HeaderId id, std::string_view value, const http::HeadLimits& limits, http::RequestHead& head) {
  switch (id) {
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kProxyConnection:
    case HeaderId::kTransferEncoding:
    case HeaderId::kUpgrade:
      return Fault::kConnectionField;
    case HeaderId::kTe:
      return value == "trailers" ? Fault::kNone : Fault::kConnectionField;
    case HeaderId::kContentLength:
      if (head.content_length) return Fault::kSecondContentLength;
      head.content_length = http::parse_content_length(value);
      if (!head.content_length) return Fault::kBadContentLength;
      return *head.content_length > limits.body_bytes ? Fault::kBodyTooLarge : Fault::kNone;
    default:
      return Fault::kNone;
  }
}

struct Pseudo {
  std::string_view method, scheme, path, authority, protocol;
};

Fault take_pseudo(std::string_view name, std::string_view value, Pseudo& pseudo) {
  std::string_view* const place = name == ":method"      ? &pseudo.method
                                  : name == ":scheme"    ? &pseudo.scheme
                                  : name == ":path"      ? &pseudo.path
                                  : name == ":authority" ? &pseudo.authority
                                  : name == ":protocol"  ? &pseudo.protocol
                                                         : nullptr;
  if (place == nullptr || place->data() != nullptr) return Fault::kBadPseudoField;
  *place = value;
  return Fault::kNone;
}

Fault check_target(const Pseudo& pseudo, const http::HeadLimits& limits, http::RequestHead& head) {
  head.target = head.path_and_query = pseudo.path;
  if (pseudo.path.size() > limits.target_bytes) return Fault::kTargetTooLong;
  if (const Fault fault = http::check_target_bytes(pseudo.path); fault != Fault::kNone) return fault;
  if (pseudo.path == "*" && head.method == http::Method::kOptions) {
    head.form = http::TargetForm::kAsterisk;
    return Fault::kNone;
  }
  return pseudo.path.starts_with('/') ? Fault::kNone : Fault::kBadTarget;
}

Fault check_pseudo(const Pseudo& pseudo, const http::HeadLimits& limits, http::RequestHead& head) {
  if (pseudo.method.size() > http::kLongestMethod) return Fault::kMethodUnknown;
  if (pseudo.method.empty() || !http::all(http::kMethodChar, pseudo.method)) return Fault::kBadMethod;
  head.method_text = pseudo.method;
  head.method = http::method_of(pseudo.method);
  if (pseudo.protocol.data() != nullptr) {
    // RFC 8441: a WebSocket. For members and for routes it is what HTTP/1 clients ask for.
    if (head.method != http::Method::kConnect) return Fault::kBadPseudoField;
    if (pseudo.protocol != "websocket") return Fault::kMethodUnknown;
    head.method = http::Method::kGet;
    head.method_text = "GET";
    head.says_upgrade = true;
    head.upgrade = pseudo.protocol;
  }
  if (head.method == http::Method::kConnect) return Fault::kMethodUnknown;
  if (pseudo.scheme != "https" && pseudo.scheme != "http") return Fault::kBadPseudoField;
  return check_target(pseudo, limits, head);
}

// :authority stands for Host (RFC 9113 8.3.1); where both are, they have to say the same.
Fault check_host(const Pseudo& pseudo, http::RequestHead& head) {
  size_t hosts = 0;
  for (const http::Header& header : head.headers) hosts += header.id == HeaderId::kHost ? 1U : 0U;
  if (hosts > 1) return Fault::kSecondHost;
  const http::Header* header = head.headers.find(HeaderId::kHost);
  if (header == nullptr && pseudo.authority.empty()) return Fault::kNoHost;
  head.host = http::parse_host(header != nullptr ? header->value : pseudo.authority);
  if (!head.host) return Fault::kBadHost;
  if (header == nullptr)
    return head.headers.add(HeaderId::kHost, "host", pseudo.authority) ? Fault::kNone : Fault::kTooManyHeaders;
  if (pseudo.authority.data() == nullptr) return Fault::kNone;
  const auto authority = http::parse_host(pseudo.authority);
  if (!authority) return Fault::kBadHost;
  return http::same_host(*authority, *head.host, kHttpsPort) ? Fault::kNone : Fault::kHostMismatch;
}

Fault add_fields(const FieldBlock& fields, const http::HeadLimits& limits, Pseudo& pseudo, http::RequestHead& head) {
  bool regular = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields.name(i);
    const std::string_view value = fields.value(i);
    if (name.starts_with(':')) {
      if (regular || !is_value(value)) return Fault::kBadPseudoField;
      if (const Fault fault = take_pseudo(name, value, pseudo); fault != Fault::kNone) return fault;
      continue;
    }
    regular = true;
    if (const Fault fault = check_field(name, value); fault != Fault::kNone) return fault;
    const HeaderId id = http::header_id(name);
    if (const Fault fault = note_framing(id, value, limits, head); fault != Fault::kNone) return fault;
    const bool odd = !http::all(http::kPlainName, name);
    if (odd && limits.odd_names == http::OddNames::kDrop) continue;
    if (!head.headers.add(id, name, value)) return Fault::kTooManyHeaders;
  }
  if (fields.cookie().empty()) return Fault::kNone;
  if (!is_value(fields.cookie())) return Fault::kControlByte;
  return head.headers.add(HeaderId::kCookie, "cookie", fields.cookie()) ? Fault::kNone : Fault::kTooManyHeaders;
}

Fault judge(const FieldBlock& fields, bool ended, const http::HeadLimits& limits, http::RequestHead& head) {
  Pseudo pseudo;
  const Fault of_fields = add_fields(fields, limits, pseudo, head);
  // What can be understood is, so that a refusal is logged with it.
  const Fault of_pseudo = check_pseudo(pseudo, limits, head);
  if (fields.too_large()) return Fault::kHeadTooLarge;
  if (of_fields != Fault::kNone) return of_fields;
  if (of_pseudo != Fault::kNone) return of_pseudo;
  if (const Fault fault = check_host(pseudo, head); fault != Fault::kNone) return fault;
  if (ended && head.content_length.value_or(0) != 0) return Fault::kTruncated;
  if (head.says_upgrade && head.content_length) return Fault::kBadContentLength;  // what follows is no body
  head.chunked = !ended && !head.content_length && !head.says_upgrade;
  return Fault::kNone;
}

}  // namespace

Fault check_field(std::string_view name, std::string_view value) {
  if (name.empty()) return Fault::kEmptyName;
  if (!http::all(http::kToken, name) || has_upper(name)) return Fault::kBadName;
  return is_value(value) ? Fault::kNone : Fault::kControlByte;
}

Fault to_request_head(const FieldBlock& fields, bool ended, const http::HeadLimits& limits, http::RequestHead& head) {
  head.clear();
  head.http2 = true;
  head.size = fields.bytes();
  head.fault = judge(fields, ended, limits, head);
  return head.fault;
}

Fault to_trailers(const FieldBlock& fields, http::HeaderTable& trailers) {
  trailers.clear();
  if (fields.too_large()) return Fault::kTrailersTooLarge;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields.name(i);
    if (const Fault fault = check_field(name, fields.value(i)); fault != Fault::kNone) return fault;
    const HeaderId id = http::header_id(name);
    if (!http::all(http::kPlainName, name) || !http::may_trail(id)) continue;
    if (!trailers.add(id, name, fields.value(i))) return Fault::kTrailersTooLarge;
  }
  return Fault::kNone;
}

}  // namespace elb::h2
