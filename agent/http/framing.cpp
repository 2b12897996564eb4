// SPDX-License-Identifier: Apache-2.0
#include "http/framing.h"

namespace elb::http {

std::optional<uint64_t> parse_content_length(std::string_view digits) {
  if (digits.empty() || digits.size() > 19) return std::nullopt;
  uint64_t length = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  if (length > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return length;
}

Framing framing_of(const RequestHead& head) {
  if (head.chunked) return {Framing::Kind::kChunked};
  if (head.content_length) return {Framing::Kind::kLength, *head.content_length};
  return {};
}

Framing framing_of(const ResponseHead& head, Method asked) {
  if (head.status == 101) return {Framing::Kind::kTunnel};
  if (head.is_interim() || head.status == 204 || head.status == 304 || asked == Method::kHead) return {};
  if (head.chunked) return {Framing::Kind::kChunked};
  if (head.content_length) return {Framing::Kind::kLength, *head.content_length};
  return {Framing::Kind::kUntilClose};
}

Framing towards_client(const Framing& from_member, uint8_t minor_version) {
  if (from_member.kind != Framing::Kind::kChunked && from_member.kind != Framing::Kind::kUntilClose) return from_member;
  return {minor_version == 1 ? Framing::Kind::kChunked : Framing::Kind::kUntilClose};
}

}  // namespace elb::http
