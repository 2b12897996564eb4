// SPDX-License-Identifier: Apache-2.0
// Shows: X-10, X-11, X-12, X-15, X-30, X-31, X-34, HC-09, GEN-12, AU-05, TLS-12.
// More of chapter 16, and what the guide's console does that the API has to make possible.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using codec::Value;

class GuideTest : public ApiTest {
 protected:
  GuideTest() : ApiTest(true) {}

  Answer upload(const Issued& issued, bool key, const std::string& more) {
    Value body = *Value::parse("{" + more + "}");
    body.set("certificate", issued.certificate);
    if (key) body.set("private_key", issued.private_key);
    return post("certificates", body.dump());
  }
  std::string server_certificate(const std::string& name) {
    const Answer made = upload(issue_for(name), true, R"("domain":")" + name + "\"");
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.get("id").as_string();
  }
  std::string policy(const std::string& fields) { return create("l7policies", "l7policy", fields); }
  std::string operating(const std::string& policy_id) {
    return get("l7policies/" + policy_id).body.get("l7policy").get("operating_status").as_string();
  }
  std::string https_listener(const std::string& lb, const std::string& certificate, int port = 443) {
    return make_listener(lb, port, "HTTPS", fmt::format(R"(,"default_tls_container_ref":"{}")", certificate));
  }

  const std::string lb_ = make_lb();
};

TEST_F(GuideTest, X_10_TheServersCertificateIsItsOwnTheAuthorityIsForClients) {
  const std::string server = server_certificate("a.example");
  const Answer authority = upload(issue({.common_name = "ca.example", .authority = true}), false, R"("type":"client")");
  ASSERT_EQ(authority.status, 201) << authority.text;
  const std::string ca = authority.body.get("id").as_string(), listener = https_listener(lb_, server);
  const auto change = [&](const std::string& field, const std::string& id) {
    return put("listeners/" + listener,
               fmt::format(R"({{"listener":{{"client_authentication":"MANDATORY","{}":"{}"}}}})", field, id));
  };
  const Answer refused = change("client_ca_tls_container_ref", server);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.get("field").as_string(), "client_ca_tls_container_ref");
  EXPECT_EQ(change("client_ca_tls_container_ref", ca).status, 200);
  EXPECT_EQ(change("default_tls_container_ref", ca).body.get("field").as_string(), "default_tls_container_ref");
}

TEST_F(GuideTest, X_11_TheLoadBalancerItselfSends301) {
  const std::string target = https_listener(lb_, server_certificate("a.example")),
                    http = make_listener(lb_, 80, "HTTP");
  const auto redirect = [&](const std::string& more) {
    return post("l7policies", fmt::format(R"({{"l7policy":{{"listener_id":"{}","action":"REDIRECT_TO_LISTENER",
        "redirect_listener_id":"{}"{}}}}})",
                                          http, target, more));
  };
  EXPECT_EQ(redirect(R"(,"redirect_http_code":302)").body.get("field").as_string(), "redirect_http_code");
  const Answer made = redirect("");
  ASSERT_EQ(made.status, 201) << made.text << " though no member is there to send anything";
  EXPECT_EQ(made.body.get("l7policy").get("redirect_http_code").as_int(), 301);
}

TEST_F(GuideTest, X_12_PoliciesOfARedirectedListenerStayAndWait) {
  const std::string target = https_listener(lb_, server_certificate("a.example")),
                    http = make_listener(lb_, 80, "HTTP");
  const std::string reject = policy(fmt::format(
      R"("listener_id":"{}","action":"REJECT","rules":[{{"type":"PATH","compare_type":"EQUAL_TO","value":"/a"}}])",
      http));
  EXPECT_EQ(operating(reject), "ONLINE");
  const std::string redirect = policy(
      fmt::format(R"("listener_id":"{}","action":"REDIRECT_TO_LISTENER","redirect_listener_id":"{}")", http, target));
  EXPECT_EQ(operating(reject), "OFFLINE") << "stored, without effect";
  EXPECT_EQ(put("l7policies/" + reject, R"({"l7policy":{"name":"still changed"}})").status, 200);
  EXPECT_EQ(del("l7policies/" + redirect).status, 204);
  EXPECT_EQ(operating(reject), "ONLINE");
}

TEST_F(GuideTest, X_15_MembersSeeTheLocalRangeWhichNobodyElseMayHave) {
  const Answer refused =
      post("pools/" + make_lone_pool(lb_) + "/members", R"({"member":{"address":"100.125.0.9","protocol_port":80}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.get("field").as_string(), "address");
  EXPECT_NE(refused.fault().find("--local-addresses"), std::string::npos) << refused.fault();
}

TEST_F(GuideTest, X_30_ACertificateIsBoundToNoKindOfLoadBalancer) {
  const std::string certificate = server_certificate("a.example"), other = make_lb("other");
  create("/v1/eips", "eip", fmt::format(R"("loadbalancer_id":"{}")", other));
  https_listener(lb_, certificate);
  https_listener(other, certificate);  // one is private, the other public
}

TEST_F(GuideTest, X_31_X_34_TheHeaderIsXForwardedForAndIsAppendedToUnlessTold) {
  const std::string path = "listeners/" + make_listener(lb_, 80, "HTTP");
  const auto header = [&](const std::string& name, const std::string& value) {
    return put(path, fmt::format(R"({{"listener":{{"insert_headers":{{"{}":"{}"}}}}}})", name, value)).status;
  };
  for (const std::string mode : {"append", "replace", "remove", "true", "false"})
    EXPECT_EQ(header("X-Forwarded-For", mode), 200) << mode;
  EXPECT_EQ(header("X-Forwarded-For", "spoof"), 400);
  EXPECT_EQ(header("X-Forward-For", "append"), 400) << "the guide's slip of the pen";
}

TEST_F(GuideTest, HC_09_WithoutAdvancedSettingsTheDefaultsCount) {
  const std::string id = create("healthmonitors", "healthmonitor",
                                fmt::format(R"("pool_id":"{}","type":"HTTP")", make_lone_pool(lb_, "HTTP")));
  const Value monitor = get("healthmonitors/" + id).body.get("healthmonitor");
  EXPECT_EQ(monitor.get("delay").as_int(), 5);
  EXPECT_EQ(monitor.get("timeout").as_int(), 3);
  EXPECT_EQ(monitor.get("url_path").as_string(), "/");
  EXPECT_EQ(monitor.get("max_retries").as_int(), 3);
  EXPECT_EQ(monitor.get("max_retries_down").as_int(), 3);
}

TEST_F(GuideTest, GEN_12_AU_05_WhatWasDoneIsKeptAndShownWhole) {
  const std::string pool = make_lone_pool(lb_);
  EXPECT_EQ(put("pools/" + pool, R"({"pool":{"name":"n","lb_algorithm":"FASTEST"}})").status, 400);
  const Value traces = get("/v1/traces?resource_id=" + pool).body.get("traces");
  ASSERT_EQ(traces.size(), 2U) << traces.dump() << " failed calls, too";
  for (size_t i = 0; i < traces.size(); ++i) {
    const Value trace = get("/v1/traces/" + traces.at(i).get("trace_id").as_string()).body.get("trace");
    for (const std::string field : {"code", "source_ip", "trace_type", "event_type", "trace_name", "resource_type",
                                    "trace_rating", "request", "response", "user", "time", "record_time"})
      EXPECT_TRUE(trace.has(field)) << field << " of " << trace.dump();
    EXPECT_NE(trace.get("request").dump().find("lb_algorithm"), std::string::npos) << "the call itself";
  }
}

TEST_F(GuideTest, TLS_12_FiftySniCertificatesOfAListener) {
  const std::string path = "listeners/" + https_listener(lb_, server_certificate("default.example"));
  std::vector<std::string> certificates;
  for (int i = 0; i < 51; ++i) certificates.push_back(server_certificate(fmt::format("n{}.example", i)));
  for (const size_t count : {size_t{49}, size_t{50}, size_t{51}}) {
    Value refs = Value::array();
    for (size_t i = 0; i < count; ++i) refs.push(certificates[i]);
    const Answer answer = put(path, R"({"listener":{"sni_container_refs":)" + refs.dump() + "}}");
    EXPECT_EQ(answer.status, count <= 50 ? 200 : 400) << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), count <= 50 ? "" : "sni_container_refs");
  }
}

}  // namespace
}  // namespace elb::test
