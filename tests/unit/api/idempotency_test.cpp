// SPDX-License-Identifier: Apache-2.0
// The header Idempotency-Key: a request that comes again is answered again and done once.
#include <fmt/core.h>
#include <httplib.h>
#include <sqlite3.h>

#include <mutex>
#include <thread>
#include <vector>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

std::string lb_body(const std::string& name) {
  return fmt::format(R"({{"loadbalancer":{{"name":"{}","vip_subnet_id":"{}"}}}})", name, kVipSubnet);
}

class IdempotencyTest : public ApiTest {
 protected:
  Answer keyed(const std::string& key, const std::string& method, const std::string& path,
               const std::string& body = "") {
    return call(method, path, body, {{"Idempotency-Key", key}});
  }
  size_t load_balancers() { return get("loadbalancers").body.get("loadbalancers").size(); }

  /// As if the agent had ended between the commit and the answer.
  void lose_answers() {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((directory_ / "store.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, "UPDATE answer SET status = NULL, head = '', body = ''", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
  }
};

TEST_F(IdempotencyTest, TheSameRequestIsAnsweredAgainAndDoneOnce) {
  const Answer first = keyed("k1", "POST", "loadbalancers", lb_body("a"));
  ASSERT_EQ(first.status, 201) << first.text;
  EXPECT_EQ(first.header("Idempotent-Replayed"), "");
  const Answer again = keyed("k1", "POST", "loadbalancers", lb_body("a"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_NE(again.header("X-Request-Id"), first.header("X-Request-Id"));
  EXPECT_EQ(load_balancers(), 1U);
  EXPECT_EQ(keyed("k2", "POST", "loadbalancers", lb_body("a")).status, 201);
  EXPECT_EQ(load_balancers(), 2U);
}

TEST_F(IdempotencyTest, ItHoldsForEachChangeAndSurvivesARestart) {
  const std::string lb = make_lb();
  const std::string body = R"({"loadbalancer":{"name":"b"}})";
  ASSERT_EQ(keyed("k", "PUT", "loadbalancers/" + lb, body).status, 200);
  const uint64_t then = revision();
  ASSERT_EQ(keyed("k", "DELETE", "loadbalancers/" + lb).status, 204);  // another method: another request
  start();
  const Answer deleted = keyed("k", "DELETE", "loadbalancers/" + lb);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.header("Idempotent-Replayed"), "true");
  const Answer changed = keyed("k", "PUT", "loadbalancers/" + lb, body);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body.get("loadbalancer").get("name").as_string(), "b");
  EXPECT_EQ(revision(), then + 1);
}

TEST_F(IdempotencyTest, AnotherBodyOrQueryIsRefused) {
  ASSERT_EQ(keyed("k", "POST", "loadbalancers", lb_body("a")).status, 201);
  const Answer other = keyed("k", "POST", "loadbalancers", lb_body("b"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.body.get("field").as_string(), "Idempotency-Key");
  EXPECT_THAT(other.fault(), testing::HasSubstr("another body"));
  EXPECT_EQ(keyed("k", "POST", "loadbalancers?x=1", lb_body("a")).status, 422);
  EXPECT_EQ(load_balancers(), 1U);
}

TEST_F(IdempotencyTest, ADefiniteRefusalIsKeptToo) {
  const std::string path = "/v2.0/lbaas/loadbalancers/" + kNobody;
  const Answer first = keyed("k", "DELETE", path);
  ASSERT_EQ(first.status, 404);
  const Answer again = keyed("k", "DELETE", path);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
}

TEST_F(IdempotencyTest, ABadKeyIsRefusedWithTheRule) {
  const std::string longest(255, 'x');
  EXPECT_EQ(keyed(longest, "POST", "loadbalancers", lb_body("a")).status, 201);
  for (const std::string& key : {longest + "x", std::string("two words"), std::string("caf\xc3\xa9")}) {
    const Answer refused = keyed(key, "POST", "loadbalancers", lb_body("b"));
    EXPECT_EQ(refused.status, 400) << key;
    EXPECT_EQ(refused.body.get("field").as_string(), "Idempotency-Key");
    EXPECT_THAT(refused.fault(), testing::HasSubstr("1 to 255 visible"));
  }
  EXPECT_EQ(load_balancers(), 1U);
}

TEST_F(IdempotencyTest, OfAnAnswerWithASecretNothingIsKept) {
  const Answer refused = keyed("k", "POST", "/v1/tokens", R"({"token":{"name":"t","role":"admin"}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.fault(), testing::HasSubstr("secret"));
}

TEST_F(IdempotencyTest, AKeyIsItsCallersOwn) {
  const auto token_of = [&](const std::string& name) {
    const Answer made = post("/v1/tokens", fmt::format(R"({{"token":{{"name":"{}","role":"admin"}}}})", name));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.get("token").get("secret").as_string();
  };
  const std::string mine = token_of("mine"), theirs = token_of("theirs");
  token_ = mine;
  ASSERT_EQ(keyed("k", "POST", "loadbalancers", lb_body("a")).status, 201);
  token_ = theirs;
  const Answer other = keyed("k", "POST", "loadbalancers", lb_body("b"));
  EXPECT_EQ(other.status, 201) << other.text;
  EXPECT_EQ(other.header("Idempotent-Replayed"), "");
}

TEST_F(IdempotencyTest, WhileTheFirstIsAtWorkASecondIsRefused) {
  // A store that is held by somebody else makes the first one wait.
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((directory_ / "store.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<int> statuses;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      httplib::Client http("127.0.0.1", server_->port());
      http.set_read_timeout(20);
      const auto done =
          http.Post("/v2.0/lbaas/loadbalancers", {{"Idempotency-Key", "k"}}, lb_body("a"), "application/json");
      const std::lock_guard lock(mutex);
      statuses.push_back(done ? done->status : 0);
      if (statuses.size() == 1) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    });
  for (std::thread& thread : threads) thread.join();
  sqlite3_close(db);
  EXPECT_EQ(statuses, (std::vector<int>{409, 201}));
  EXPECT_EQ(load_balancers(), 1U);
}

TEST_F(IdempotencyTest, WhatWasDoneWithoutAnAnswerIsShownOrNamed) {
  const Answer first = keyed("k", "POST", "loadbalancers", lb_body("a"));
  ASSERT_EQ(first.status, 201);
  const std::string id = first.body.get("loadbalancer").get("id").as_string();
  ASSERT_EQ(keyed("t", "POST", "loadbalancers/" + id + "/tags", R"({"tag":{"key":"a","value":"b"}})").status, 201);
  const uint64_t made = revision();
  lose_answers();
  const Answer again = keyed("k", "POST", "loadbalancers", lb_body("a"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body.get("loadbalancer").get("id").as_string(), id);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  const Answer tag = keyed("t", "POST", "loadbalancers/" + id + "/tags", R"({"tag":{"key":"a","value":"b"}})");
  EXPECT_EQ(tag.status, 409);
  EXPECT_THAT(tag.fault(), testing::HasSubstr(fmt::format("made revision {}", made)));
  EXPECT_EQ(revision(), made);
}

TEST_F(IdempotencyTest, AReadHasNoUseForAKey) { EXPECT_EQ(keyed("", "GET", "loadbalancers").status, 200); }

}  // namespace
}  // namespace elb::test
