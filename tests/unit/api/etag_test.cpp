// SPDX-License-Identifier: Apache-2.0
// ETag, If-Match and If-None-Match over the wire: whose change is refused, and what is not sent again.
#include <fmt/core.h>
#include <httplib.h>

#include <atomic>
#include <thread>
#include <vector>

#include "api/etag.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

class EtagTest : public ApiTest {
 protected:
  std::string tag_of(const std::string& path) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.header("ETag");
  }
  Answer put_if(const std::string& path, const std::string& tag, const std::string& body) {
    return call("PUT", path, body, {{"If-Match", tag}});
  }
  static std::string named(const std::string& kind, const std::string& name) {
    return fmt::format(R"({{"{}":{{"name":"{}"}}}})", kind, name);
  }
};

TEST_F(EtagTest, a_change_that_somebody_else_overtook_is_refused_and_does_nothing) {
  const std::string path = "loadbalancers/" + make_lb();
  const std::string tag = tag_of(path);
  ASSERT_EQ(put_if(path, tag, named("loadbalancer", "first")).status, 200);
  const std::string before = configuration();
  const uint64_t at = revision();
  const Answer late = put_if(path, tag, named("loadbalancer", "second"));
  EXPECT_EQ(late.status, 412) << late.text;
  EXPECT_EQ(late.body.get("field").text(), "If-Match");
  EXPECT_NE(late.fault().find("GET it again"), std::string::npos) << late.fault();
  EXPECT_EQ(late.body.get("request_id").text(), late.header("X-Request-Id"));
  EXPECT_EQ(call("DELETE", path, "", {{"If-Match", tag}}).status, 412);
  EXPECT_EQ(configuration(), before);
  EXPECT_EQ(revision(), at);
  EXPECT_EQ(call("DELETE", path, "", {{"If-Match", tag_of(path)}}).status, 204);
  EXPECT_EQ(call("DELETE", path, "", {{"If-Match", tag}}).status, 404) << "what is not there was not overtaken";
}

TEST_F(EtagTest, of_many_at_once_with_one_tag_one_gets_through) {
  const std::string path = "/v2.0/lbaas/loadbalancers/" + make_lb();
  const httplib::Headers condition{{"If-Match", tag_of(path)}};
  std::atomic<int> done{0}, refused{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([&, i] {
      httplib::Client client("127.0.0.1", server_->port());
      const auto answer = client.Put(path, condition, named("loadbalancer", fmt::format("n{}", i)), "application/json");
      if (answer && answer->status == 200) ++done;
      if (answer && answer->status == 412) ++refused;
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refused, 7);
}

TEST_F(EtagTest, a_status_that_settles_refuses_no_change_but_is_shown_again) {
  const std::string pool = make_lone_pool(make_lb());
  const std::string path = "pools/" + pool + "/members/" + make_member(pool, "198.51.100.11", 80);
  make_monitor(pool);
  model::Health health;
  health.state = model::HealthState::kHealthy;
  views_.set_fallback(health);
  const std::string healthy = tag_of(path);
  health.state = model::HealthState::kUnhealthy;
  views_.set_fallback(health);
  const std::string failing = tag_of(path);
  EXPECT_NE(healthy, failing);
  EXPECT_EQ(call("GET", path, "", {{"If-None-Match", healthy}}).status, 200) << "the client must learn of it";
  EXPECT_EQ(put_if(path, healthy, R"({"member":{"weight":7}})").status, 200) << "nobody changed the member";
}

TEST_F(EtagTest, what_the_client_has_is_not_sent_again) {
  const std::string path = "loadbalancers/" + make_lb();
  const std::string tag = tag_of(path);
  for (const std::string& list : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const Answer same = call("GET", path, "", {{"If-None-Match", list}});
    EXPECT_EQ(same.status, 304) << list;
    EXPECT_EQ(same.text, "");
    EXPECT_EQ(same.header("ETag"), tag);
  }
  EXPECT_EQ(call("GET", path, "", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(call("GET", path, "", {{"If-Match", "\"other\""}}).status, 412);
  EXPECT_NE(tag_of(path + "?fields=id"), tag) << "another representation";
  ASSERT_EQ(put(path, named("loadbalancer", "renamed")).status, 200);
  EXPECT_EQ(call("GET", path, "", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(EtagTest, every_representation_has_a_tag_that_its_change_takes) {
  const std::string pool = make_lone_pool(make_lb(), "UDP");
  const std::string path = "pools/" + pool;
  const std::string fields = tag_of(path + "?fields=id,name");
  EXPECT_EQ(put_if(path, fields, named("pool", "a")).status, 200);
  EXPECT_EQ(put_if(path, fields, named("pool", "b")).status, 412);
  const Answer octavia = call("GET", path, "", {{"X-Api-Dialect", "octavia"}});
  EXPECT_EQ(put_if(path, octavia.header("ETag"), named("pool", "c")).status, 200);
}

TEST_F(EtagTest, lists_stars_and_weak_tags) {
  const std::string path = "loadbalancers/" + make_lb();
  const auto change = [&](const std::string& list) { return put_if(path, list, named("loadbalancer", "x")).status; };
  EXPECT_EQ(change("*"), 200);
  EXPECT_EQ(change("\"other\" , " + tag_of(path)), 200);
  EXPECT_EQ(change("W/" + tag_of(path)), 412) << "If-Match compares strongly";
  EXPECT_EQ(put_if("loadbalancers/" + kNobody, "*", named("loadbalancer", "x")).status, 404);
}

TEST_F(EtagTest, what_is_no_list_of_tags_is_refused) {
  const std::string path = "loadbalancers/" + make_lb();
  const std::string before = configuration();
  for (const char* text : {"", " ", ",", "abc", "\"abc", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "**", "w/\"a\"",
                           "\"a b\"", "W/", "\"a\"b"}) {
    EXPECT_FALSE(api::TagList::parse("If-Match", text)) << text;
  }
  for (const char* text : {"abc", "\"abc", "*, \"a\""}) {
    const Answer answer = put_if(path, text, named("loadbalancer", "x"));
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(answer.body.get("field").text(), "If-Match");
    EXPECT_EQ(call("GET", path, "", {{"If-None-Match", text}}).status, 400) << text;
  }
  EXPECT_EQ(configuration(), before);
}

TEST_F(EtagTest, a_condition_that_would_not_be_looked_at_is_not_accepted) {
  const std::string lb = make_lb(), before = configuration();
  EXPECT_EQ(
      call("POST", "loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.77"}})", {{"If-Match", "*"}}).status,
      501);
  EXPECT_EQ(call("PUT", "quotas/none", R"({"quota":{"pool":1}})", {{"If-Match", "*"}}).status, 501);
  EXPECT_EQ(call("PUT", "loadbalancers/" + lb, named("loadbalancer", "x"), {{"If-None-Match", "*"}}).status, 501);
  const Answer apply = call("POST", "/v1/apply", "{}", {{"If-Match", "*"}});
  EXPECT_EQ(apply.status, 501);
  EXPECT_NE(apply.fault().find("base_revision"), std::string::npos) << apply.fault();
  EXPECT_EQ(configuration(), before);
}

TEST_F(EtagTest, the_exported_document_has_one) {
  make_lb();
  const std::string tag = tag_of("/v1/export");
  EXPECT_EQ(call("GET", "/v1/export", "", {{"If-None-Match", tag}}).status, 304);
  make_lb("other");
  EXPECT_EQ(call("GET", "/v1/export", "", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(EtagTest, GEN11_another_projects_object_has_none) {
  const std::string path = "loadbalancers/" + make_lb();
  const std::string tag = tag_of(path);
  ASSERT_TRUE(identities_->add({"store", "store", "", 0}));
  token_ = identities_->issue({.name = "s", .project_id = "store", .role = identity::Role::kMember})->secret;
  EXPECT_EQ(put_if(path, tag, named("loadbalancer", "x")).status, 404);
  EXPECT_EQ(put_if(path, "*", named("loadbalancer", "x")).status, 404);
}

}  // namespace
}  // namespace elb::test
