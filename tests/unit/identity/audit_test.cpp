// SPDX-License-Identifier: Apache-2.0
// Traces. Shows: AU-01, AU-02, AU-03, AU-04, AU-06, AU-07.
#include <fmt/core.h>

#include <fstream>

#include "base/random.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditTest : public ApiTest {
 protected:
  AuditTest() : ApiTest(true) {}

  std::vector<std::string> names(const std::string& query = "") {
    return column(get("/v1/traces" + query).body.get("traces"), "trace_name");
  }
  size_t count() { return get("/v1/traces?limit=1000").body.get("traces").size(); }

  /// Of one call: exactly one trace, which it returns.
  Value traced(const std::string& method, const std::string& path, const std::string& body, int status) {
    const size_t before = count();
    const Answer answer = call(method, path, body);
    EXPECT_EQ(answer.status, status) << method << " " << path << " " << answer.text;
    EXPECT_EQ(count(), before + 1) << method << " " << path;
    last_ = answer;
    return get("/v1/traces?limit=1").body.get("traces").at(0);
  }
  std::string made(const std::string& envelope) const { return last_.body.get(envelope).get("id").as_string(); }

  Answer last_;
};

TEST_F(AuditTest, AU01_EachOperationLeavesOneTrace) {
  const auto expect = [&](const std::string& type, const std::string& name, const std::string& title,
                          const std::string& method, const std::string& path, const std::string& body, int status) {
    const Value trace = traced(method, path, body, status);
    EXPECT_EQ(trace.get("resource_type").as_string(), type);
    EXPECT_EQ(trace.get("trace_name").as_string(), name);
    EXPECT_EQ(trace.get("trace_title").as_string(), title);
    EXPECT_EQ(trace.get("code").as_string(), std::to_string(status));
  };
  expect("loadbalancer", "createLoadbalancer", "create load balancer", "POST", "loadbalancers",
         fmt::format(R"({{"loadbalancer":{{"name":"web","vip_subnet_id":"{}"}}}})", kVipSubnet), 201);
  const std::string lb = made("loadbalancer");
  expect("loadbalancer", "updateLoadbalancer", "update load balancer", "PUT", "loadbalancers/" + lb,
         R"({"loadbalancer":{"description":"d"}})", 200);
  expect("listener", "createListener", "create listener", "POST", "listeners",
         fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"HTTP","protocol_port":80}}}})", lb), 201);
  const std::string listener = made("listener");
  expect("listener", "updateListener", "update listener", "PUT", "listeners/" + listener,
         R"({"listener":{"name":"n"}})", 200);
  expect("pool", "createPool", "create backend member group", "POST", "pools",
         fmt::format(R"({{"pool":{{"loadbalancer_id":"{}","protocol":"HTTP","lb_algorithm":"ROUND_ROBIN"}}}})", lb),
         201);
  const std::string pool = made("pool");
  expect("pool", "updatePool", "update backend member group", "PUT", "pools/" + pool, R"({"pool":{"name":"n"}})", 200);
  expect("member", "createMember", "add backend ecs", "POST", "pools/" + pool + "/members",
         R"({"member":{"address":"198.51.100.9","protocol_port":80}})", 201);
  const std::string member = "pools/" + pool + "/members/" + made("member");
  expect("member", "updateMember", "update backend ecs", "PUT", member, R"({"member":{"weight":5}})", 200);
  expect("member", "deleteMember", "remove backend ecs", "DELETE", member, "", 204);
  expect("member", "batchUpdateMember", "update all of backend ecs", "PUT", "pools/" + pool + "/members",
         R"({"members":[]})", 202);
  expect(
      "healthmonitor", "createHealthmonitor", "create healthmonitor", "POST", "healthmonitors",
      fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"TCP","delay":5,"timeout":3,"max_retries":2}}}})", pool),
      201);
  const std::string monitor = "healthmonitors/" + made("healthmonitor");
  expect("healthmonitor", "updateHealthmonitor", "update healthmonitor", "PUT", monitor,
         R"({"healthmonitor":{"delay":6}})", 200);
  expect("healthmonitor", "deleteHealthmonitor", "delete healthmonitor", "DELETE", monitor, "", 204);
  expect("l7policy", "createL7policy", "create forwarding policy", "POST", "l7policies",
         fmt::format(R"({{"l7policy":{{"listener_id":"{}","action":"REDIRECT_TO_POOL","redirect_pool_id":"{}"}}}})",
                     listener, pool),
         201);
  const std::string policy = "l7policies/" + made("l7policy");
  expect("l7policy", "updateL7policy", "update forwarding policy", "PUT", policy, R"({"l7policy":{"name":"n"}})", 200);
  expect("l7rule", "createL7rule", "create forwarding rule", "POST", policy + "/rules",
         R"({"rule":{"type":"PATH","compare_type":"STARTS_WITH","value":"/a"}})", 201);
  const std::string rule = policy + "/rules/" + made("rule");
  expect("l7rule", "updateL7rule", "update forwarding rule", "PUT", rule, R"({"rule":{"value":"/b"}})", 200);
  expect("l7rule", "deleteL7rule", "delete forwarding rule", "DELETE", rule, "", 204);
  expect("l7policy", "deleteL7policy", "delete forwarding policy", "DELETE", policy, "", 204);
  expect("whitelist", "createWhitelist", "create whitelist", "POST", "whitelists",
         fmt::format(R"({{"whitelist":{{"listener_id":"{}","whitelist":"10.0.0.1"}}}})", listener), 201);
  expect("whitelist", "deleteWhitelist", "delete whitelist", "DELETE", "whitelists/" + made("whitelist"), "", 204);
  expect("eip", "createEip", "create EIP", "POST", "/v1/eips", R"({"eip":{"name":"e"}})", 201);
  expect("eip", "deleteEip", "delete EIP", "DELETE", "/v1/eips/" + made("eip"), "", 204);
  expect("quota", "updateQuota", "update quota", "PUT", "quotas/p", R"({"quota":{"pool":5}})", 202);
  expect("project", "createProject", "create project", "POST", "/v1/projects", R"({"project":{"name":"p"}})", 201);
  expect("token", "createToken", "create token", "POST", "/v1/tokens", R"({"token":{"role":"admin"}})", 201);
  expect("certificate", "createCertificate", "create certificate", "POST", "certificates", R"({"certificate":"x"})",
         400);
  expect("certificate", "updateCertificate", "update certificate", "PUT", "certificates/" + kNobody, R"({"name":"x"})",
         404);
  expect("certificate", "deleteCertificate", "delete certificate", "DELETE", "certificates/" + kNobody, "", 404);
  expect("pool", "deletePool", "delete backend member group", "DELETE", "pools/" + pool, "", 204);
  expect("listener", "deleteListener", "delete listener", "DELETE", "listeners/" + listener, "", 204);
  expect("loadbalancer", "deleteLoadbalancer", "delete load balancer", "DELETE", "loadbalancers/" + lb, "", 204);
  expect("login", "login", "login", "POST", "/identity/v3/auth/tokens", "{}", 400);
}

TEST_F(AuditTest, AU02_ATraceHasAllItsFields) {
  const std::string lb = make_lb("web", R"(,"project_id":"p")");
  const Value trace = get("/v1/traces?limit=1").body.get("traces").at(0);
  EXPECT_TRUE(is_uuid(trace.get("trace_id").as_string()));
  EXPECT_EQ(trace.get("trace_id").as_string()[14], '1') << "UUID version 1";
  const std::vector<std::pair<std::string, std::string>> expected = {{"code", "201"},
                                                                     {"source_ip", "127.0.0.1"},
                                                                     {"trace_type", "ApiCall"},
                                                                     {"project_id", "p"},
                                                                     {"trace_rating", "normal"},
                                                                     {"api_version", "v2.0"},
                                                                     {"service_type", "ELB"},
                                                                     {"resource_id", lb},
                                                                     {"resource_name", "web"},
                                                                     {"tracker_name", "system"},
                                                                     {"event_type", "system"}};
  for (const auto& [key, value] : expected) EXPECT_EQ(trace.get(key).as_string(), value) << key;
  EXPECT_EQ(trace.get("user").get("name").as_string(), "loopback");
  EXPECT_EQ(trace.get("user").get("domain").get("id").as_string(), "default");
  EXPECT_TRUE(Value::parse(trace.get("request").as_string()));
  EXPECT_THAT(trace.get("response").as_string(), HasSubstr(lb));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  EXPECT_NEAR(std::stod(trace.get("time").as_string()), static_cast<double>(ms), 60'000);
  EXPECT_GE(std::stoll(trace.get("record_time").as_string()), std::stoll(trace.get("time").as_string()));
}

TEST_F(AuditTest, AU03_RatingsTellTheFailed) {
  EXPECT_EQ(traced("POST", "loadbalancers", "{}", 400).get("trace_rating").as_string(), "warning");
  EXPECT_EQ(traced("DELETE", "loadbalancers/" + kNobody, "", 404).get("resource_id").as_string(), kNobody);
  EXPECT_EQ(traced("DELETE", "/v1/nothing", "", 404).get("trace_rating").as_string(), "warning");
  EXPECT_EQ(traced("POST", "/v1/version", "{}", 405).get("trace_rating").as_string(), "warning");
  const std::string lb = make_lb();
  EXPECT_EQ(traced("PUT", "loadbalancers/" + lb + "/failover", "{}", 501).get("trace_rating").as_string(), "incident");
  const size_t before = count();
  get("loadbalancers");
  EXPECT_EQ(count(), before) << "reading leaves no trace";
}

TEST_F(AuditTest, AU04_EachFilterFilters) {
  const std::string lb = make_lb("one");
  make_lb("two");
  post("listeners", "{}");
  EXPECT_THAT(names("?resource_type=listener"), ElementsAre("createListener"));
  EXPECT_THAT(names("?trace_name=createListener"), ElementsAre("createListener"));
  EXPECT_THAT(names("?trace_name=create%20listener"), ElementsAre("createListener"));
  EXPECT_THAT(names("?resource_id=" + lb), ElementsAre("createLoadbalancer"));
  EXPECT_THAT(names("?resource_name=two"), ElementsAre("createLoadbalancer"));
  EXPECT_THAT(names("?trace_rating=warning"), ElementsAre("createListener"));
  EXPECT_EQ(names("?trace_rating=all").size(), 3U);
  EXPECT_EQ(names("?trace_type=ApiCall").size(), 3U);
  EXPECT_EQ(names("?trace_type=ConsoleAction").size(), 0U);
  EXPECT_EQ(names("?service_type=ELB").size(), 3U);
  EXPECT_EQ(names("?service_type=ECS").size(), 0U);
  EXPECT_EQ(names("?user=loopback").size(), 3U);
  EXPECT_EQ(names("?user=else").size(), 0U);
  EXPECT_EQ(names("?from=2100-01-01T00:00:00").size(), 0U);
  EXPECT_EQ(names("?to=2020-01-01T00:00:00Z").size(), 0U);
  EXPECT_EQ(names("?from=0&to=2100-01-01T00:00:00").size(), 3U);
  const Answer page = get("/v1/traces?limit=2");
  EXPECT_EQ(page.body.get("traces").size(), 2U);
  EXPECT_EQ(names("?marker=" + page.body.get("meta_data").get("marker").as_string()).size(), 1U);
  for (const std::string bad : {"?limit=0", "?limit=1001", "?from=yesterday", "?trace_rating=bad", "?colour=red"})
    EXPECT_EQ(get("/v1/traces" + bad).status, 400) << bad;
  const std::string id = get("/v1/traces?limit=1").body.get("traces").at(0).get("trace_id").as_string();
  EXPECT_EQ(get("/v1/traces/" + id).body.get("trace").get("trace_name").as_string(), "createListener");
  EXPECT_EQ(get("/v1/traces/" + kNobody).status, 404);
}

TEST_F(AuditTest, AU04_WhatIsEightDaysOldIsNotReturnedAndGoes) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  constexpr int64_t kDay = 86'400'000;
  for (const auto& [id, age] : std::vector<std::pair<std::string, int64_t>>{{"old", 8 * kDay}, {"new", 6 * kDay}}) {
    store::Trace trace;
    trace.id = id;
    trace.time_ms = trace.record_ms = ms - age;
    trace.name = id;
    ASSERT_TRUE(audit_->append(trace));
  }
  EXPECT_THAT(names(), ElementsAre("new"));
  EXPECT_EQ(get("/v1/traces/old").status, 404);
  EXPECT_TRUE(audit_->find("old"));
  ASSERT_TRUE(audit_->forget(ms - 7 * kDay));
  EXPECT_FALSE(audit_->find("old"));
  EXPECT_TRUE(audit_->find("new"));
}

TEST_F(AuditTest, AU06_SecretsAreMasked) {
  const std::string token =
      post("/v1/tokens", R"({"token":{"role":"admin"}})").body.get("token").get("secret").as_string();
  post("certificates", R"({"name":"c","certificate":"CERT","private_key":"TOPSECRETKEY"})");
  post("certificates", R"(not json "private_key":"TOPSECRETKEY")");
  post("/identity/v3/auth/tokens",
       fmt::format(R"({{"auth":{{"identity":{{"methods":["password"],"password":{{"user":{{"password":"{}"}}}}}}}}}})",
                   token));
  post("/identity/v3/auth/tokens",
       fmt::format(R"({{"auth":{{"identity":{{"methods":["token"],"token":{{"id":"{}"}}}}}}}})", token));
  const std::string text = get("/v1/traces").text;
  EXPECT_THAT(text, Not(HasSubstr("TOPSECRETKEY")));
  EXPECT_THAT(text, Not(HasSubstr(token.substr(22))));
  EXPECT_THAT(text, HasSubstr("******"));
  EXPECT_THAT(text, HasSubstr("CERT"));
}

TEST_F(AuditTest, AU07_TracesSurviveARestartAndAreNotChanged) {
  make_lb();
  server_.reset();
  audit_.reset();
  audit_ = *store::open_audit((directory_ / "audit.db").string());
  start();
  EXPECT_THAT(names(), ElementsAre("createLoadbalancer"));
  const std::string path = (directory_ / "audit.db").string();
  for (const std::string sql : {"UPDATE trace SET code = 200", "DELETE FROM trace"}) {
    const int status = std::system(fmt::format("python3 -c 'import sqlite3; c = sqlite3.connect(\"{}\"); "
                                               "c.execute(\"{}\"); c.commit()' 2>/dev/null",
                                               path, sql)
                                       .c_str());
    EXPECT_NE(status, 0) << sql;
  }
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(AuditTest, AU07_ADamagedFileIsSetAside) {
  const std::string path = (directory_ / "audit.db").string();
  make_lb();
  server_.reset();
  audit_.reset();
  const auto damage = [&](const std::string& text) {
    for (const char* suffix : {"", ".bad", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    std::ofstream(path) << text;
  };
  const std::string header("SQLite format 3\0", 16);
  for (const std::string& text :
       {std::string("no database"), header + std::string(4080, 'x'), std::string(8192, '\0')}) {
    damage(text);
    auto opened = store::open_audit(path);
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_TRUE((*opened)->append({.id = "1", .time_ms = 1}));
    EXPECT_TRUE(std::filesystem::exists(path + ".bad"));
  }
  EXPECT_FALSE(store::open_audit((directory_ / "none" / "audit.db").string())) << "nothing to set aside";
  audit_ = *store::open_audit(path);
  start();
}

TEST_F(AuditTest, GEN11_AProjectSeesTheTracesOfItsOwnCalls) {
  post("/v1/projects", R"({"project":{"id":"a","name":"a"}})");
  const std::string token = post("/v1/tokens", R"({"token":{"role":"member","name":"m","project_id":"a"}})")
                                .body.get("token")
                                .get("secret")
                                .as_string();
  make_lb("of nobody");
  token_ = token;
  make_lb("of a");
  EXPECT_THAT(column(get("/v1/traces").body.get("traces"), "resource_name"), ElementsAre("of a", "m"));
  token_.clear();
  EXPECT_EQ(count(), 4U);
}

TEST_F(AuditTest, GEN11_ATraceOfAGuessDoesNotNameWhatWasGuessed) {
  post("/v1/projects", R"({"project":{"id":"a","name":"a"}})");
  const std::string token = post("/v1/tokens", R"({"token":{"role":"member","name":"m","project_id":"a"}})")
                                .body.get("token")
                                .get("secret")
                                .as_string();
  const std::string lb = make_lb("of another");
  token_ = token;
  EXPECT_EQ(del("loadbalancers/" + lb).status, 404);
  const Answer answer = get("/v1/traces?limit=1");
  EXPECT_EQ(answer.body.get("traces").at(0).get("resource_id").as_string(), lb);
  EXPECT_THAT(answer.text, Not(HasSubstr("of another")));
}

TEST_F(AuditTest, ARefusedCallLeavesATraceToo) {
  EXPECT_EQ(call("POST", "loadbalancers", "{}", {{"X-Auth-Token", "wrong"}}).status, 401);
  const Value trace = get("/v1/traces?limit=1").body.get("traces").at(0);
  EXPECT_EQ(trace.get("code").as_string(), "401");
  EXPECT_EQ(trace.get("user").get("id").as_string(), "");
}

}  // namespace
}  // namespace elb::test
