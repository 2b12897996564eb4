// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_stream.h"

#include "http/char_class.h"
#include "http/response_fields.h"
#include "proxy/http2_front.h"

namespace elb::proxy {
namespace {

// A member's bytes that a client may hold back. Beyond kShared in all streams of the connection each may still hold
// kAlways, so that streams that the client has stopped do not stop the others.
constexpr size_t kMost = size_t{64} << 10;
constexpr size_t kShared = size_t{512} << 10;
constexpr size_t kAlways = size_t{4} << 10;

}  // namespace

void Http2Stream::wake() { front_.ready(*this); }

const ConnectionFacts& Http2Stream::facts() const { return front_.facts(); }

// Only called when inbox_ is used up, so that taken_ may change.
Got Http2Stream::fill() {
  if (!has_received()) return ended() ? Got::kEnd : Got::kNothing;
  front_.session().take_received(*this, taken_);
  inbox_.clear();
  inbox_.append(taken_);
  return Got::kData;
}

bool Http2Stream::put_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite,
                           const http::Framing& body, Gather& out) {
  http::ResponseFields& fields = front_.fields();
  if (!http::response_fields(head, rewrite, body, fields)) return false;
  out.count_aside(head.size);
  if (body.kind == http::Framing::Kind::kTunnel) {  // 101 does not exist in HTTP/2, nor does the proof of it (RFC 8441)
    http::HeaderTable kept;
    for (const http::Header& field : fields.table)
      if (!http::equals_ignoring_case(field.name, "sec-websocket-accept")) kept.add(field.id, field.name, field.value);
    return front_.session().send_head(*this, 200, kept, true);
  }
  if (head.is_interim()) return front_.session().send_interim(*this, head.status, fields.table);
  const bool none =
      body.kind == http::Framing::Kind::kNone || (body.kind == http::Framing::Kind::kLength && body.length == 0);
  return front_.session().send_head(*this, head.status, fields.table, !none);
}

bool Http2Stream::put_own(const http::OwnResponse& response, Gather& out) {
  http::ResponseFields& fields = front_.fields();
  const bool body = !response.body.empty() && response.asked != http::Method::kHead;
  if (!http::own_response_fields(response, fields) ||
      !front_.session().send_head(*this, response.status, fields.table, body))
    return false;
  out.refer(body ? response.body : std::string_view());
  ending_ = {true, nullptr};
  return true;
}

void Http2Stream::put_end(const http::Framing&, const http::HeaderTable* trailers, Gather&) {
  ending_ = {true, trailers};
}

bool Http2Stream::write(const Gather& out, bool) {
  for (const std::string_view piece : out.pieces()) front_.session().send_body(*this, piece);
  if (ending_.due) front_.session().finish(*this, ending_.trailers);
  ending_ = {};
  return true;
}

void Http2Stream::end_writing() {
  front_.session().finish(*this);
  ended_writing_ = true;
}

size_t Http2Stream::room() const { return front_.session().buffered() < kShared ? kMost : kAlways; }

}  // namespace elb::proxy
