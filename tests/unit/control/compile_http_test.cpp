// SPDX-License-Identifier: Apache-2.0
// Shows: CA-01, FP-04, FP-08, FP-12, HC-03, HC-07, HC-11, LS-07, RD-03, RD-04, ST-05, ST-07, ST-08, TLS-12, TLS-14,
// TLS-16.
#include <gtest/gtest.h>

#include "control/compiler.h"
#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::Model;
using model::Snapshot;
using test::put;
using test::sample_certificate;
using test::sample_http_model;
using test::sample_policy;
using test::sample_pool;
using test::sample_rule;

Snapshot compiled(const Model& model) {
  return compile(
      model, [](const model::Id&) { return model::Health{}; }, 1);
}

const model::SnapshotListener& listener(const Snapshot& snapshot, const model::Id& id) {
  for (const auto& listener : snapshot.listeners)
    if (listener.id == id) return listener;
  ADD_FAILURE() << id;
  return snapshot.listeners.front();
}

TEST(CompileHttp, OnlyHttpAndHttpsListenersHaveIt) {
  const Snapshot snapshot = compiled(sample_http_model());
  EXPECT_FALSE(listener(snapshot, "l1").http);
  ASSERT_TRUE(listener(snapshot, "h80").http);
  EXPECT_FALSE(listener(snapshot, "h80").http->tls);
  ASSERT_TRUE(listener(snapshot, "h443").http);
  ASSERT_TRUE(listener(snapshot, "h443").http->tls);
}

TEST(CompileHttp, LimitsAndWhoMayTellOfClients) {
  Model model = sample_http_model();
  model::Listener http = *model.listeners.at("h80");
  http.whitelist = model::Whitelist{"w", true, {*Cidr::parse("203.0.113.0/24"), *Cidr::parse("2001:db8::/32")}};
  put(model, http);
  EXPECT_EQ(listener(compiled(model), "h80").http->request_rate, 0);
  EXPECT_EQ(listener(compiled(model), "h80").http->body_rate, 100);
  ASSERT_TRUE(listener(compiled(model), "h80").whitelist);
  EXPECT_EQ(listener(compiled(model), "h80").whitelist->size(), 1U) << "of the family of the VIP";
  EXPECT_FALSE(listener(compiled(model), "h80").http->whitelist);

  http.http.request_rate = 7;
  http.http.body_rate = 0;
  http.http.proxy_trusted = {*Cidr::parse("10.0.0.0/8")};
  put(model, http);
  const Snapshot snapshot = compiled(model);
  EXPECT_EQ(listener(snapshot, "h80").http->request_rate, 7);
  EXPECT_EQ(listener(snapshot, "h80").http->request_burst, 7);
  EXPECT_EQ(listener(snapshot, "h80").http->body_rate, 0);
  EXPECT_EQ(listener(snapshot, "h80").http->proxy_trusted.size(), 1U);
  EXPECT_FALSE(listener(snapshot, "h80").whitelist) << "AC-02: the packet path does not see the client";
  EXPECT_EQ(listener(snapshot, "h80").http->whitelist->size(), 2U) << "of both families";
}

TEST(CompileHttp, FP_12_PoliciesNamePoolsThatOnlyTheyUse) {
  Model model = sample_http_model();
  const Snapshot snapshot = compiled(model);
  const auto& policies = listener(snapshot, "h80").http->policies;
  ASSERT_EQ(policies.size(), 1U);
  ASSERT_TRUE(policies[0].pool);
  EXPECT_EQ(snapshot.pools[*policies[0].pool].id, "hp");
  EXPECT_EQ(snapshot.pools[*policies[0].pool].members.size(), 1U);
  ASSERT_EQ(policies[0].rules.size(), 1U);
  EXPECT_EQ(policies[0].rules[0].value, "/a");
  EXPECT_FALSE(listener(snapshot, "h80").pool);

  model::Pool down = *model.pools.at("hp");
  down.admin_state_up = false;
  put(model, down);
  EXPECT_FALSE(listener(compiled(model), "h80").http->policies[0].pool) << "nobody can serve";
}

TEST(CompileHttp, FP_08_PoliciesAreInOrderAndWithoutThoseThatMatchNothing) {
  Model model = sample_http_model();
  const auto add = [&](const std::string& id, int position, int64_t sequence, bool up, bool with_rule) {
    model::L7Policy policy = sample_policy(id, "h443", "hp");
    policy.position = position;
    policy.sequence = sequence;
    policy.admin_state_up = up;
    put(model, policy);
    if (with_rule) put(model, sample_rule("rule-" + id, id, "/" + id));
  };
  add("a", 3, 1, true, true);
  add("b", 2, 9, true, true);
  add("c", 2, 4, true, true);
  add("d", 1, 5, false, true);
  add("e", 1, 6, true, false);
  const Snapshot snapshot = compiled(model);
  const auto& policies = listener(snapshot, "h443").http->policies;
  ASSERT_EQ(policies.size(), 3U);
  EXPECT_EQ(policies[0].id, "c");
  EXPECT_EQ(policies[1].id, "b");
  EXPECT_EQ(policies[2].id, "a");
  model::L7Rule rule = *model.l7rules.at("rule-a");
  rule.admin_state_up = false;
  put(model, rule);
  EXPECT_EQ(listener(compiled(model), "h443").http->policies.size(), 2U) << "no rule of it is up";
}

TEST(CompileHttp, FP_04_HostsAreInLowerCaseButExpressionsAreNot) {
  Model model = sample_http_model();
  put(model, sample_rule("r1", "y1", "Www.Test.COM", model::RuleType::kHostName, model::RuleCompare::kEqualTo));
  EXPECT_EQ(listener(compiled(model), "h80").http->policies[0].rules[0].value, "www.test.com");
  put(model, sample_rule("r1", "y1", "\\Dx", model::RuleType::kHostName, model::RuleCompare::kRegex));
  EXPECT_EQ(listener(compiled(model), "h80").http->policies[0].rules[0].value, "\\Dx");
  put(model, sample_rule("r1", "y1", "/Case", model::RuleType::kPath, model::RuleCompare::kEqualTo));
  EXPECT_EQ(listener(compiled(model), "h80").http->policies[0].rules[0].value, "/Case");
}

TEST(CompileHttp, ActionsCarryWhereAndHow) {
  Model model = sample_http_model();
  model::L7Policy policy = *model.l7policies.at("y1");
  policy.redirect_pool_id.reset();
  policy.action = model::L7Action::kUrl;
  policy.redirect_url = "https://a.example/";
  put(model, policy);
  Snapshot snapshot = compiled(model);
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].action, model::PolicyAction::kRedirectUrl);
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].redirect, "https://a.example/");
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].redirect_code, 302);
  EXPECT_FALSE(listener(snapshot, "h80").http->policies[0].pool);
  policy.action = model::L7Action::kPrefix;
  policy.redirect_url.clear();
  policy.redirect_prefix = "https://b.example";
  policy.redirect_http_code = 308;
  put(model, policy);
  snapshot = compiled(model);
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].action, model::PolicyAction::kRedirectPrefix);
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].redirect, "https://b.example");
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].redirect_code, 308);
  policy.action = model::L7Action::kReject;
  put(model, policy);
  snapshot = compiled(model);
  EXPECT_EQ(listener(snapshot, "h80").http->policies[0].action, model::PolicyAction::kReject);
}

TEST(CompileHttp, RD_03_RD_04_ARedirectIsThePortOfItsTarget) {
  Model model = sample_http_model();
  model::L7Policy redirect;
  redirect.id = "y2";
  redirect.listener_id = "h80";
  redirect.action = model::L7Action::kListener;
  redirect.redirect_listener_id = "h443";
  put(model, redirect);
  EXPECT_EQ(listener(compiled(model), "h80").http->redirect_https_port, 8443);
  EXPECT_EQ(listener(compiled(model), "h80").http->policies.size(), 1U) << "kept for when the redirect goes";
  redirect.admin_state_up = false;
  put(model, redirect);
  EXPECT_FALSE(listener(compiled(model), "h80").http->redirect_https_port);
}

TEST(CompileHttp, TLS_12_TLS_14_TLS_16_LS_07_TlsOfAListener) {
  Model model = sample_http_model();
  for (const char* id : {"a1", "z1", "unused"}) put(model, sample_certificate(id, std::string(id) + ".example"));
  put(model, test::sample_authority("ca"));
  model::Listener https = *model.listeners.at("h443");
  https.tls.sni_ids = {"z1", "a1"};
  https.tls.client_ca_id = "ca";
  put(model, https);
  Snapshot snapshot = compiled(model);
  ASSERT_EQ(snapshot.certificates.size(), 3U);
  EXPECT_EQ(snapshot.certificates[0].id, "a1") << "ordered by id";
  EXPECT_EQ(snapshot.certificates[1].private_key, "key c1");
  const model::SnapshotTls& tls = *listener(snapshot, "h443").http->tls;
  EXPECT_EQ(snapshot.certificates[tls.certificate].id, "c1");
  ASSERT_EQ(tls.sni.size(), 2U);
  EXPECT_EQ(tls.sni[0].domain, "z1.example");
  EXPECT_EQ(snapshot.certificates[tls.sni[0].certificate].id, "z1");
  EXPECT_EQ(tls.client_ca, "") << "given, but switched off";
  EXPECT_EQ(tls.policy, "tls-1-2");
  EXPECT_FALSE(tls.http2);

  https.tls.verify_clients = true;
  https.tls.http2 = true;
  https.tls.policy = "tls-1-0";
  put(model, https);
  snapshot = compiled(model);
  EXPECT_EQ(listener(snapshot, "h443").http->tls->client_ca, "certificate ca");
  EXPECT_EQ(listener(snapshot, "h443").http->tls->policy, "tls-1-0");
  EXPECT_TRUE(listener(snapshot, "h443").http->tls->http2);

  https.admin_state_up = false;
  put(model, https);
  EXPECT_TRUE(compiled(model).certificates.empty());
}

TEST(CompileHttp, CA_01_HeadersAndTimes) {
  Model model = sample_http_model();
  Snapshot snapshot = compiled(model);
  const model::SnapshotHttp plain = *listener(snapshot, "h80").http;
  EXPECT_EQ(plain.forwarded_for, model::ForwardedFor::kAppend);
  EXPECT_TRUE(plain.forwarded_port && plain.forwarded_proto);
  EXPECT_EQ(plain.timeouts.idle_s, 60);
  model::Listener http = *model.listeners.at("h80");
  http.http.insert_headers = {{"X-Forwarded-For", "replace"}, {"X-Forwarded-Port", "false"}};
  http.http.client_data_ms = 1;
  http.http.member_connect_ms = 2001;
  http.http.member_data_ms = 30000;
  put(model, http);
  snapshot = compiled(model);
  const model::SnapshotHttp& set = *listener(snapshot, "h80").http;
  EXPECT_EQ(set.forwarded_for, model::ForwardedFor::kReplace);
  EXPECT_FALSE(set.forwarded_port);
  EXPECT_TRUE(set.forwarded_proto);
  EXPECT_EQ(set.timeouts.idle_s, 1);
  EXPECT_EQ(set.timeouts.body_s, 1);
  EXPECT_EQ(set.timeouts.connect_s, 3);
  EXPECT_EQ(set.timeouts.response_s, 30);
  for (const char* word : {"false", "remove"}) {
    http.http.insert_headers = {{"X-Forwarded-For", word}};
    put(model, http);
    EXPECT_EQ(listener(compiled(model), "h80").http->forwarded_for, model::ForwardedFor::kRemove);
  }
}

TEST(CompileHttp, HC_03_HC_07_HC_11_AnHttpCheckKnowsItsCodes) {
  Model model = sample_http_model();
  model::HealthMonitor monitor = test::sample_monitor("h9", "hp");
  put(model, monitor);
  const auto compiled_monitor = [&] {
    const Snapshot snapshot = compiled(model);
    return *snapshot.pools[*listener(snapshot, "h80").http->policies[0].pool].monitor;
  };
  EXPECT_TRUE(compiled_monitor().codes.empty()) << "a TCP check has none";
  monitor.type = model::MonitorType::kHttp;
  monitor.url_path = "/live";
  monitor.domain_name = "a.example";
  put(model, monitor);
  EXPECT_EQ(compiled_monitor().path, "/live");
  EXPECT_EQ(compiled_monitor().host, "a.example");
  EXPECT_EQ(compiled_monitor().codes.size(), 3U) << "200, 202, 401 of an HTTP pool";
  monitor.expected_codes = "204";
  put(model, monitor);
  EXPECT_EQ(compiled_monitor().codes, (std::vector<model::CodeRange>{{204, 204}}));
}

TEST(CompileHttp, ST_05_ST_07_ST_08_CookiesOfAPool) {
  Model model = sample_http_model();
  const auto cookie = [&](std::optional<model::SessionPersistence> persistence) {
    model::Pool pool = *model.pools.at("hp");
    pool.persistence = std::move(persistence);
    put(model, pool);
    const Snapshot snapshot = compiled(model);
    const auto index = *listener(snapshot, "h80").http->policies[0].pool;
    EXPECT_EQ(snapshot.pools[index].sticky_s, 0) << "of the packet path";
    return snapshot.pools[index].cookie;
  };
  using model::PersistenceType;
  EXPECT_EQ(cookie({}).kind, model::CookieKind::kNone);
  EXPECT_EQ(cookie(model::SessionPersistence{7, PersistenceType::kHttpCookie, ""}).duration_s, 420);
  EXPECT_EQ(cookie(model::SessionPersistence{{}, PersistenceType::kHttpCookie, ""}).duration_s, 86400);
  const auto application = cookie(model::SessionPersistence{{}, PersistenceType::kAppCookie, "sid"});
  EXPECT_EQ(application.kind, model::CookieKind::kApplication);
  EXPECT_EQ(application.name, "sid");
}

}  // namespace
}  // namespace elb::control
