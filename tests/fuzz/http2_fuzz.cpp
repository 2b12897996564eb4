// SPDX-License-Identifier: Apache-2.0
// A session of HTTP/2 whose client says anything behind a proper beginning: it keeps its bounds, and every request that
// it lets through is, written as lines, exactly one request of HTTP/1.1 that the strict parser takes.
#include <utility>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "h2/request.h"
#include "h2/session.h"
#include "http/serializer.h"

namespace elb::fuzz {
namespace {

constexpr size_t kStep = 1000;  // bytes of one receive()

class Answerer final : public h2::SessionUser {
 public:
  explicit Answerer(std::string_view input) : input_(input) {}

  std::unique_ptr<h2::Stream> make_stream() override { return std::make_unique<h2::Stream>(); }
  void changed(h2::Stream& stream) override {
    if (std::find(changed_.begin(), changed_.end(), &stream) == changed_.end()) changed_.push_back(&stream);
  }
  void closed(h2::Stream& stream) override { std::erase(changed_, &stream); }

  void serve(h2::Session& session) {
    for (h2::Stream* stream : std::exchange(changed_, {})) {
      std::string body;
      session.take_received(*stream, body);
      if (!stream->has_head()) continue;
      const auto fields = stream->take_head();
      http::RequestHead head;
      if (h2::to_request_head(*fields, stream->ended(), {}, head) == http::Fault::kNone) judge(head);
      session.send_head(*stream, 200, {}, true);
      session.send_body(*stream, "answer");
      session.finish(*stream, stream->trailers());
    }
  }

 private:
  void judge(const http::RequestHead& head) const {
    std::vector<char> room(200'000);
    http::OutBuffer out(room);
    http::RequestRewrite rewrite;
    rewrite.target = head.path_and_query;
    rewrite.client_address = "192.0.2.1";
    claim(http::write_request(head, rewrite, http::framing_of(head), out), "it can be written", input_);
    http::RequestHead again;
    http::HeadProgress progress;
    http::HeadLimits limits;
    limits.head_bytes = limits.target_bytes = room.size();
    limits.headers = http::HeaderTable::kCapacity;
    const auto outcome = http::parse_request_head(out.written(), limits, progress, again);
    claim(outcome == http::Outcome::kDone, "it is a request of HTTP/1.1", input_);
    claim(again.size == out.written().size(), "and no other", input_);
    claim(again.method_text == head.method_text && again.target == head.path_and_query, "the same", input_);
    claim(http::framing_of(again) == http::framing_of(head), "with the same body", input_);
  }

  std::string_view input_;
  std::vector<h2::Stream*> changed_;
};

}  // namespace

void http2(std::string_view input) {
  Answerer user(input);
  const h2::SessionLimits limits;
  const auto session = h2::Session::create(limits, user);
  SteadyTime now{std::chrono::seconds(1)};
  session->receive(std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33), now);
  std::vector<char> room(size_t{64} << 10);
  for (size_t at = 0; at < input.size() && !session->over(); at += kStep) {
    session->receive(input.substr(at, kStep), now);
    user.serve(*session);
    while (session->produce(room) > 0) {
    }
    claim(session->streams() <= limits.streams + 1, "streams are bounded", input);
  }
}

}  // namespace elb::fuzz
