// SPDX-License-Identifier: Apache-2.0
// Revisions, what differs between them, and the way back (docs/history.md).
#include <fmt/core.h>

#include "unit/api/api_fixture.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using codec::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RevisionTest : public ApiTest {
 protected:
  RevisionTest() : ApiTest(true) {}

  Answer rollback(uint64_t revision, const std::string& more = "") {
    return post("/v1/rollback", fmt::format(R"({{"revision":{}{}}})", revision, more));
  }
  Value shown(uint64_t revision) { return get(fmt::format("/v1/revisions/{}", revision)).body.get("revision"); }
  std::string token(const std::string& project, const std::string& role = "member") {
    const Answer made =
        post("/v1/tokens",
             fmt::format(R"({{"token":{{"name":"{0}-{1}","project_id":"{0}","role":"{1}"}}}})", project, role));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.get("token").get("secret").as_string();
  }
  void make_project(const std::string& name) {
    EXPECT_EQ(post("/v1/projects", fmt::format(R"({{"project":{{"id":"{0}","name":"{0}"}}}})", name)).status, 201);
  }
};

TEST_F(RevisionTest, EachChangeLeavesARevisionWithAuthorAndCall) {
  const std::string lb = make_lb("web");
  ASSERT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"description":"new"}})").status, 200);
  const Answer list = get("/v1/revisions");
  ASSERT_EQ(list.status, 200) << list.text;
  EXPECT_THAT(column(list.body.get("revisions"), "number"), ElementsAre("2", "1", "0"));
  const Value newest = list.body.get("revisions").at(0);
  EXPECT_EQ(newest.get("user").get("name").as_string(), "loopback");
  EXPECT_EQ(newest.get("call").as_string(), "PUT /v2.0/lbaas/loadbalancers/" + lb);
  EXPECT_EQ(newest.get("changes").as_int(), 1);
  const Value change = shown(2).get("changes").at(0);
  EXPECT_EQ(change.get("kind").as_string(), "load_balancer");
  EXPECT_EQ(change.get("id").as_string(), lb);
  EXPECT_EQ(change.get("action").as_string(), "update");
  EXPECT_EQ(change.get("before").get("description").as_string(), "");
  EXPECT_EQ(change.get("after").get("description").as_string(), "new");
  EXPECT_EQ(change.get("fields").at(0).get("field").as_string(), "description");
  EXPECT_TRUE(shown(1).get("changes").at(0).get("before").is_null());
  EXPECT_EQ(shown(0).get("changes").size(), 0U);
}

TEST_F(RevisionTest, AnErasedObjectIsShownAsItWas) {
  const std::string lb = make_lb("web");
  ASSERT_EQ(del("loadbalancers/" + lb).status, 204);
  const Value change = shown(2).get("changes").at(0);
  EXPECT_EQ(change.get("action").as_string(), "delete");
  EXPECT_EQ(change.get("before").get("name").as_string(), "web");
  EXPECT_TRUE(change.get("after").is_null());
}

TEST_F(RevisionTest, ARefusedChangeLeavesNone) {
  make_lb("web");
  EXPECT_EQ(post("loadbalancers", R"({"loadbalancer":{"name":"x"}})").status, 400);
  EXPECT_EQ(get("/v1/revisions").body.get("revisions").size(), 2U);
}

TEST_F(RevisionTest, TheDifferenceOfTwoRevisionsGoesBothWays) {
  make_lb("one");                          // 1
  const std::string two = make_lb("two");  // 2
  ASSERT_EQ(put("loadbalancers/" + two, R"({"loadbalancer":{"name":"deux"}})").status, 200);
  const Answer forth = get("/v1/diff?from=1");
  ASSERT_EQ(forth.status, 200) << forth.text;
  EXPECT_EQ(forth.body.get("to").as_int(), 3);
  ASSERT_EQ(forth.body.get("changes").size(), 1U);
  EXPECT_EQ(forth.body.get("changes").at(0).get("action").as_string(), "create");
  EXPECT_EQ(forth.body.get("changes").at(0).get("name").as_string(), "deux");
  const Answer back = get("/v1/diff?from=3&to=1");
  EXPECT_EQ(back.body.get("changes").at(0).get("action").as_string(), "delete");
  EXPECT_EQ(get("/v1/diff?from=2&to=2").body.get("changes").size(), 0U);
}

TEST_F(RevisionTest, LongListsComeInPages) {
  for (const char* name : {"a", "b", "c"}) make_lb(name);
  const Answer first = get("/v1/revisions?limit=2");
  EXPECT_THAT(column(first.body.get("revisions"), "number"), ElementsAre("3", "2"));
  EXPECT_EQ(first.body.get("meta_data").get("marker").as_int(), 2);
  EXPECT_THAT(column(get("/v1/revisions?limit=2&marker=2").body.get("revisions"), "number"), ElementsAre("1", "0"));
  const Answer page = get("/v1/diff?from=0&limit=2");
  ASSERT_EQ(page.body.get("changes").size(), 2U);
  EXPECT_EQ(page.body.get("summary").get("create").as_int(), 3) << "of all";
  const Answer rest = get("/v1/diff?from=0&limit=2&marker=" + page.body.get("marker").as_string());
  EXPECT_EQ(rest.body.get("changes").size(), 1U);
  EXPECT_TRUE(rest.body.get("marker").is_null());
}

TEST_F(RevisionTest, BadQuestionsNameTheFieldAndTheRule) {
  make_lb("web");
  EXPECT_EQ(get("/v1/revisions/two").status, 400);
  EXPECT_EQ(get("/v1/revisions/7").status, 404);
  EXPECT_THAT(get("/v1/revisions/7").fault(), HasSubstr("does not exist yet, the newest is 1"));
  EXPECT_EQ(get("/v1/revisions?limit=0").status, 400);
  EXPECT_EQ(get("/v1/revisions?limt=1").status, 400);
  EXPECT_EQ(get("/v1/diff").status, 400);
  EXPECT_EQ(get("/v1/diff?from=0&marker=none").status, 400);
  EXPECT_EQ(get("/v1/diff?from=9").status, 404);
  EXPECT_EQ(post("/v1/rollback", "{}").status, 400);
  EXPECT_EQ(rollback(0, R"(,"dry_run":1)").status, 400);
  EXPECT_EQ(rollback(0, R"(,"dryrun":true)").status, 400);
  EXPECT_EQ(post("/v1/rollback", R"({"revision":-1})").status, 400);
  EXPECT_EQ(rollback(9).status, 404);
}

TEST_F(RevisionTest, ARollbackBringsEverythingBackAsANewRevision) {
  const std::string lb = make_lb("web");
  const std::string listener = make_listener(lb, 80);
  const std::string pool = make_pool(listener);
  const std::string member = make_member(pool, "198.51.100.7", 8080);
  make_monitor(pool);
  const std::string before = get("/v1/export?ids=true").text;
  const uint64_t then = revision();
  ASSERT_EQ(del("loadbalancers/" + lb + "?cascade=true").status, 204);
  make_lb("other");
  const std::string after = get("/v1/export?ids=true").text;

  const Answer dry = rollback(then, R"(,"dry_run":true)");
  ASSERT_EQ(dry.status, 200) << dry.text;
  EXPECT_EQ(dry.body.get("summary").get("create").as_int(), 5);
  EXPECT_EQ(dry.body.get("summary").get("delete").as_int(), 1);
  EXPECT_EQ(revision(), then + 2);
  EXPECT_EQ(get("/v1/export?ids=true").text, after);

  const Answer done = rollback(then);
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.body.get("changes"), dry.body.get("changes"));
  EXPECT_EQ(done.body.get("revision").as_int(), static_cast<int64_t>(then) + 3);
  EXPECT_EQ(get("/v1/export?ids=true").text, before);
  EXPECT_EQ(get("/v1/revisions").body.get("revisions").at(0).get("call").as_string(), "POST /v1/rollback");
  EXPECT_EQ(get(fmt::format("/v1/diff?from={}", then)).body.get("changes").size(), 0U);
  const Answer again = rollback(then);
  EXPECT_EQ(again.body.get("changes").size(), 0U);
  EXPECT_EQ(revision(), then + 3) << "nothing to do is no revision";

  ASSERT_EQ(rollback(then + 2).status, 200) << "a rollback can be rolled back";
  EXPECT_EQ(get("/v1/export?ids=true").text, after);
}

TEST_F(RevisionTest, ARollbackOfAnotherPlanIsRefused) {
  make_lb("a");
  make_lb("b");
  const Answer late = rollback(1, R"(,"base_revision":1)");
  EXPECT_EQ(late.status, 409) << late.text;
  EXPECT_THAT(late.fault(), HasSubstr("no longer at 1"));
  EXPECT_EQ(rollback(1, R"(,"base_revision":2)").status, 200);
}

TEST_F(RevisionTest, PrivateKeysComeBackButAreNotShown) {
  const Issued pair = issue_for("www.example.com");
  Value body = Value::object();
  body.set("name", "site").set("certificate", pair.certificate).set("private_key", pair.private_key);
  const Answer made = post("/v2.0/lbaas/certificates", body.dump());
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body.get("id").as_string();
  const std::string key = service_->model()->certificates.at(id)->private_key;
  ASSERT_EQ(del("/v2.0/lbaas/certificates/" + id).status, 204);
  for (const char* path : {"/v1/revisions/1", "/v1/revisions/2", "/v1/diff?from=0&to=1"}) {
    const Answer told = get(path);
    EXPECT_EQ(told.status, 200);
    EXPECT_THAT(told.text, HasSubstr("******"));
    EXPECT_THAT(told.text, Not(HasSubstr("PRIVATE KEY")));
  }
  const Answer back = rollback(1);
  ASSERT_EQ(back.status, 200) << back.text;
  EXPECT_THAT(back.text, Not(HasSubstr("PRIVATE KEY")));
  EXPECT_EQ(service_->model()->certificates.at(id)->private_key, key);
}

TEST_F(RevisionTest, GEN11_AProjectSeesAndRollsBackItsOwnOnly) {
  make_project("shop");
  make_project("bank");
  const std::string shop = token("shop"), bank = token("bank"), observer = token("shop", "observer");
  token_ = shop;
  const std::string lb = make_lb("mine");  // 1
  token_ = bank;
  make_lb("theirs");  // 2
  token_ = shop;
  ASSERT_EQ(del("loadbalancers/" + lb).status, 204);  // 3
  EXPECT_THAT(column(get("/v1/revisions").body.get("revisions"), "number"), ElementsAre("3", "1"));
  EXPECT_EQ(get("/v1/revisions/2").status, 404);
  EXPECT_THAT(get("/v1/diff?from=0").text, Not(HasSubstr("theirs")));
  EXPECT_EQ(get("/v1/revisions?project_id=bank").status, 404);
  token_ = observer;
  EXPECT_EQ(get("/v1/revisions").status, 200);
  EXPECT_EQ(rollback(1).status, 403);
  token_ = shop;
  const Answer done = rollback(1);
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.body.get("summary").get("create").as_int(), 1);
  EXPECT_EQ(done.body.get("summary").get("delete").as_int(), 0) << "the other project's stays";
  token_ = "";
  EXPECT_EQ(get("loadbalancers").body.get("loadbalancers").size(), 2U);
  const Answer part = rollback(0, R"(,"project_id":"bank")");
  ASSERT_EQ(part.status, 200) << part.text;
  EXPECT_EQ(part.body.get("summary").get("delete").as_int(), 1);
  EXPECT_EQ(rollback(0).body.get("summary").get("delete").as_int(), 1) << "of all projects";
}

TEST_F(RevisionTest, AnAddressThatHasBeenTakenIsAConflict) {
  make_project("shop");
  make_project("bank");
  const std::string shop = token("shop"), bank = token("bank");
  token_ = shop;
  const std::string lb = make_lb("mine", R"(,"vip_address":"192.0.2.77")");
  ASSERT_EQ(del("loadbalancers/" + lb).status, 204);
  token_ = bank;
  const std::string other = make_lb("theirs", R"(,"vip_address":"192.0.2.77")");
  token_ = shop;
  const Answer refused = rollback(1);
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_THAT(refused.fault(), HasSubstr("192.0.2.77 is already the address of"));
  EXPECT_THAT(refused.text, HasSubstr("load_balancer[" + lb + "].vip_address"));
  EXPECT_THAT(refused.text, Not(HasSubstr(other))) << "the other project's";
  EXPECT_EQ(revision(), 3U);
}

TEST_F(RevisionTest, AQuotaHoldsForWhatComesBack) {
  make_project("shop");
  const std::string lb = make_lb("mine", R"(,"project_id":"shop")");
  ASSERT_EQ(del("loadbalancers/" + lb).status, 204);
  ASSERT_EQ(put("/v2.0/lbaas/quotas/shop", R"({"quota":{"loadbalancer":0}})").status, 202);
  EXPECT_EQ(rollback(1).status, 403);
  EXPECT_EQ(rollback(1, R"(,"dry_run":true)").status, 403);
  EXPECT_EQ(revision(), 2U);
}

}  // namespace
}  // namespace elb::test
