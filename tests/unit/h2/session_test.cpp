// SPDX-License-Identifier: Apache-2.0
// Shows: S2, LS-07. The session between hand-made frames: streams, windows, trailers, floods.
#include "h2/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/h2/frames.h"

namespace elb::h2 {
namespace {

using namespace elb::test;

class Http2Session : public testing::Test, protected SessionUser {
 protected:
  void SetUp() override {
    session_ = Session::create({}, *this);
    ASSERT_TRUE(session_);
    say(std::string(kPreface) + frame(kSettings, 0, 0));
    hear();
    say(frame(kSettings, kAck, 0));  // ours hold from here on
  }
  void say(std::string_view bytes) { session_->receive(bytes, now_); }
  std::vector<Frame> hear() {
    std::vector<char> room(size_t{1} << 20);
    const size_t size = session_->produce(room);
    said_.append(room.data(), size);
    auto frames = read_frames(said_);
    for (const Frame& each : frames)
      if (each.type == kGoaway) goaway_ = read32(each.payload, 4);
    return frames;
  }
  static size_t count(const std::vector<Frame>& frames, FrameType type) {
    return static_cast<size_t>(
        std::count_if(frames.begin(), frames.end(), [&](const Frame& f) { return f.type == type; }));
  }
  static std::string body_of(const std::vector<Frame>& frames, uint32_t stream) {
    std::string body;
    for (const Frame& each : frames)
      if (each.type == kData && each.stream == stream) body += each.payload;
    return body;
  }
  Stream& stream(int32_t id) { return *open_.at(id); }
  void answer(int32_t id, std::string_view body) {
    session_->send_head(stream(id), 200, {}, true);
    session_->send_body(stream(id), body);
    session_->finish(stream(id));
  }
  /// Says `bytes` again and again until the session has had enough; how often, or 0: never.
  size_t flood(const std::function<std::string(uint32_t)>& bytes, size_t most) {
    for (uint32_t i = 1; i <= most; ++i) {
      say(bytes(i));
      hear();
      if (session_->over()) return i;
    }
    return 0;
  }
  void expect_flooded() const {
    EXPECT_TRUE(session_->flooded());
    EXPECT_EQ(goaway_, 11U) << "ENHANCE_YOUR_CALM";
  }

  std::unique_ptr<Stream> make_stream() override { return std::make_unique<Stream>(); }
  void changed(Stream& stream) override {
    open_[stream.id()] = &stream;
    if (stream.has_head()) ++heads_;
    if (stream.has_head()) static_cast<void>(stream.take_head());
  }
  void closed(Stream& stream) override { open_.erase(stream.id()); }

  SteadyTime now_{std::chrono::seconds(1000)};
  std::map<int32_t, Stream*> open_;
  size_t heads_ = 0;
  std::string said_;
  uint32_t goaway_ = 99;
  std::unique_ptr<Session> session_;
};

TEST_F(Http2Session, says_its_limits_at_once) {
  session_ = Session::create({}, *this);
  const auto frames = hear();
  ASSERT_GE(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, kSettings);
  std::map<uint32_t, uint32_t> settings;
  for (size_t at = 0; at < frames[0].payload.size(); at += 6)
    settings[read32(frames[0].payload, at) >> 16] = read32(frames[0].payload, at + 2);
  EXPECT_EQ(settings[3], 100U);
  EXPECT_EQ(settings[4], 65536U);
  EXPECT_EQ(settings[6], 32768U);
}

TEST_F(Http2Session, a_request_in_single_bytes_and_its_answer) {
  for (const char c : get_frame(1)) say({&c, 1});
  ASSERT_EQ(open_.count(1), 1U);
  EXPECT_TRUE(stream(1).ended());
  answer(1, "hello");
  const auto frames = hear();
  EXPECT_EQ(count(frames, kHeaders), 1U);
  EXPECT_EQ(body_of(frames, 1), "hello");
  EXPECT_TRUE(open_.empty()) << "closed";
}

TEST_F(Http2Session, body_that_is_not_taken_gets_no_new_window) {
  say(frame(kHeaders, kEndHeaders, 1, block(get_fields())));
  for (int i = 0; i < 4; ++i) say(frame(kData, 0, 1, std::string(16384, 'x')));
  EXPECT_EQ(count(hear(), kWindow), 0U);
  std::string body;
  session_->take_received(stream(1), body);
  EXPECT_EQ(body.size(), 65536U);
  const auto frames = hear();
  ASSERT_EQ(count(frames, kWindow), 1U) << "of the stream; the connection's is larger";
  EXPECT_EQ(frames[0].stream, 1U);
  EXPECT_EQ(read32(frames[0].payload, 0), 65536U);
}

TEST_F(Http2Session, more_than_the_window_resets) {
  say(frame(kHeaders, kEndHeaders, 1, block(get_fields())));
  for (int i = 0; i < 5; ++i) say(frame(kData, 0, 1, std::string(16384, 'x')));
  const auto frames = hear();
  EXPECT_EQ(count(frames, kReset) + count(frames, kGoaway), 1U);
}

TEST_F(Http2Session, answers_wait_for_the_clients_window) {
  say(get_frame(1));
  answer(1, std::string(100000, 'b'));
  EXPECT_EQ(body_of(hear(), 1).size(), 65535U);
  EXPECT_EQ(session_->buffered(), 100000U - 65535U);
  EXPECT_TRUE(hear().empty());
  say(frame(kWindow, 0, 0, number(100000, 4)) + frame(kWindow, 0, 1, number(100000, 4)));
  EXPECT_EQ(body_of(hear(), 1).size(), 100000U - 65535U);
  EXPECT_EQ(session_->buffered(), 0U);
}

TEST_F(Http2Session, trailers_in_both_directions) {
  say(frame(kHeaders, kEndHeaders, 1, block(get_fields())) + frame(kData, 0, 1, "abc") +
      frame(kHeaders, kEndHeaders | kEndStream, 1, block({{"x-sum", "3"}, {"host", "b"}})));
  ASSERT_NE(stream(1).trailers(), nullptr);
  ASSERT_EQ(stream(1).trailers()->size(), 1U);
  EXPECT_EQ(stream(1).trailers()->begin()->value, "3");
  http::HeaderTable trailers;
  trailers.add(http::HeaderId::kOther, "Grpc-Status", "0");
  session_->send_head(stream(1), 200, {}, true);
  session_->send_body(stream(1), "body");
  session_->finish(stream(1), &trailers);
  const auto frames = hear();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].flags & kEndStream, 0);
  EXPECT_EQ(frames[2].type, kHeaders);
  EXPECT_EQ(frames[2].flags & kEndStream, kEndStream);
}

TEST_F(Http2Session, trailers_alone) {
  say(get_frame(1));
  http::HeaderTable trailers;
  trailers.add(http::HeaderId::kOther, "grpc-status", "0");
  session_->send_head(stream(1), 200, {}, true);
  session_->finish(stream(1), &trailers);
  const auto frames = hear();
  EXPECT_EQ(count(frames, kHeaders), 2U);
  EXPECT_EQ(frames.back().flags & kEndStream, kEndStream);
  EXPECT_TRUE(open_.empty());
}

TEST_F(Http2Session, an_early_answer_tells_the_client_to_stop) {
  say(frame(kHeaders, kEndHeaders, 1, block(get_fields())) + frame(kData, 0, 1, "abc"));
  answer(1, "no");
  const auto frames = hear();
  ASSERT_EQ(count(frames, kReset), 1U);
  EXPECT_EQ(read32(frames.back().payload, 0), 0U) << "NO_ERROR";
  say(frame(kData, kEndStream, 1, "more"));
  EXPECT_FALSE(session_->over());
}

TEST_F(Http2Session, a_malformed_field_resets_its_stream_alone) {
  say(frame(kHeaders, kEndHeaders | kEndStream, 1, block(get_fields("/", {{"x", "a\r\nb"}}))) + get_frame(3));
  const auto frames = hear();
  ASSERT_EQ(count(frames, kReset), 1U);
  EXPECT_EQ(heads_, 1U);
  EXPECT_EQ(open_.count(3), 1U);
}

TEST_F(Http2Session, draining_lets_requests_end_and_then_is_over) {
  say(get_frame(1));
  session_->announce_end();
  auto frames = hear();
  ASSERT_EQ(count(frames, kGoaway), 1U);
  EXPECT_EQ(read32(frames[0].payload, 0), 0x7fffffffU);
  say(get_frame(3));  // crossed it
  session_->end();
  frames = hear();
  ASSERT_EQ(count(frames, kGoaway), 1U);
  EXPECT_EQ(read32(frames[0].payload, 0), 3U);
  answer(1, "one");
  answer(3, "three");
  frames = hear();
  EXPECT_EQ(body_of(frames, 1) + body_of(frames, 3), "onethree");
  EXPECT_TRUE(session_->over());
  EXPECT_EQ(goaway_, 0U);
}

TEST_F(Http2Session, S2_rapid_reset) {
  const size_t rounds =
      flood([](uint32_t i) { return get_frame(2 * i - 1) + frame(kReset, 0, 2 * i - 1, number(8, 4)); }, 2000);
  EXPECT_GE(rounds, 150U);
  EXPECT_LE(rounds, 220U);
  EXPECT_LE(heads_, 220U) << "requests that could have reached a member";
  expect_flooded();
}

TEST_F(Http2Session, S2_frames_that_cost_more_than_they_are) {
  const struct {
    const char* what;
    std::function<std::string(uint32_t)> bytes;
    size_t most;
  } rows[] = {
      {"SETTINGS", [](uint32_t) { return frame(kSettings, 0, 0); }, 101},
      {"PING", [](uint32_t) { return frame(kPing, 0, 0, "12345678"); }, 260},
      {"PRIORITY", [](uint32_t) { return frame(kPriority, 0, 9, number(0, 5)); }, 510},
      {"empty DATA",
       [](uint32_t i) {
         return (i == 1 ? frame(kHeaders, kEndHeaders, 1, block(get_fields())) : std::string()) + frame(kData, 0, 1);
       },
       210},
      {"WINDOW_UPDATE", [](uint32_t) { return frame(kWindow, 0, 0, number(1, 4)); }, 610},
      {"malformed requests",
       [](uint32_t i) {
         return get_frame(2 * i - 1, {{"X", "y"}});
       },
       110},
  };
  for (const auto& row : rows) {
    SetUp();
    goaway_ = 99;
    said_.clear();
    EXPECT_NE(flood(row.bytes, row.most), 0U) << row.what;
    expect_flooded();
  }
}

TEST_F(Http2Session, S2_CONTINUATION_without_end) {
  say(frame(kHeaders, 0, 1, block(get_fields())));
  EXPECT_TRUE(session_->in_head());
  EXPECT_NE(flood([](uint32_t) { return frame(kContinuation, 0, 1, block({{"a", "b"}})); }, 20), 0U);
  expect_flooded();
}

TEST_F(Http2Session, S2_HPACK_bomb) {
  // One field goes into the dynamic table; a byte each names it again.
  const std::string value(3900, 'v');
  std::string bomb = block(get_fields());
  bomb.append(1, '\x40').append(length_of("x")).append("x").append(length_of(value)).append(value);
  bomb.append(10000, '\xbe');
  say(frame(kHeaders, kEndHeaders | kEndStream, 1, bomb));
  hear();
  EXPECT_TRUE(session_->over());
  EXPECT_EQ(heads_, 0U);
  expect_flooded();
}

TEST_F(Http2Session, a_header_list_above_the_limit_is_still_a_request) {
  Fields fields = get_fields();
  for (int i = 0; i < 5; ++i) fields.emplace_back("x-long", std::string(8000, 'l'));
  const std::string whole = block(fields);
  say(frame(kHeaders, kEndStream, 1, whole.substr(0, 16000)) + frame(kContinuation, 0, 1, whole.substr(16000, 16000)) +
      frame(kContinuation, kEndHeaders, 1, whole.substr(32000)));
  EXPECT_EQ(heads_, 1U) << "to be answered with 431";
  EXPECT_FALSE(session_->over());
}

TEST_F(Http2Session, busy_clients_are_no_flood) {
  for (uint32_t i = 1; i < 6000; i += 2) {
    say(get_frame(i) + (i % 32 == 1 ? frame(kPing, 0, 0, "12345678") : std::string()));
    answer(static_cast<int32_t>(i), "x");
    hear();
    say(frame(kWindow, 0, 0, number(1, 4)));
  }
  EXPECT_FALSE(session_->flooded());
  EXPECT_EQ(heads_, 3000U);
}

TEST_F(Http2Session, the_budget_fills_up_again) {
  for (int i = 0; i < 50; ++i) say(frame(kSettings, 0, 0)), hear();
  for (int round = 0; round < 20; ++round) {
    now_ += std::chrono::seconds(2);
    for (int i = 0; i < 20; ++i) say(frame(kSettings, 0, 0)), hear();
  }
  EXPECT_FALSE(session_->flooded());
}

TEST_F(Http2Session, what_is_no_HTTP2_is_over_at_once) {
  session_ = Session::create({}, *this);
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  hear();
  EXPECT_TRUE(session_->over());
}

}  // namespace
}  // namespace elb::h2
