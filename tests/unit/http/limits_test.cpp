// SPDX-License-Identifier: Apache-2.0
// Shows: S4. Every limit at one below, at it, and one above: accepted, accepted, refused with its status.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/body_reader.h"
#include "http/response_head.h"

namespace elb::http {
namespace {

struct Verdict {
  Outcome outcome;
  int status;
  bool operator==(const Verdict&) const = default;
};
constexpr Verdict kAccepted{Outcome::kDone, 200};
Verdict refused(int status) { return {Outcome::kFault, status}; }
std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << "outcome " << static_cast<int>(verdict.outcome) << " status " << verdict.status;
}

// Whole and byte by byte, which must agree.
Verdict judge(const std::string& bytes, const HeadLimits& limits) {
  static const auto head = std::make_unique<RequestHead>();
  HeadProgress whole;
  const Outcome outcome = parse_request_head(bytes, limits, whole, *head);
  const Verdict verdict{outcome, status_of(head->fault)};
  HeadProgress progress;
  Outcome trickled = Outcome::kNeedMore;
  for (size_t size = 1; size <= bytes.size() && trickled == Outcome::kNeedMore; ++size)
    trickled = parse_request_head(std::string_view(bytes).substr(0, size), limits, progress, *head);
  EXPECT_EQ((Verdict{trickled, status_of(head->fault)}), verdict);
  return verdict;
}

std::string with_target(size_t size) { return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

TEST(Limits, S4_Target) {
  for (const size_t limit : {1UL, 40UL, 8192UL}) {
    const HeadLimits limits{.target_bytes = limit};
    if (limit > 1) {
      EXPECT_EQ(judge(with_target(limit - 1), limits), kAccepted);
    }
    EXPECT_EQ(judge(with_target(limit), limits), kAccepted);
    EXPECT_EQ(judge(with_target(limit + 1), limits), refused(414));
    EXPECT_EQ(judge(with_target(limit + 1000), limits), refused(414));
  }
}

TEST(Limits, S4_ATargetWithoutEndIsRefusedBeforeItEnds) {
  EXPECT_EQ(judge("GET /" + std::string(9000, 'a'), {}), refused(414));
  EXPECT_EQ(judge(std::string(9000, 'A'), {}), refused(501));
  EXPECT_EQ(judge(std::string(9000, 'a'), {}), refused(400));
}

std::string of_size(size_t size) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ", end = "\r\n\r\n";
  return begin + std::string(size - begin.size() - end.size(), 'x') + end;
}

TEST(Limits, S4_HeadBytes) {
  for (const size_t limit : {40UL, 100UL, 32768UL}) {
    const HeadLimits limits{.target_bytes = 8, .head_bytes = limit};
    EXPECT_EQ(judge(of_size(limit - 1), limits), kAccepted);
    EXPECT_EQ(judge(of_size(limit), limits), kAccepted);
    EXPECT_EQ(judge(of_size(limit + 1), limits), refused(431));
  }
}

TEST(Limits, S4_AHeadThatFillsTheLimitWithoutEndIsRefused) {
  const HeadLimits limits{.head_bytes = 100};
  EXPECT_EQ(judge(of_size(150).substr(0, 99), limits), (Verdict{Outcome::kNeedMore, 200}));
  EXPECT_EQ(judge(of_size(150).substr(0, 100), limits), refused(431));
}

TEST(Limits, S4_NumberOfHeaders) {
  const auto with = [](size_t count) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (size_t i = 1; i < count; ++i) bytes += "X_odd: y\r\n";  // lines count, also those that are dropped
    return bytes + "\r\n";
  };
  for (const size_t limit : {2UL, 100UL, HeaderTable::kCapacity}) {
    const HeadLimits limits{.headers = limit};
    EXPECT_EQ(judge(with(limit - 1), limits), kAccepted);
    EXPECT_EQ(judge(with(limit), limits), kAccepted);
    EXPECT_EQ(judge(with(limit + 1), limits), refused(431));
  }
  const HeadLimits beyond{.headers = 10'000, .odd_names = OddNames::kKeep};
  EXPECT_EQ(judge(with(HeaderTable::kCapacity), beyond), kAccepted);
  EXPECT_EQ(judge(with(HeaderTable::kCapacity + 1), beyond), refused(431)) << "never more than the table holds";
}

TEST(Limits, S4_Method) {
  const auto with = [](size_t size) { return std::string(size, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n"; };
  EXPECT_EQ(judge(with(kLongestMethod - 1), {}), kAccepted);
  EXPECT_EQ(judge(with(kLongestMethod), {}), kAccepted);
  EXPECT_EQ(judge(with(kLongestMethod + 1), {}), refused(501));
}

TEST(Limits, S4_ContentLength) {
  const auto with = [](int size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  const HeadLimits limits{.body_bytes = 1000};
  EXPECT_EQ(judge(with(999), limits), kAccepted);
  EXPECT_EQ(judge(with(1000), limits), kAccepted);
  EXPECT_EQ(judge(with(1001), limits), refused(413));
}

TEST(Limits, S4_HostName) {
  const auto with = [](size_t size) { return "GET / HTTP/1.1\r\nHost: " + std::string(size, 'a') + "\r\n\r\n"; };
  EXPECT_EQ(judge(with(254), {}), kAccepted);
  EXPECT_EQ(judge(with(255), {}), kAccepted);
  EXPECT_EQ(judge(with(256), {}), refused(400));
}

Verdict body(const std::string& coded, const BodyLimits& limits) {
  ChunkedDecoder decoder(limits);
  std::string_view left = coded;
  for (;;) {
    const BodyStep step = decoder.next(left);
    left.remove_prefix(step.consumed);
    if (step.kind == BodyStep::Kind::kDone) return kAccepted;
    if (step.kind == BodyStep::Kind::kFault) return refused(status_of(step.fault));
    if (step.kind == BodyStep::Kind::kNeedMore) return {Outcome::kNeedMore, 200};
  }
}

TEST(Limits, S4_ChunkedBody) {
  const auto with = [](size_t size) {
    return "6\r\n012345\r\n" + std::to_string(size - 6) + "\r\n" + std::string(size - 6, 'x') + "\r\n0\r\n\r\n";
  };
  const BodyLimits limits{.body_bytes = 10};
  EXPECT_EQ(body(with(9), limits), kAccepted);
  EXPECT_EQ(body(with(10), limits), kAccepted);
  EXPECT_EQ(body(with(11), limits), refused(413));
  EXPECT_EQ(body("7fffffffffffffff\r\n", limits), refused(413));
  EXPECT_EQ(body("1\r\na\r\n7fffffffffffffff\r\n", {.body_bytes = 1}), refused(413)) << "sums do not wrap";
}

TEST(Limits, S4_ChunkExtensionsOfAllChunksTogether) {
  const auto with = [](size_t size) { return "1;ab\r\nx\r\n0;" + std::string(size - 4, 'a') + "\r\n\r\n"; };
  const BodyLimits limits{.extension_bytes = 50};
  EXPECT_EQ(body(with(49), limits), kAccepted);
  EXPECT_EQ(body(with(50), limits), kAccepted);
  EXPECT_EQ(body(with(51), limits), refused(400));
}

TEST(Limits, S4_Trailers) {
  const auto of_bytes = [](size_t size) { return "0\r\nX: " + std::string(size - 7, 'x') + "\r\n\r\n"; };
  const BodyLimits limits{.trailer_bytes = 60, .trailers = 3};
  EXPECT_EQ(body(of_bytes(59), limits), kAccepted);
  EXPECT_EQ(body(of_bytes(60), limits), kAccepted);
  EXPECT_EQ(body(of_bytes(61), limits), refused(431));
  const auto of_count = [](int count) {
    std::string coded = "0\r\n";
    for (int i = 0; i < count; ++i) coded += "X: y\r\n";
    return coded + "\r\n";
  };
  EXPECT_EQ(body(of_count(2), limits), kAccepted);
  EXPECT_EQ(body(of_count(3), limits), kAccepted);
  EXPECT_EQ(body(of_count(4), limits), refused(431));
}

TEST(Limits, S4_ResponseHeads) {
  const auto of = [](size_t size) { return "HTTP/1.1 200 OK\r\nX: " + std::string(size - 24, 'x') + "\r\n\r\n"; };
  const auto status = [&](size_t size) {
    static const auto head = std::make_unique<ResponseHead>();
    HeadProgress progress;
    const std::string bytes = of(size);
    return parse_response_head(bytes, {.head_bytes = 80}, progress, *head);
  };
  EXPECT_EQ(status(79), Outcome::kDone);
  EXPECT_EQ(status(80), Outcome::kDone);
  EXPECT_EQ(status(81), Outcome::kFault);
}

}  // namespace
}  // namespace elb::http
