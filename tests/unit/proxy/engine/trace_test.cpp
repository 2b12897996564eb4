// SPDX-License-Identifier: Apache-2.0
// Traces (W3C Trace Context): what members get of traceparent and tracestate, and the spans that the agent is told.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include "unit/proxy/engine/http2_fixture.h"

namespace elb::test {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kSampled = "00-" + kTrace + "-" + kParent + "-01";

std::string fields_of(const std::string& traceparent, const std::string& tracestate = "a=1,b=2") {
  return "traceparent: " + traceparent + "\r\ntracestate: " + tracestate + "\r\n";
}

class Traces : public Http2Fixture {
 protected:
  /// Empty sampling: no tracing.
  void serve_traced(std::optional<uint16_t> sampling, bool log = false) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
    pipe_ = Fd(ends[0]);
    log_ = proxy::AccessLog::to_agent(Fd(ends[1]), 1);
    proxy::EngineOptions options;
    options.stream_log = log_.get();
    start(options);
    model::Snapshot value = snapshot({member_.endpoint()});
    http_of(value).trace_sampling = sampling;
    if (log) http_of(value).log = model::SnapshotLog{"s", "p"};
    apply(std::move(value));
  }
  ~Traces() override { engine_.reset(); }

  /// All of them, once there are `wanted`: a request is noted a moment after its answer.
  std::string lines(size_t wanted) {
    std::string all;
    for (int i = 0; i < 500 && (i == 0 || static_cast<size_t>(std::ranges::count(all, '\n')) < wanted); ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      log_->flush();
      std::string text(size_t{1} << 16, '\0');
      const ssize_t n = ::read(pipe_.get(), text.data(), text.size());
      all.append(text, 0, n < 0 ? 0 : static_cast<size_t>(n));
    }
    return all;
  }
  /// The words before the line of each span.
  std::vector<std::vector<std::string>> spans(size_t wanted) {
    std::vector<std::vector<std::string>> found;
    std::istringstream in(lines(wanted));
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::vector<std::string> one(6);
      for (std::string& word : one) words >> word;
      if (one[0] == "#span") found.push_back(one);
    }
    return found;
  }
  std::string got(std::string_view name) { return std::string(member_.requests().back().header(name).value_or("")); }

  HttpMember member_{echo};
  Fd pipe_;
  std::unique_ptr<proxy::AccessLog> log_;
};

TEST_F(Traces, pass_as_they_are_where_the_listener_has_none) {
  serve_traced(std::nullopt);
  Peer client = connect();
  for (const std::string& parent : {kSampled, std::string("nonsense"), "ff" + kSampled.substr(2)}) {
    EXPECT_EQ(client.ask(get("/", fields_of(parent))).status(), 200);
    EXPECT_EQ(got("traceparent"), parent);
    EXPECT_EQ(got("tracestate"), "a=1,b=2");
  }
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  EXPECT_EQ(got("traceparent"), "");
  EXPECT_EQ(lines(0), "");
}

TEST_F(Traces, of_clients_go_on_with_our_span_as_parent) {
  serve_traced(0);
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/one", fields_of(kSampled))).status(), 200);
  const std::string parent = got("traceparent");
  EXPECT_TRUE(parent.starts_with("00-" + kTrace + "-") && parent.ends_with("-01")) << parent;
  EXPECT_EQ(parent.find(kParent), std::string::npos);
  EXPECT_EQ(got("tracestate"), "a=1,b=2");
  EXPECT_EQ(client.ask(get("/two", fields_of(kSampled.substr(0, 53) + "00"))).status(), 200);
  EXPECT_TRUE(got("traceparent").ends_with("-00")) << got("traceparent");
  const auto seen = spans(1);
  ASSERT_EQ(seen.size(), 1U) << "the other one's client wants none";
  EXPECT_EQ(seen[0][1], kTrace);
  EXPECT_EQ(seen[0][2], parent.substr(36, 16));
  EXPECT_EQ(seen[0][3], kParent);
}

TEST_F(Traces, begin_anew_where_there_is_none_that_is_valid) {
  serve_traced(10'000);
  Peer client = connect();
  std::set<std::string> ids;
  const std::string bad[] = {"", fields_of("00-" + std::string(32, '0') + "-" + kParent + "-01"),
                             fields_of(kSampled) + "traceparent: " + kSampled + "\r\n", fields_of("x")};
  for (const std::string& fields : bad) {
    EXPECT_EQ(client.ask(get("/", fields)).status(), 200);
    const std::string parent = got("traceparent");
    EXPECT_EQ(parent.size(), 55U) << parent;
    EXPECT_TRUE(parent.starts_with("00-") && parent.ends_with("-01")) << parent;
    EXPECT_EQ(parent.find(kTrace), std::string::npos) << parent;
    EXPECT_EQ(got("tracestate"), "") << "it belongs to the trace that ended here";
    const std::string head = member_.requests().back().head;
    EXPECT_EQ(head.find("traceparent"), head.rfind("traceparent")) << head;
    ids.insert(parent.substr(3, 32));
    ids.insert(parent.substr(36, 16));
  }
  EXPECT_EQ(ids.size(), 8U) << "each has its own";
  const auto seen = spans(4);
  ASSERT_EQ(seen.size(), 4U);
  for (const auto& span : seen) EXPECT_EQ(span[3], "-");
}

TEST_F(Traces, begin_for_as_many_as_the_listener_says) {
  serve_traced(2500);
  Peer client = connect();
  size_t sampled = 0;
  for (int i = 0; i < 800; ++i) {
    client.ask(get("/"));
    sampled += got("traceparent").ends_with("-01");
  }
  // 200 expected, standard deviation 12
  EXPECT_GT(sampled, 130U);
  EXPECT_LT(sampled, 270U);
}

TEST_F(Traces, of_HTTP2_are_the_same) {
  serve_traced(0);
  model::Snapshot value = http2_snapshot({member_.endpoint()});
  http_of(value).trace_sampling = 0;
  apply(std::move(value));
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask({.fields = {{"traceparent", kSampled}, {"tracestate", "a=1"}}}).status, 200);
  EXPECT_TRUE(got("traceparent").starts_with("00-" + kTrace + "-"));
  EXPECT_EQ(got("tracestate"), "a=1");
  const auto seen = spans(1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0][3], kParent);
}

TEST_F(Traces, answers_of_our_own_have_a_span_too) {
  serve_traced(10'000);
  model::Snapshot value = snapshot({});
  http_of(value).trace_sampling = 10'000;
  apply(std::move(value));
  EXPECT_EQ(connect().ask(get("/", fields_of(kSampled))).status(), 503);
  const std::string text = lines(1);
  EXPECT_TRUE(text.starts_with("#span " + kTrace + " ")) << text;
  EXPECT_TRUE(text.ends_with(" no_member " + kTrace + "\n")) << text;
}

TEST_F(Traces, lines_of_the_log_name_the_trace_that_they_belong_to) {
  serve_traced(std::nullopt, true);
  Peer client = connect();
  client.ask(get("/", fields_of(kSampled)));
  client.ask(get("/", fields_of("nonsense")));
  const std::string text = lines(2);
  EXPECT_NE(text.find(" done " + kTrace + "\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" done\n")) << text;
  EXPECT_EQ(text.find("#span"), std::string::npos) << "nobody asked for one";
}

}  // namespace
}  // namespace elb::test
