// SPDX-License-Identifier: Apache-2.0
// AL-02: how notifications leave. Real sockets and a real command; tests/system has a real relay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "harness/manual_clock.h"
#include "telemetry/deliver.h"
#include "telemetry/notifier.h"
#include "unit/store/temp_dir.h"

namespace elb::test {
namespace {

using namespace std::chrono_literals;
using namespace telemetry;

Delivery delivery(int64_t id, const std::string& alarm = "a", const std::string& url = "http://x/") {
  return {id, alarm, {TargetType::kWebhook, url}, "{}"};
}

TEST(DeliveryQueue, one_that_fails_waits_longer_each_time_and_is_given_up_after_a_day) {
  ManualClock clock;
  DeliveryQueue queue;
  queue.push(delivery(1), clock.steady());
  std::vector<int64_t> waits;
  int attempts = 0;
  for (;;) {
    ASSERT_NE(queue.due(clock.steady()), nullptr);
    ++attempts;
    if (queue.failed(1, clock.steady())) break;
    EXPECT_EQ(queue.due(clock.steady()), nullptr);
    const auto wait = *queue.next() - clock.steady();
    if (waits.size() < 11) waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(wait).count());
    clock.advance(wait);
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
  EXPECT_NEAR(attempts, 24 * 12, 10);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(DeliveryQueue, an_OK_does_not_overtake_its_ALARM_but_others_go_by) {
  ManualClock clock;
  DeliveryQueue queue;
  queue.push(delivery(1), clock.steady());
  queue.push(delivery(2), clock.steady());
  queue.push(delivery(3, "b"), clock.steady());
  queue.push(delivery(4, "a", "http://y/"), clock.steady());
  queue.failed(1, clock.steady());
  EXPECT_EQ(queue.due(clock.steady())->id, 3);
  queue.done(3);
  EXPECT_EQ(queue.due(clock.steady())->id, 4);
  queue.done(4);
  EXPECT_EQ(queue.due(clock.steady()), nullptr);
  clock.advance(1s);
  EXPECT_EQ(queue.due(clock.steady())->id, 1);
  queue.done(1);
  EXPECT_EQ(queue.due(clock.steady())->id, 2);
}

TEST(DeliveryQueue, is_bounded) {
  ManualClock clock;
  DeliveryQueue queue;
  for (int64_t id = 1; id <= 1000; ++id) EXPECT_FALSE(queue.push(delivery(id), clock.steady()));
  EXPECT_EQ(queue.push(delivery(1001), clock.steady()), 1);
  EXPECT_EQ(queue.size(), DeliveryQueue::kMax);
  queue.forget("a");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(Notifier, one_kind_that_hangs_does_not_hold_up_another) {
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int64_t> finished;
  bool release = false;
  Notifier notifier(
      clock,
      [&](const Target& target, const std::string&) -> Status {
        std::unique_lock lock(mutex);
        if (target.type == TargetType::kEmail) changed.wait(lock, [&] { return release; });
        return {};
      },
      [&](int64_t id) {
        const std::lock_guard lock(mutex);
        finished.insert(id);
        changed.notify_all();
      });
  notifier.start();
  notifier.push({1, "a", {TargetType::kEmail, "x@y"}, "{}"});
  notifier.push({2, "a", {TargetType::kWebhook, "http://x/"}, "{}"});
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return finished.contains(2); }));
  EXPECT_FALSE(finished.contains(1));
  release = true;
  changed.notify_all();
  EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return finished.contains(1); }));
  lock.unlock();
  notifier.stop();
  EXPECT_EQ(notifier.counts()[0].delivered, 1U);
}

TEST(Deliver, a_webhook_gets_json_and_an_answer_other_than_2xx_is_a_failure) {
  httplib::Server server;
  std::string body, type, path;
  server.Post("/hook", [&](const httplib::Request& request, httplib::Response& response) {
    body = request.body;
    type = request.get_header_value("Content-Type");
    path = request.target;
    response.status = 204;
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&server] { server.listen_after_bind(); });
  const std::string base = fmt::format("http://127.0.0.1:{}", port);
  const Status good = post_webhook(base + "/hook?key=1", R"({"a":1})");
  const Status bad = post_webhook(base + "/nothing", "{}");
  server.stop();
  thread.join();
  EXPECT_TRUE(good) << good.error().to_string();
  EXPECT_EQ(body, R"({"a":1})");
  EXPECT_EQ(type, "application/json");
  EXPECT_EQ(path, "/hook?key=1");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, ::testing::HasSubstr("404"));
  EXPECT_FALSE(post_webhook(base + "/hook", "{}")) << "nobody listens any more";
}

TEST(Deliver, a_command_gets_it_on_its_input) {
  const TempDir dir;
  const std::string script = dir.file("tell"), out = dir.file("out");
  std::ofstream(script) << "#!/bin/sh\ncat > " << out << "\ntest ! -e " << dir.file("fail") << "\n";
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  const std::string payload = "{\"text\":\"" + std::string(200'000, 'x') + "\"}";
  EXPECT_TRUE(run_command(script, payload));
  std::ifstream in(out);
  EXPECT_EQ(std::string((std::istreambuf_iterator<char>(in)), {}), payload);
  std::ofstream(dir.file("fail")) << "x";
  const Status bad = run_command(script, "{}");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, ::testing::HasSubstr("ended with 1"));
  EXPECT_FALSE(run_command(dir.file("nothing"), "{}"));
}

TEST(Deliver, a_command_that_reads_nothing_does_no_harm) {
  signal(SIGPIPE, SIG_IGN);  // as the agent does
  EXPECT_TRUE(run_command("/bin/true", std::string(200'000, 'x')));
}

TEST(Deliver, a_mail_has_no_place_for_a_header_or_an_end_of_what_was_typed) {
  const std::string name =
      "\xC3\xA4 name that is rather long, so that it takes more than one word of the header, really";
  const std::string payload =
      R"({"alarm_name":")" + name + R"(","severity":"major","state":"alarm","reason":"\r\n.\r\nQUIT"})";
  const std::string mail = mail_text("elb@example.com", "ops@example.com", payload);
  EXPECT_THAT(mail,
              ::testing::HasSubstr("\r\nFrom: <elb@example.com>\r\nTo: <ops@example.com>\r\nSubject: =?UTF-8?B?"));
  EXPECT_TRUE(mail.ends_with("\r\n.\r\n"));
  EXPECT_EQ(mail.find("\r\n.\r\n"), mail.size() - 5);
  for (size_t at = 0; at < mail.size();) {
    const size_t end = mail.find("\r\n", at);
    EXPECT_LE(end - at, 78U) << mail.substr(at, end - at);
    at = end + 2;
  }
  for (const char c : mail) EXPECT_TRUE(static_cast<unsigned char>(c) < 0x80);
}

}  // namespace
}  // namespace elb::test
