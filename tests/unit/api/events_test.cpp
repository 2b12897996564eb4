// SPDX-License-Identifier: Apache-2.0
// GET /v1/events, as a list and as a stream.
#include <fmt/core.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "tls/self_signed.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

/// A client that watches, in a thread of its own.
class Watcher {
 public:
  Watcher(httplib::Client http, const std::string& path, httplib::Headers headers = {})
      : http_(std::move(http)), thread_([this, path, headers = std::move(headers)]() mutable {
          http_.set_read_timeout(20);
          headers.emplace("Accept", "text/event-stream");
          const auto result = http_.Get(
              path, headers,
              [this](const httplib::Response& response) {
                status_ = response.status;
                type_ = response.get_header_value("Content-Type");
                return true;
              },
              [this](const char* data, size_t size) {
                const std::lock_guard lock(mutex_);
                text_.append(data, size);
                return true;
              });
          ended_ = true;
        }) {}
  ~Watcher() {
    http_.stop();
    thread_.join();
  }

  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  int status() const { return status_; }
  bool ended() const { return ended_; }
  std::string type() const { return type_; }
  bool sees(const std::string& what) const {
    return wait([&] { return text().find(what) != std::string::npos; });
  }
  static bool wait(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(milliseconds(10)))
      if (holds()) return true;
    return false;
  }

 private:
  httplib::Client http_;
  mutable std::mutex mutex_;
  std::string text_, type_;
  std::atomic<int> status_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

class EventsTest : public ApiTest {
 protected:
  EventsTest() {
    options_.watch.heartbeat = milliseconds(100);
    start();
  }

  uint64_t newest() { return static_cast<uint64_t>(get("/v1/events").body.get("newest").as_int()); }
  /// "created load_balancer lb" of each event after `since`.
  std::vector<std::string> told(uint64_t since, const std::string& more = "") {
    std::vector<std::string> out;
    const Answer answer = get(fmt::format("/v1/events?since={}{}", since, more));
    EXPECT_EQ(answer.status, 200) << answer.text;
    const codec::Value events = answer.body.get("events");
    for (size_t i = 0; i < events.size(); ++i) {
      const codec::Value one = events.at(i);
      std::string line =
          fmt::format("{} {} {}", one.get("what").text(), one.get("kind").text(), one.get("name").text());
      if (one.has("status")) line += " " + one.get("status").text();
      out.push_back(line);
    }
    return out;
  }
  bool comes(uint64_t since, const std::string& line) {
    return Watcher::wait([&] {
      const auto all = told(since);
      return std::find(all.begin(), all.end(), line) != all.end();
    });
  }
  httplib::Client client() { return httplib::Client("127.0.0.1", server_->port()); }
};

TEST_F(EventsTest, WhatIsCreatedUpdatedAndDeletedIsTold) {
  const uint64_t start = newest();
  const std::string lb = make_lb("web");
  EXPECT_EQ(told(start).front(), "created load_balancer web");
  EXPECT_TRUE(comes(start, "operating_status load_balancer web ONLINE"));
  EXPECT_TRUE(comes(start, "provisioning_status load_balancer web ACTIVE"));
  const uint64_t before = newest();
  ASSERT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"name":"shop"}})").status, 200);
  EXPECT_TRUE(comes(before, "updated load_balancer shop"));
  EXPECT_TRUE(comes(before, "provisioning_status load_balancer shop ACTIVE"));
  ASSERT_EQ(del("loadbalancers/" + lb).status, 204);
  EXPECT_EQ(told(before).back(), "deleted load_balancer shop");
}

TEST_F(EventsTest, AMembersHealthIsToldWithWhatIsAboveIt) {
  const uint64_t begun = newest();
  const std::string lb = make_lb("web"), listener = make_listener(lb, 80, "TCP", R"(,"name":"l")");
  const std::string pool = make_pool(listener), member = make_member(pool, "198.51.100.7", 80, R"(,"name":"m")");
  make_monitor(pool);
  ASSERT_TRUE(comes(begun, "operating_status member m ONLINE"));
  const uint64_t start = newest();
  model::Health sick{model::HealthState::kUnhealthy, "connection refused", {}, {}, -1};
  views_.set_health(member, sick);
  events_.note({member});
  EXPECT_TRUE(comes(start, "operating_status member m ERROR"));
  EXPECT_TRUE(comes(start, "operating_status listener l ERROR"));
  EXPECT_TRUE(comes(start, "operating_status load_balancer web ERROR"));
  const Answer answer = get(fmt::format("/v1/events?id={}&limit=1", member));
  const codec::Value event = answer.body.get("events").at(0);
  EXPECT_THAT(event.get("reason").as_string(), HasSubstr("connection refused"));
  EXPECT_EQ(event.get("before").text(), "ONLINE");
}

TEST_F(EventsTest, WhatCannotBeAppliedIsAnErrorAndThenActive) {
  views_.set_applied(revision());
  const uint64_t start = newest();
  make_lb("web");
  views_.set_sinks({{.name = "dataplane", .error = "no room"}});
  events_.note({});
  EXPECT_TRUE(comes(start, "provisioning_status load_balancer web ERROR"));
  views_.set_sinks({});
  views_.set_applied(revision());
  events_.note({});
  EXPECT_TRUE(comes(start, "provisioning_status load_balancer web ACTIVE"));
}

TEST_F(EventsTest, FiltersAndLimits) {
  const uint64_t start = newest();
  const std::string lb = make_lb("web");
  make_listener(lb, 80, "TCP", R"(,"name":"l")");
  EXPECT_EQ(told(start, "&kind=listener").front(), "created listener l");
  EXPECT_EQ(told(start, "&kind=listener&kind=load_balancer&limit=1").size(), 1U);
  EXPECT_EQ(told(start, "&id=" + kNobody).size(), 0U);
  for (const auto& [query, field] : std::map<std::string, std::string>{{"since=x", "since"},
                                                                       {"since=-1", "since"},
                                                                       {"limit=0", "limit"},
                                                                       {"limit=1001", "limit"},
                                                                       {"kind=lb", "kind"},
                                                                       {"watch=perhaps", "watch"},
                                                                       {"watch=true&limit=1", "limit"},
                                                                       {"nonsense=1", "nonsense"}}) {
    const Answer refused = get("/v1/events?" + query);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(refused.body.get("field").as_string(), field) << query;
  }
}

TEST_F(EventsTest, ANumberOfAnotherRunIsGone) {
  for (const std::string& since : {std::string("1"), std::to_string(newest() + 1)}) {
    const Answer gone = get("/v1/events?since=" + since);
    EXPECT_EQ(gone.status, 410) << since;
    EXPECT_EQ(gone.body.get("field").as_string(), "since");
    EXPECT_THAT(gone.fault(), HasSubstr("the oldest is"));
  }
}

TEST_F(EventsTest, AProjectIsToldOfItsOwnOnly) {
  ASSERT_EQ(post("/v1/projects", R"({"project":{"id":"shop","name":"shop"}})").status, 201);
  const Answer made = post("/v1/tokens", R"({"token":{"name":"t","role":"observer","project_id":"shop"}})");
  ASSERT_EQ(made.status, 201) << made.text;
  make_lb("theirs");
  token_ = made.body.get("token").get("secret").as_string();
  Watcher watcher(client(), "/v1/events", {{"X-Auth-Token", token_}});
  ASSERT_TRUE(watcher.sees("from here on"));
  EXPECT_EQ(get("/v1/events").body.get("events").size(), 0U);
  EXPECT_EQ(get("/v1/events?project_id=other").status, 404);
  token_.clear();
  make_lb("not this");
  make_lb("mine", R"(,"project_id":"shop")");
  EXPECT_TRUE(watcher.sees("mine"));
  EXPECT_THAT(watcher.text(), testing::Not(HasSubstr("not this")));
}

TEST_F(EventsTest, AWatcherIsToldAsItHappensAndGoesOnWhereItLeft) {
  std::string id;
  {
    Watcher watcher(client(), "/v1/events");
    ASSERT_TRUE(watcher.sees("from here on"));
    EXPECT_EQ(watcher.status(), 200);
    EXPECT_EQ(watcher.type(), "text/event-stream");
    make_lb("first");
    ASSERT_TRUE(watcher.sees("event: created\ndata: {"));
    EXPECT_TRUE(watcher.sees(": heartbeat"));
    const std::string text = watcher.text();
    const size_t at = text.find("\nevent: created");
    id = text.substr(text.rfind("id: ", at) + 4, at - text.rfind("id: ", at) - 4);
  }
  make_lb("second");
  Watcher watcher(client(), "/v1/events?since=1", {{"Last-Event-ID", id}});
  EXPECT_TRUE(watcher.sees(R"("name":"second")"));
  EXPECT_EQ(watcher.text().find("event: created"), watcher.text().rfind("event: created"));
}

TEST_F(EventsTest, BeyondTheLimitOfWatchersIs503AndAPlaceComesFreeAgain) {
  options_.watch.most = 1;
  start();
  {
    Watcher watcher(client(), "/v1/events");
    ASSERT_TRUE(watcher.sees("from here on"));
    const Answer refused = get("/v1/events?watch=true");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Retry-After"), "10");
  }
  EXPECT_TRUE(Watcher::wait([&] {
    Watcher again(client(), "/v1/events");
    return Watcher::wait([&] { return again.status() != 0; }) && again.status() == 200;
  }));
}

TEST_F(EventsTest, WatchersTakeNoThreadOfTheServer) {
  options_.limits.threads = 2;
  options_.limits.queued = 4;
  start();
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 20; ++i) {
    watchers.push_back(std::make_unique<Watcher>(client(), "/v1/events"));
    ASSERT_TRUE(watchers.back()->sees("from here on")) << i;
  }
  make_lb("web");
  for (const auto& watcher : watchers) EXPECT_TRUE(watcher->sees("event: created"));
}

TEST_F(EventsTest, AWatcherWhoseTokenIsTakenAwayIsCut) {
  const Answer made = post("/v1/tokens", R"({"token":{"name":"t","role":"admin"}})");
  ASSERT_EQ(made.status, 201);
  Watcher watcher(client(), "/v1/events", {{"X-Auth-Token", made.body.get("token").get("secret").as_string()}});
  ASSERT_TRUE(watcher.sees(": heartbeat"));
  ASSERT_EQ(del("/v1/tokens/" + made.body.get("token").get("id").as_string()).status, 204);
  EXPECT_TRUE(Watcher::wait([&] { return watcher.ended(); }));
}

TEST_F(EventsTest, AStopCutsThem) {
  Watcher watcher(client(), "/v1/events");
  ASSERT_TRUE(watcher.sees("from here on"));
  start();
  EXPECT_TRUE(Watcher::wait([&] { return watcher.ended(); }));
}

TEST_F(EventsTest, WatchingWorksOverTls) {
  const std::vector<std::string> names{"localhost", "127.0.0.1"};
  const auto made = tls::make_self_signed(names, clock_.wall());
  ASSERT_TRUE(made);
  options_.tls_listen = Endpoint{IpAddress::from_v4_host(0x7f000001), 0};
  options_.tls_certificate = made->certificate;
  options_.tls_key = made->private_key;
  start();
  const Answer token = post("/v1/tokens", R"({"token":{"name":"t","role":"admin"}})");
  httplib::Client http(fmt::format("https://127.0.0.1:{}", server_->tls_port()));
  http.enable_server_certificate_verification(false);
  Watcher watcher(std::move(http), "/v1/events", {{"X-Auth-Token", token.body.get("token").get("secret").as_string()}});
  ASSERT_TRUE(watcher.sees("from here on"));
  make_lb("web");
  EXPECT_TRUE(watcher.sees("event: created"));
  EXPECT_TRUE(watcher.sees(": heartbeat"));
}

TEST_F(EventsTest, ASlowWatcherIsCutAndHindersNobody) {
  options_.watch.stall = milliseconds(300);
  start();
  const Fd slow(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int least = 4096;
  ::setsockopt(slow.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server_->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(slow.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const std::string request = "GET /v1/events?watch=true HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(::send(slow.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  Watcher quick(client(), "/v1/events");
  ASSERT_TRUE(quick.sees("from here on"));
  control::Event event;
  event.name = std::string(2000, 'x');
  for (int i = 0; i < 50; ++i) events_.journal().add(std::vector<control::Event>(90, event));  // 9 MB
  event.name = "the last";
  events_.journal().add({event});
  EXPECT_TRUE(quick.sees("the last"));
  // What the kernel holds for the slow one is far less than all of it, and then comes the end.
  std::this_thread::sleep_for(milliseconds(1000));
  size_t got = 0;
  std::array<char, 65536> bytes;
  for (ssize_t n = 0; (n = ::recv(slow.get(), bytes.data(), bytes.size(), 0)) > 0;) got += static_cast<size_t>(n);
  EXPECT_LT(got, 8U << 20);
}

}  // namespace
}  // namespace elb::test
