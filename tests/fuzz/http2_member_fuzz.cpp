// SPDX-License-Identifier: Apache-2.0
// A member that answers our side of HTTP/2 with anything: the session keeps its bounds, and every head that it lets
// through is, written as lines, exactly one response of HTTP/1.1 that the strict parser takes.
#include <array>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "h2/client_session.h"
#include "h2/response.h"
#include "http/serializer.h"

namespace elb::fuzz {
namespace {

constexpr size_t kPiece = 500;  // bytes of one receive()
constexpr std::string_view kRequest(":method\0GET\0:scheme\0http\0:authority\0a\0:path\0/\0", 46);

class Asker final : public h2::ClientSessionUser {
 public:
  explicit Asker(std::string_view input) : input_(input) {}
  void changed(h2::ClientStream&) override {}

  void look(h2::ClientStream& stream) const {
    claim(stream.received() <= static_cast<size_t>(h2::ClientLimits().stream_window), "a body is bounded", input_);
    if (!stream.answered()) return;
    while (stream.has_response_head()) {
      const h2::FieldBlock fields = stream.take_response_head();
      http::ResponseHead head;
      if (h2::to_response_head(fields, head) == http::Fault::kNone) judge(head);
    }
    std::array<char, 1000> room;
    claim(h2::ClientSession::take(stream, room) <= room.size(), "no more than there is room", input_);
  }

 private:
  void judge(const http::ResponseHead& head) const {
    std::vector<char> room(200'000);
    http::OutBuffer out(room);
    const http::Framing body = http::towards_client(http::framing_of(head, http::Method::kGet), 1);
    claim(http::write_response(head, {}, body, out), "it can be written", input_);
    http::ResponseHead again;
    http::HeadProgress progress;
    http::HeadLimits limits;
    limits.head_bytes = room.size();
    limits.headers = http::HeaderTable::kCapacity;
    const auto outcome = http::parse_response_head(out.written(), limits, progress, again);
    claim(outcome == http::Outcome::kDone, "it is a response of HTTP/1.1", input_);
    claim(again.size == out.written().size() && again.status == head.status, "the same and no other", input_);
  }

  std::string_view input_;
};

}  // namespace

void http2_member(std::string_view input) {
  Asker user(input);
  std::array<h2::ClientStream, 3> streams;
  std::vector<char> room(size_t{64} << 10);
  const auto session = h2::ClientSession::create({}, user);
  for (h2::ClientStream& stream : streams) claim(session->request(stream, kRequest, false), "a request", input);
  while (session->produce(room) > 0) {
  }
  session->receive(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
  for (size_t at = 0; at < input.size() && session->receive(input.substr(at, kPiece)); at += kPiece) {
    for (h2::ClientStream& stream : streams) user.look(stream);
    while (session->produce(room) > 0) {
    }
  }
  claim(session->streams() <= streams.size(), "streams are those that were asked for", input);
  session->abandon();
  for (const h2::ClientStream& stream : streams) claim(!stream.is_open(), "all are closed", input);
}

}  // namespace elb::fuzz
