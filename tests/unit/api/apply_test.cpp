// SPDX-License-Identifier: Apache-2.0
// Declarative apply and export (issue 6, "native extras"): plans, one transaction, errors with their place, pruning,
// projects. The property of random configurations is in apply_property_test.cpp.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using codec::Value;

class ApplyTest : public ApiTest {
 protected:
  ApplyTest() : ApiTest(true) {}

  Answer apply(const std::string& document, const std::string& query = "") {
    return post("/v1/apply" + query, document);
  }

  /// The plan as "create listener web, update member 198.51.100.1:80 weight".
  static std::string plan(const Answer& answer) {
    std::string text;
    const Value changes = answer.body.get("changes");
    for (size_t i = 0; i < changes.size(); ++i) {
      const Value one = changes.at(i);
      text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", one.get("action").text(), one.get("kind").text(),
                          one.get("name").text());
      if (one.get("action").text() != "update") continue;
      const Value fields = one.get("fields");
      for (size_t j = 0; j < fields.size(); ++j)
        text += fmt::format(" {}:{}->{}", fields.at(j).get("field").text(), fields.at(j).get("old").text(),
                            fields.at(j).get("new").text());
    }
    return text;
  }

  static std::string errors(const Answer& answer) {
    std::string text;
    const Value list = answer.body.get("errors");
    if (list.size() == 0) return answer.fault();  // one error is told as ever
    for (size_t i = 0; i < list.size(); ++i)
      text += list.at(i).get("path").text() + ": " + list.at(i).get("message").text() + "\n";
    return text;
  }
};

std::string shop(const std::string& port = "80",
                 const std::string& members = R"({"address":"198.51.100.1","protocol_port":80})",
                 const std::string& more = "") {
  return fmt::format(R"({{"load_balancers":[{{"name":"shop","vip_subnet_id":"{}",
    "pools":[{{"name":"web","protocol":"HTTP","lb_algorithm":"ROUND_ROBIN","members":[{}],
               "healthmonitor":{{"type":"HTTP","delay":5,"timeout":3,"max_retries":2}}}},
             {{"name":"api","protocol":"HTTP","lb_algorithm":"ROUND_ROBIN","members":[]}}],
    "listeners":[{{"name":"http","protocol":"HTTP","protocol_port":{},"default_pool":"web",
      "l7policies":[{{"name":"to-api","action":"REDIRECT_TO_POOL","redirect_pool":"api",
        "rules":[{{"type":"PATH","compare_type":"STARTS_WITH","value":"/api"}}]}}]}}{}]}}]}})",
                     kVipSubnet, members, port, more);
}

TEST_F(ApplyTest, makes_everything_in_one_revision_and_nothing_the_second_time) {
  const uint64_t before = revision();
  const Answer dry = apply(shop(), "?dry_run=true");
  ASSERT_EQ(dry.status, 200) << dry.text;
  EXPECT_EQ(revision(), before);
  const Answer made = apply(shop());
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(revision(), before + 1);
  for (const std::string expected :
       {"create load_balancer shop", "create pool web", "create pool api", "create listener http",
        "create member 198.51.100.1:80", "create health_monitor HTTP", "create l7policy to-api",
        "create l7rule PATH STARTS_WITH /api"})
    EXPECT_NE(plan(made).find(expected), std::string::npos) << expected << made.text;
  EXPECT_EQ(made.body.get("summary").dump(), R"({"create":8,"update":0,"replace":0,"delete":0,"unchanged":0})");
  EXPECT_EQ(dry.body.get("summary"), made.body.get("summary"));
  const std::string configured = configuration();
  const Answer again = apply(shop(), "?prune=all");
  EXPECT_EQ(again.body.get("summary").dump(), R"({"create":0,"update":0,"replace":0,"delete":0,"unchanged":8})");
  EXPECT_EQ(revision(), before + 1);
  EXPECT_EQ(configuration(), configured);
}

TEST_F(ApplyTest, shows_old_and_new_of_what_changes_and_replaces_what_cannot) {
  ASSERT_EQ(apply(shop()).status, 200);
  const Answer weight = apply(shop("80", R"({"address":"198.51.100.1","protocol_port":80,"weight":7})"));
  EXPECT_EQ(plan(weight), "update member 198.51.100.1:80 weight:1->7") << weight.text;
  EXPECT_EQ(weight.body.get("changes").at(0).get("path").text(), "load_balancers[0].pools[0].members[0]");
  const Answer port = apply(shop("8080"));
  ASSERT_EQ(port.status, 200) << port.text;
  const Value changes = port.body.get("changes");
  std::string replaced;
  for (size_t i = 0; i < changes.size(); ++i)
    if (changes.at(i).get("action").text() == "replace") replaced = changes.at(i).dump();
  EXPECT_NE(replaced.find(R"("kind":"listener")"), std::string::npos) << port.text;
  EXPECT_NE(replaced.find("protocol_port cannot be changed"), std::string::npos) << replaced;
  EXPECT_NE(replaced.find(R"({"field":"protocol_port","old":80,"new":8080})"), std::string::npos) << replaced;
  EXPECT_EQ(get("listeners").body.get("listeners").size(), 1U);
  EXPECT_EQ(get("l7policies").body.get("l7policies").size(), 1U) << "with its policies";
}

TEST_F(ApplyTest, prunes_only_what_the_document_speaks_of) {
  ASSERT_EQ(
      apply(shop("80", R"({"address":"198.51.100.1","protocol_port":80},{"address":"198.51.100.2","protocol_port":80})",
                 R"(,{"name":"old","protocol":"TCP","protocol_port":9000})"))
          .status,
      200);
  make_lb("other");
  const Answer kept = apply(shop());
  EXPECT_EQ(plan(kept), "");
  const Answer planned = apply(shop(), "?prune=true&dry_run=true");
  EXPECT_EQ(plan(planned), "delete member 198.51.100.2:80, delete listener old") << planned.text;
  EXPECT_EQ(get("listeners").body.get("listeners").size(), 2U);
  EXPECT_EQ(plan(apply(shop(), "?prune=true")), plan(planned));
  EXPECT_EQ(plan(apply(shop(), "?prune=all")), "delete load_balancer other");
  // A list that is absent is not the document's business, an empty one is.
  const Answer absent = apply(R"({"load_balancers":[{"name":"shop"}]})", "?prune=true");
  EXPECT_EQ(plan(absent), "") << absent.text;
  const Answer empty = apply(R"({"load_balancers":[{"name":"shop","pools":[],"listeners":[]}]})", "?prune=true");
  ASSERT_EQ(empty.status, 200) << empty.text;
  EXPECT_EQ(empty.body.get("summary").get("delete").as_int(), 7) << empty.text;
  EXPECT_EQ(get("loadbalancers").body.get("loadbalancers").size(), 1U);
}

TEST_F(ApplyTest, tells_all_errors_with_their_places_and_changes_nothing) {
  const std::string before = configuration();
  const Answer answer = apply(fmt::format(
      R"({{"load_balancers":[{{"name":"a","vip_subnet_id":"{}",
           "pools":[{{"name":"p","protocol":"TCP","lb_algorithm":"RANDOM"}}],
           "listeners":[{{"protocol":"TCP","protocol_port":80}},{{"protocol":"TCP","protocol_port":80}},
                        {{"protocol":"TCP","protocol_port":70000}},{{"protocol":"TCP","protocol_port":81,"default_pool":"q"}},
                        {{"protocol":"TCP","protocol_port":82,"colour":"red"}}]}},
         {{"name":"b"}}]}})",
      kVipSubnet));
  EXPECT_EQ(answer.status, 400) << answer.text;
  const std::string told = errors(answer);
  for (const std::string expected :
       {"load_balancers[0].pools[0].lb_algorithm: must be ROUND_ROBIN or",
        "load_balancers[0].listeners[1].protocol_port: TCP 80 is given twice",
        "load_balancers[0].listeners[2].protocol_port: must be 1 to 65535, got 70000",
        "load_balancers[0].listeners[3].default_pool: the load balancer has no pool 'q'",
        "load_balancers[0].listeners[4].colour: unknown field 'colour'",
        "load_balancers[1].vip_subnet_id: one of vip_subnet_id, vip_network_id, vip_address is required"})
    EXPECT_NE(told.find(expected), std::string::npos) << expected << "\n" << told;
  EXPECT_EQ(answer.body.get("errors_total").as_int(), 6) << told;
  EXPECT_EQ(configuration(), before);
}

TEST_F(ApplyTest, names_the_place_of_what_only_the_whole_shows) {
  const std::string lb = make_lb("shop");
  make_listener(lb, 80, "TCP", R"(,"name":"first")");
  const Answer answer =
      apply(R"({"load_balancers":[{"name":"shop","listeners":[{"name":"first","protocol":"TCP","protocol_port":80},
                {"name":"x","protocol":"HTTP","protocol_port":80}]}]})");
  EXPECT_EQ(answer.status, 400) << answer.text;
  EXPECT_NE(answer.fault().find("load_balancers[0].listeners[1].protocol_port"), std::string::npos) << answer.fault();
  const Answer family = apply(fmt::format(
      R"({{"load_balancers":[{{"name":"shop","pools":[{{"name":"p","protocol":"TCP","lb_algorithm":"ROUND_ROBIN",
          "members":[{{"address":"203.0.113.9","protocol_port":1}}],"healthmonitor":{{"type":"UDP-CONNECT"}}}}]}}]}})"));
  EXPECT_EQ(family.status, 400);
  EXPECT_NE(family.fault().find("a TCP pool cannot be checked by UDP-CONNECT"), std::string::npos) << family.fault();
}

TEST_F(ApplyTest, a_plan_that_was_seen_holds_only_for_its_revision) {
  const std::string seen = apply(shop(), "?dry_run=true").body.get("revision").text();
  make_lb("other");
  const Answer late = apply(shop(), "?base_revision=" + seen);
  EXPECT_EQ(late.status, 409) << late.text;
  EXPECT_NE(late.fault().find("look at the plan again"), std::string::npos) << late.fault();
  EXPECT_EQ(apply(shop(), fmt::format("?base_revision={}", revision())).status, 200);
  EXPECT_EQ(apply(shop(), "?base_revision=x").status, 400);
}

TEST_F(ApplyTest, a_name_that_several_have_is_refused) {
  const std::string lb = make_lb("shop");
  for (int i = 0; i < 2; ++i) {
    const std::string pool = make_lone_pool(lb, "HTTP");
    put("pools/" + pool, R"({"pool":{"name":"web"}})");
  }
  const Answer pool = apply(R"({"load_balancers":[{"name":"shop","listeners":[
      {"name":"a","protocol":"HTTP","protocol_port":80,"default_pool":"web"},
      {"name":"b","protocol":"HTTP","protocol_port":81,"l7policies":[{"name":"p","action":"REDIRECT_TO_POOL","redirect_pool":"web"}]}]}]})");
  EXPECT_EQ(pool.status, 409) << pool.text;
  EXPECT_NE(errors(pool).find("listeners[0].default_pool: several pools"), std::string::npos) << pool.text;
  EXPECT_NE(errors(pool).find("l7policies[0].redirect_pool: several pools"), std::string::npos) << pool.text;
  make_lb("shop");
  const Answer twice = apply(R"({"load_balancers":[{"name":"shop"}]})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_NE(twice.fault().find("load_balancers[0].name: 2 load balancers there are called 'shop'; give the id"),
            std::string::npos)
      << twice.fault();
}

TEST_F(ApplyTest, wait_applied_answers_in_time_or_with_202) {
  views_.set_applied(1000);
  const Answer done = apply(shop(), "?wait=applied");
  EXPECT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.header("X-Elb-Revision"), std::to_string(revision()));
  views_.set_applied(revision());
  const Answer late = call("PUT",
                           "loadbalancers/" + get("loadbalancers").body.get("loadbalancers").at(0).get("id").text() +
                               "?wait=applied&wait_timeout=1",
                           R"({"loadbalancer":{"name":"other"}})");
  EXPECT_EQ(late.status, 202) << late.text;
  EXPECT_EQ(late.body.get("loadbalancer").get("name").text(), "other");
  EXPECT_EQ(late.header("X-Elb-Applied-Revision"), std::to_string(revision() - 1));
  for (const std::string query :
       {"?wait=soon", "?wait=applied&wait_timeout=0", "?wait=applied&wait_timeout=31", "?wait_timeout=3"})
    EXPECT_EQ(apply(shop(), query).status, 400) << query;
}

TEST_F(ApplyTest, refuses_to_move_a_vip) {
  const std::string lb = make_lb("shop");
  const Answer answer = apply(R"({"load_balancers":[{"name":"shop","vip_address":"192.0.2.77"}]})");
  EXPECT_EQ(answer.status, 409) << answer.text;
  EXPECT_NE(answer.fault().find("load_balancers[0].vip_address: cannot be changed"), std::string::npos);
}

TEST_F(ApplyTest, bad_documents_are_told_by_name) {
  for (const auto& [body, expected] : std::map<std::string, std::string>{
           {"[]", "expected an object with load_balancers"},
           {R"({"load_balancer":[]})", "unknown field 'load_balancer'"},
           {R"({"load_balancers":{}})", "load_balancers: expected an array"},
           {R"({"load_balancers":[1]})", "load_balancers[0]: expected an object"},
           {R"({"version":2})", "version: must be 1"},
           {R"({"load_balancers":[{"vip_subnet_id":"x"}]})", "load_balancers[0].name: is required"},
           {R"({"load_balancers":[{"name":"a","id":"x","vip_subnet_id":"y"}]})",
            "load_balancers[0].id: must be a UUID"},
       }) {
    const Answer answer = apply(body);
    EXPECT_TRUE(answer.status == 400 || answer.status == 501) << body << answer.text;
    EXPECT_NE(answer.fault().find(expected), std::string::npos) << body << "\n" << answer.fault();
  }
  EXPECT_EQ(apply("{}", "?prune=maybe").status, 400);
  EXPECT_EQ(apply("{}", "?colour=red").status, 400);
}

TEST_F(ApplyTest, export_is_what_apply_takes) {
  ASSERT_EQ(apply(shop()).status, 200);
  const std::string lb = make_lb("", R"(,"tags":["a"])");
  const std::string pool = make_lone_pool(lb, "UDP");
  make_member(pool, "198.51.100.7", 53, R"(,"weight":9,"name":"m")");
  make_listener(lb, 53, "UDP", R"(,"allowed_cidrs":["10.0.0.0/8"],"default_pool_id":")" + pool + "\"");
  const Answer exported = get("/v1/export");
  ASSERT_EQ(exported.status, 200) << exported.text;
  const uint64_t before = revision();
  const Answer applied = apply(exported.text, "?prune=all");
  ASSERT_EQ(applied.status, 200) << applied.text << exported.text;
  EXPECT_EQ(plan(applied), "") << applied.text;
  EXPECT_EQ(revision(), before);
  const Answer one = get("/v1/export?load_balancer=shop");
  EXPECT_EQ(one.body.get("load_balancers").size(), 1U);
  EXPECT_FALSE(one.body.has("certificates"));
  EXPECT_EQ(get("/v1/export?load_balancer=none").status, 404);
}

TEST_F(ApplyTest, TLS_19_certificates_are_led_to_by_name_and_their_keys_stay) {
  const Issued first = issue_for("shop.example"), second = issue_for("shop.example");
  const auto document = [](const Issued& issued, bool with_key) {
    Value certificate = Value::object();
    certificate.set("name", "shop").set("domain", "SHOP.example").set("certificate", issued.certificate);
    if (with_key) certificate.set("private_key", issued.private_key);
    Value listener = Value::object();
    listener.set("name", "https").set("protocol", "HTTPS").set("protocol_port", 443);
    listener.set("default_tls_container_ref", "shop");
    Value lb = Value::object();
    lb.set("name", "shop").set("vip_subnet_id", kVipSubnet).set("listeners", Value::array().push(listener));
    Value out = Value::object();
    out.set("certificates", Value::array().push(certificate)).set("load_balancers", Value::array().push(lb));
    return out.dump();
  };
  const Answer keyless = apply(document(first, false));
  EXPECT_EQ(keyless.status, 400) << keyless.text;
  EXPECT_NE(errors(keyless).find("certificates[0].private_key: is required"), std::string::npos) << keyless.text;
  const Answer made = apply(document(first, true));
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(made.text.find("PRIVATE KEY"), std::string::npos);
  EXPECT_NE(made.text.find("******"), std::string::npos);
  EXPECT_EQ(plan(apply(document(first, true), "?prune=all")), "");
  EXPECT_EQ(plan(apply(document(first, false), "?prune=all")), "") << "without a key the one there stays";
  const Answer exported = get("/v1/export");
  EXPECT_EQ(exported.text.find("PRIVATE KEY"), std::string::npos);
  EXPECT_NE(exported.text.find(R"("default_tls_container_ref":"shop")"), std::string::npos) << exported.text;
  EXPECT_EQ(plan(apply(exported.text, "?prune=all")), "");
  const Answer renewed = apply(document(second, true));
  ASSERT_EQ(renewed.status, 200) << renewed.text;
  EXPECT_EQ(renewed.text.find("PRIVATE KEY"), std::string::npos);
  EXPECT_EQ(renewed.body.get("summary").dump(), R"({"create":0,"update":1,"replace":0,"delete":0,"unchanged":2})");
  const Answer unknown = apply(R"({"load_balancers":[{"name":"shop","listeners":[{"name":"https","protocol":"HTTPS",
      "protocol_port":443,"default_tls_container_ref":"none"}]}]})");
  EXPECT_EQ(unknown.status, 404) << unknown.text;
  EXPECT_NE(unknown.fault().find("listeners[0].default_tls_container_ref: certificate 'none' does not exist"),
            std::string::npos)
      << unknown.fault();
}

TEST_F(ApplyTest, GEN11_a_document_is_of_one_project) {
  const auto member = [this](const std::string& project) {
    EXPECT_TRUE(identities_->add({project, project, "", 0}));
    return identities_->issue({.name = project, .project_id = project, .role = identity::Role::kMember})->secret;
  };
  const std::string bank = member("bank"), store = member("store");
  token_ = bank;
  ASSERT_EQ(apply(shop()).status, 200);
  const std::string lb = get("loadbalancers").body.get("loadbalancers").at(0).get("id").text();
  const std::string address = get("loadbalancers").body.get("loadbalancers").at(0).get("vip_address").text();
  token_ = store;
  EXPECT_EQ(get("/v1/export").body.get("load_balancers").size(), 0U);
  EXPECT_EQ(get("/v1/export?project_id=bank").status, 404);
  EXPECT_EQ(apply("{}", "?project_id=bank").status, 404);
  EXPECT_EQ(plan(apply("{}", "?prune=all")), "");
  const Answer taken = apply(fmt::format(
      R"({{"load_balancers":[{{"name":"x","vip_address":"{}"}},{{"name":"y","vip_subnet_id":"nowhere"}}]}})", address));
  EXPECT_GE(taken.status, 400);
  EXPECT_EQ(taken.text.find(lb), std::string::npos) << taken.text;
  const Answer guessed =
      apply(fmt::format(R"({{"load_balancers":[{{"id":"{}","vip_subnet_id":"{}"}}]}})", lb, kVipSubnet));
  EXPECT_EQ(guessed.status, 409) << guessed.text;
  token_ = bank;
  EXPECT_EQ(get("loadbalancers").body.get("loadbalancers").size(), 1U);
  token_.clear();
  EXPECT_EQ(get("/v1/export?project_id=bank").body.get("load_balancers").size(), 1U);
  EXPECT_EQ(get("/v1/export").body.get("load_balancers").size(), 0U) << "an administrator's own project has none";
}

TEST_F(ApplyTest, quotas_hold_for_the_whole_document) {
  ASSERT_TRUE(identities_->set_quotas("", {{"member", 1}}));
  const Answer answer = apply(
      shop("80", R"({"address":"198.51.100.1","protocol_port":80},{"address":"198.51.100.2","protocol_port":80})"));
  EXPECT_EQ(answer.status, 403) << answer.text;
  EXPECT_EQ(
      apply(
          shop("80", R"({"address":"198.51.100.1","protocol_port":80},{"address":"198.51.100.2","protocol_port":80})"),
          "?dry_run=true")
          .status,
      403);
  EXPECT_EQ(get("loadbalancers").body.get("loadbalancers").size(), 0U);
}

}  // namespace
}  // namespace elb::test
