// SPDX-License-Identifier: Apache-2.0
#include "http/framing.h"

namespace elb::http {

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
