// SPDX-License-Identifier: Apache-2.0
// Shows: FP-01, FP-03, FP-10, FP-14, FP-15, FP-16, FP-17, GEN-01, HC-02, HC-11, LS-01, LS-03, LS-05, LS-06, LS-07,
// LS-08, LS-10, PL-02, RD-01, RD-02, RD-04, RD-05, ST-01, ST-02, ST-03, ST-04, ST-05. HTTP and HTTPS listeners, their
// policies and rules over the API.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using codec::Value;

class L7Test : public ApiTest {
 protected:
  L7Test() : ApiTest(true) {}

  std::string upload(const Issued& issued, const std::string& type) {
    Value body;
    body.set("certificate", issued.certificate).set("type", type);
    if (type == "server") body.set("private_key", issued.private_key);
    return post("certificates", body.dump()).body.get("id").as_string();
  }
  std::string make_https(int port = 443, const std::string& more = "") {
    return make_listener(lb_, port, "HTTPS", fmt::format(R"(,"default_tls_container_ref":"{}"{})", certificate_, more));
  }
  Value listener(const std::string& id) { return get("listeners/" + id).body.get("listener"); }
  Answer change_listener(const std::string& id, const std::string& fields) {
    return put("listeners/" + id, "{\"listener\":{" + fields + "}}");
  }
  std::string make_policy(const std::string& listener, const std::string& more) {
    return create("l7policies", "l7policy", fmt::format(R"("listener_id":"{}",{})", listener, more));
  }
  std::string to_pool(const std::string& pool) {
    return fmt::format(R"("action":"REDIRECT_TO_POOL","redirect_pool_id":"{}")", pool);
  }
  Answer add_rule(const std::string& policy, const std::string& type, const std::string& compare,
                  const std::string& value, const std::string& more = "") {
    return post(
        "l7policies/" + policy + "/rules",
        fmt::format(R"({{"rule":{{"type":"{}","compare_type":"{}","value":"{}"{}}}}})", type, compare, value, more));
  }
  void expect_refused(const Answer& answer, int status, const std::string& field) {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_EQ(answer.body.get("field").text(), field) << answer.text;
  }

  const std::string lb_ = make_lb();
  const Issued issued_ = issue_for("a.example");
  const std::string certificate_ = upload(issued_, "server");
};

TEST_F(L7Test, LS_01_LS_03_HttpAndHttpsShareThePortsOfTcp) {
  const std::string http = make_listener(lb_, 80, "HTTP");
  EXPECT_EQ(listener(http).get("protocol").as_string(), "HTTP");
  EXPECT_EQ(listener(make_https(443)).get("protocol").as_string(), "HTTPS");
  const std::string octavia =
      make_listener(lb_, 8443, "TERMINATED_HTTPS", fmt::format(R"(,"default_tls_container_ref":"{}")", certificate_));
  EXPECT_EQ(listener(octavia).get("protocol").as_string(), "TERMINATED_HTTPS") << "as whoever made it says";
  make_listener(lb_, 443, "UDP");
  for (const std::string protocol : {"TCP", "HTTP"}) {
    const Answer clash = post("listeners", fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"{}",)"
                                                       R"("protocol_port":443}}}})",
                                                       lb_, protocol));
    expect_refused(clash, 409, "protocol_port");
  }
}

TEST_F(L7Test, LS_06_LS_07_LS_08_TlsSettings) {
  expect_refused(post("listeners", fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"HTTPS",)"
                                               R"("protocol_port":444}}}})",
                                               lb_)),
                 400, "default_tls_container_ref");
  const std::string id = make_https();
  EXPECT_EQ(listener(id).get("default_tls_container_ref").as_string(), certificate_);
  EXPECT_FALSE(listener(id).get("http2_enable").as_bool());
  EXPECT_EQ(listener(id).get("tls_ciphers_policy").as_string(), "tls-1-2");
  expect_refused(change_listener(id, R"("default_tls_container_ref":null)"), 400, "default_tls_container_ref");
  expect_refused(change_listener(id, R"("default_tls_container_ref":")" + kNobody + "\""), 404,
                 "default_tls_container_ref");
  expect_refused(change_listener(id, R"("client_authentication":"MANDATORY")"), 400, "client_authentication");

  EXPECT_EQ(change_listener(id, R"("http2_enable":true,"tls_ciphers_policy":"tls-1-2-strict")").status, 200);
  EXPECT_EQ(listener(id).get("alpn_protocols").dump(), R"(["h2","http/1.1"])");
  EXPECT_EQ(change_listener(id, R"("alpn_protocols":["http/1.1"])").status, 200);
  EXPECT_FALSE(listener(id).get("http2_enable").as_bool());
  expect_refused(change_listener(id, R"("alpn_protocols":["h2"],"http2_enable":false)"), 400, "alpn_protocols");
  expect_refused(change_listener(id, R"("alpn_protocols":["h3"])"), 400, "alpn_protocols[0]");

  const std::string ca = upload(issue({.common_name = "CA", .authority = true}), "client");
  EXPECT_EQ(change_listener(id, R"("client_ca_tls_container_ref":")" + ca + "\"").status, 200);
  EXPECT_EQ(listener(id).get("client_authentication").as_string(), "MANDATORY") << "as in the vendor's API";
  EXPECT_EQ(change_listener(id, R"("client_authentication":"NONE")").status, 200);
  EXPECT_EQ(listener(id).get("client_ca_tls_container_ref").as_string(), ca);
  EXPECT_EQ(change_listener(id, R"("client_ca_tls_container_ref":null)").status, 200);
  EXPECT_EQ(listener(id).get("client_authentication").as_string(), "NONE");
  expect_refused(change_listener(id, R"("client_authentication":"OPTIONAL")"), 501, "client_authentication");
  expect_refused(change_listener(id, R"("client_ca_tls_container_ref":")" + certificate_ + "\""), 400,
                 "client_ca_tls_container_ref");

  const std::string http = make_listener(lb_, 80, "HTTP");
  expect_refused(change_listener(http, R"("http2_enable":true)"), 400, "http2_enable");
  expect_refused(change_listener(http, R"("default_tls_container_ref":")" + certificate_ + "\""), 400,
                 "default_tls_container_ref");
}

TEST_F(L7Test, HeadersAndTimesOfHttpListeners) {
  const std::string id = make_listener(lb_, 80, "HTTP", R"(,"insert_headers":{"X-Forwarded-For":true})");
  EXPECT_EQ(listener(id).get("insert_headers").dump(), R"({"X-Forwarded-For":"true"})");
  EXPECT_EQ(listener(id).get("timeout_member_connect").as_int(), 5000);
  EXPECT_EQ(listener(id).get("timeout_client_data").as_int(), 60000);
  EXPECT_EQ(change_listener(id, R"("timeout_client_data":50000,"insert_headers":{"X-Forwarded-Port":"false"})").status,
            200);
  EXPECT_EQ(listener(id).get("timeout_client_data").as_int(), 50000);
  EXPECT_EQ(listener(id).get("insert_headers").dump(), R"({"X-Forwarded-Port":"false"})");
  EXPECT_EQ(change_listener(id, R"("timeout_client_data":null,"insert_headers":null)").status, 200);
  EXPECT_EQ(listener(id).get("timeout_client_data").as_int(), 60000);
  EXPECT_EQ(listener(id).get("insert_headers").dump(), "{}");
  expect_refused(change_listener(id, R"("insert_headers":{"X-Forwarded-For":"maybe"})"), 400,
                 "insert_headers.X-Forwarded-For");
  expect_refused(change_listener(id, R"("insert_headers":{"X-SSL-Client-DN":"true"})"), 501,
                 "insert_headers.X-SSL-Client-DN");
  expect_refused(change_listener(id, R"("timeout_member_data":0)"), 400, "timeout_member_data");
  expect_refused(change_listener(id, R"("toa":true)"), 400, "toa");
}

TEST_F(L7Test, PL_02_PoolsOfHttpListeners) {
  const std::string http = make_listener(lb_, 80, "HTTP"), https = make_https();
  const std::string pool = make_pool(http, "HTTP");
  EXPECT_EQ(change_listener(https, R"("default_pool_id":")" + pool + "\"").status, 200) << "PL-12";
  const std::string tcp = make_lone_pool(lb_, "TCP");
  expect_refused(change_listener(http, R"("default_pool_id":")" + tcp + "\""), 400, "default_pool_id");
  expect_refused(post("pools", fmt::format(R"({{"pool":{{"loadbalancer_id":"{}","protocol":"HTTPS",)"
                                           R"("lb_algorithm":"ROUND_ROBIN"}}}})",
                                           lb_)),
                 501, "protocol");
}

TEST_F(L7Test, ST_01_ST_02_ST_03_ST_04_ST_05_StickinessOfHttpPools) {
  const auto made = [&](const std::string& algorithm, const std::string& persistence) {
    return post(
        "pools",
        fmt::format(
            R"({{"pool":{{"loadbalancer_id":"{}","protocol":"HTTP","lb_algorithm":"{}","session_persistence":{}}}}})",
            lb_, algorithm, persistence));
  };
  int fit = 0;
  for (const std::string algorithm : {"ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"}) {
    for (const std::string type : {"SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE"}) {
      const Answer answer = made(
          algorithm, fmt::format(R"({{"type":"{}"{}}})", type, type == "APP_COOKIE" ? R"(,"cookie_name":"sid")" : ""));
      if (answer.status == 201) ++fit;
      EXPECT_EQ(answer.status == 201, (algorithm == "ROUND_ROBIN" && type != "SOURCE_IP") ||
                                          (algorithm == "SOURCE_IP" && type == "SOURCE_IP"))
          << algorithm << type << answer.text;
      if (answer.status != 201) {
        EXPECT_TRUE(answer.body.get("field").text().starts_with("session_persistence")) << answer.text;
      }
    }
  }
  EXPECT_EQ(fit, 3);
  Answer answer = made("ROUND_ROBIN", R"({"type":"HTTP_COOKIE"})");
  EXPECT_EQ(answer.body.get("pool").get("session_persistence").get("persistence_timeout").as_int(), 1440) << "X-1";
  const std::string path = "pools/" + answer.body.get("pool").get("id").as_string();
  const auto change = [&](const std::string& persistence) {
    return put(path, R"({"pool":{"session_persistence":)" + persistence + "}}");
  };
  EXPECT_EQ(change(R"({"persistence_timeout":1440})").status, 200);
  expect_refused(change(R"({"persistence_timeout":1441})"), 400, "session_persistence.persistence_timeout");
  expect_refused(change(R"({"cookie_name":"sid"})"), 400, "session_persistence.cookie_name");
  expect_refused(change(R"({"type":"APP_COOKIE"})"), 400, "session_persistence.cookie_name");
  answer = change(R"({"type":"APP_COOKIE","cookie_name":"sid"})");
  EXPECT_EQ(answer.body.get("pool").get("session_persistence").get("cookie_name").as_string(), "sid");
  EXPECT_EQ(answer.body.get("pool").get("warnings").size(), 1U) << "the time of before has no effect" << answer.text;
  answer = change(R"({"type":"HTTP_COOKIE"})");
  EXPECT_EQ(answer.status, 200) << "the name went with its type" << answer.text;
  expect_refused(change(R"({"type":"APP_COOKIE","cookie_name":"a b"})"), 400, "session_persistence.cookie_name");
}

TEST_F(L7Test, FP_03_FP_15_FP_16_PoliciesAndRules) {
  const std::string http = make_listener(lb_, 80, "HTTP");
  const std::string pool = make_lone_pool(lb_, "HTTP");
  const std::string policy = make_policy(http, to_pool(pool) + R"(,"name":"n")");
  Value shown = get("l7policies/" + policy).body.get("l7policy");
  EXPECT_EQ(shown.get("action").as_string(), "REDIRECT_TO_POOL");
  EXPECT_EQ(shown.get("position").as_int(), 1);
  EXPECT_EQ(shown.get("operating_status").as_string(), "ONLINE")
      << "Octavia's clients wait for it before they add rules";
  EXPECT_NE(shown.get("status_reason").as_string().find("no rule"), std::string::npos);
  const Answer host = add_rule(policy, "HOST_NAME", "EQUAL_TO", "www.Test.com");
  ASSERT_EQ(host.status, 201) << host.text;
  EXPECT_EQ(host.body.get("rule").get("value").as_string(), "www.Test.com");
  const Answer path = add_rule(policy, "PATH", "STARTS_WITH", "/elb");
  ASSERT_EQ(path.status, 201) << path.text;
  expect_refused(add_rule(policy, "PATH", "EQUAL_TO", "/other"), 409, "type");
  shown = get("l7policies/" + policy).body.get("l7policy");
  EXPECT_EQ(shown.get("rules").size(), 2U);
  EXPECT_EQ(shown.get("operating_status").as_string(), "ONLINE");
  EXPECT_EQ(listener(http).get("l7policies").dump(), R"([{"id":")" + policy + R"("}])");
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("status_reason").as_string(), "no members") << "it is used";

  const std::string rule = "l7policies/" + policy + "/rules/" + path.body.get("rule").get("id").as_string();
  EXPECT_EQ(put(rule, R"({"rule":{"value":"/new","compare_type":"EQUAL_TO","invert":true}})").status, 200);
  EXPECT_EQ(get(rule).body.get("rule").get("value").as_string(), "/new");
  EXPECT_TRUE(get(rule).body.get("rule").get("invert").as_bool());
  EXPECT_EQ(get("l7policies/" + policy + "/rules?type=PATH").body.get("rules").size(), 1U);
  const std::string stranger = make_policy(http, to_pool(pool));
  EXPECT_EQ(get("l7policies/" + stranger + "/rules/" + path.body.get("rule").get("id").as_string()).status, 404);

  const std::string url = R"({"l7policy":{"action":"REDIRECT_TO_URL","redirect_url":"https://b.example/"}})";
  EXPECT_EQ(put("l7policies/" + policy, url).status, 200);
  shown = get("l7policies/" + policy).body.get("l7policy");
  EXPECT_TRUE(shown.get("redirect_pool_id").is_null()) << "went with its action";
  EXPECT_EQ(shown.get("redirect_http_code").as_int(), 302);
  EXPECT_EQ(put("l7policies/" + policy, R"({"l7policy":{"action":"REJECT"}})").status, 200);
  EXPECT_EQ(del(rule).status, 204);
  EXPECT_EQ(del("l7policies/" + policy).status, 204);
  EXPECT_EQ(get("l7policies/" + policy).status, 404);
}

TEST_F(L7Test, AListenerIsAsWellAsThePoolsOfItsPolicies) {
  const std::string http = make_listener(lb_, 80, "HTTP");
  const std::string pool = make_lone_pool(lb_, "HTTP");
  const std::string member = make_member(pool, "198.51.100.7", 80);
  make_monitor(pool);
  make_policy(http, to_pool(pool) + R"(,"rules":[{"type":"PATH","compare_type":"EQUAL_TO","value":"/a"}])");
  views_.set_health(member, {model::HealthState::kUnhealthy, "HTTP 503, expected 200", {}, {}, -1});
  EXPECT_EQ(listener(http).get("operating_status").as_string(), "ERROR");
  EXPECT_NE(listener(http).get("status_reason").as_string().find("HTTP 503"), std::string::npos);
  views_.set_health(member, {model::HealthState::kHealthy, "", {}, {}, 1});
  EXPECT_EQ(listener(http).get("operating_status").as_string(), "ONLINE");
  EXPECT_EQ(listener(http).get("status_reason").as_string(), "no default pool");
}

TEST_F(L7Test, HC_02_HC_11_HttpMonitors) {
  const std::string http = make_lone_pool(lb_, "HTTP"), tcp = make_lone_pool(lb_, "TCP"),
                    udp = make_lone_pool(lb_, "UDP");
  const auto monitor = [&](const std::string& pool, const std::string& more) {
    return post("healthmonitors", fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"HTTP"{}}}}})", pool, more));
  };
  const Answer made = monitor(http, R"(,"url_path":"/live","domain_name":"a.example","http_method":"GET")");
  ASSERT_EQ(made.status, 201) << made.text;
  const Value shown = made.body.get("healthmonitor");
  EXPECT_EQ(shown.get("expected_codes").as_string(), "200,202,401");
  EXPECT_EQ(shown.get("url_path").as_string(), "/live");
  EXPECT_EQ(monitor(tcp, "").body.get("healthmonitor").get("expected_codes").as_string(), "200");
  expect_refused(monitor(udp, ""), 400, "type");
  const std::string path = "healthmonitors/" + shown.get("id").as_string();
  const auto change = [&](const std::string& fields) { return put(path, "{\"healthmonitor\":{" + fields + "}}"); };
  EXPECT_EQ(change(R"("expected_codes":"200-204")").body.get("healthmonitor").get("expected_codes").text(), "200-204");
  EXPECT_EQ(change(R"("expected_codes":null,"url_path":null)").body.get("healthmonitor").get("url_path").text(), "/");
  expect_refused(change(R"("url_path":"index.html")"), 400, "url_path");
  expect_refused(change(R"("http_method":"BREW")"), 400, "http_method");
  expect_refused(change(R"("type":"TCP")"), 400, "type");
}

TEST_F(L7Test, FP_11_WhereTheOrderOfExpressionsDecidesItIsTold) {
  const std::string http = make_listener(lb_, 80, "HTTP");
  const auto made = [&](const std::string& name, const std::string& host) {
    const std::string id = make_policy(http, fmt::format(R"("name":"{}","action":"REJECT")", name));
    if (!host.empty()) {
      EXPECT_EQ(add_rule(id, "HOST_NAME", "EQUAL_TO", host).status, 201);
    }
    return id;
  };
  const auto warned = [&](const std::string& policy) {
    return get("l7policies/" + policy).body.get("l7policy").get("warnings");
  };
  const std::string first = made("first", ""), second = made("second", ""), third = made("third", "a.example");
  EXPECT_EQ(add_rule(first, "PATH", "REGEX", "/a.*").body.get("rule").get("warnings").size(), 0U);
  EXPECT_EQ(add_rule(third, "PATH", "REGEX", "/a.*").body.get("rule").get("warnings").size(), 0U) << "of another host";
  EXPECT_EQ(add_rule(second, "PATH", "STARTS_WITH", "/a").body.get("rule").get("warnings").size(), 0U)
      << "no expression";
  const std::string fourth = made("fourth", "a.example");  // not before third has its path: two alike are refused
  const Answer last = add_rule(fourth, "PATH", "REGEX", "/b.*");
  EXPECT_EQ(last.status, 201) << "accepted";
  const std::string text = last.body.get("rule").get("warnings").at(0).as_string();
  EXPECT_NE(text.find("third (position 3)"), std::string::npos) << text;
  EXPECT_NE(text.find("a.example"), std::string::npos) << text;
  EXPECT_EQ(warned(fourth).at(0).as_string(), text);
  EXPECT_EQ(warned(third).size(), 1U);
  EXPECT_EQ(warned(first).size(), 0U);
  EXPECT_EQ(put("l7policies/" + third, R"({"l7policy":{"admin_state_up":false}})").status, 200);
  EXPECT_EQ(warned(fourth).size(), 0U) << "it takes no requests";
}

TEST_F(L7Test, TracesOfListeners) {
  const std::string http = make_listener(lb_, 80, "HTTP", "");
  EXPECT_TRUE(listener(http).get("trace_sampling").is_null()) << "off";
  for (const int sampling : {0, 100, 10'000}) {
    EXPECT_EQ(change_listener(http, fmt::format(R"("trace_sampling":{})", sampling)).status, 200);
    EXPECT_EQ(listener(http).get("trace_sampling").as_int(), sampling);
  }
  for (const char* bad : {"-1", "10001", "\"1\"", "0.5"})
    expect_refused(change_listener(http, fmt::format(R"("trace_sampling":{})", bad)), 400, "trace_sampling");
  EXPECT_EQ(change_listener(http, R"("trace_sampling":null)").status, 200);
  EXPECT_TRUE(listener(http).get("trace_sampling").is_null());
  EXPECT_FALSE(make_listener(lb_, 81, "TCP", R"(,"trace_sampling":null)").empty());
}

TEST_F(L7Test, RatesOfListeners) {
  const std::string http = make_listener(lb_, 80, "HTTP", R"(,"request_rate_limit":500)");
  EXPECT_EQ(listener(http).get("request_rate_limit").as_int(), 500);
  EXPECT_EQ(listener(http).get("request_rate_burst").as_int(), 500) << "as many as a second has";
  EXPECT_EQ(listener(http).get("min_body_rate").as_int(), 100);
  EXPECT_EQ(change_listener(http, R"("request_rate_burst":50,"min_body_rate":0)").status, 200);
  EXPECT_EQ(listener(http).get("request_rate_burst").as_int(), 50);
  EXPECT_EQ(listener(http).get("min_body_rate").as_int(), 0);
  expect_refused(change_listener(http, R"("request_rate_limit":0)"), 400, "request_rate_limit");
  expect_refused(change_listener(http, R"("request_rate_limit":1000001)"), 400, "request_rate_limit");
  expect_refused(change_listener(http, R"("min_body_rate":-1)"), 400, "min_body_rate");
  expect_refused(change_listener(http, R"("request_rate_limit":null)"), 400, "request_rate_burst");
  EXPECT_EQ(change_listener(http, R"("request_rate_limit":null,"request_rate_burst":null)").status, 200);
  EXPECT_TRUE(listener(http).get("request_rate_limit").is_null());
}

TEST_F(L7Test, ProxyProtocolInAndOut) {
  const std::string http = make_listener(lb_, 80, "HTTP", R"(,"proxy_protocol_trusted":["10.0.0.0/8","2001:db8::1"])");
  EXPECT_EQ(listener(http).get("proxy_protocol_trusted").dump(), R"(["10.0.0.0/8","2001:db8::1/128"])");
  expect_refused(change_listener(http, R"("proxy_protocol_trusted":["x"])"), 400, "proxy_protocol_trusted[0]");
  EXPECT_EQ(change_listener(http, R"("proxy_protocol_trusted":null)").status, 200);
  EXPECT_EQ(listener(http).get("proxy_protocol_trusted").size(), 0U);
  const std::string pool = make_lone_pool(lb_, "HTTP"), tcp = make_lone_pool(lb_, "TCP");
  const auto change = [&](const std::string& id, const std::string& value) {
    return put("pools/" + id, R"({"pool":{"proxy_protocol":)" + value + "}}");
  };
  EXPECT_EQ(change(pool, R"("v2")").body.get("pool").get("proxy_protocol").as_string(), "v2");
  EXPECT_TRUE(change(pool, "null").body.get("pool").get("proxy_protocol").is_null());
  expect_refused(change(pool, R"("v3")"), 400, "proxy_protocol");
  expect_refused(change(tcp, R"("v1")"), 400, "proxy_protocol");
}

TEST_F(L7Test, PL_02_PoolsOfGrpc) {
  const std::string https = make_https();
  const std::string pool = make_lone_pool(lb_, "GRPC");
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("protocol").as_string(), "GRPC");
  EXPECT_EQ(change_listener(https, R"("default_pool_id":")" + pool + "\"").status, 200);
  expect_refused(put("pools/" + pool, R"({"pool":{"proxy_protocol":"v1"}})"), 400, "proxy_protocol");
  const auto monitor = [&](const std::string& type, const std::string& of) {
    return post("healthmonitors", fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"{}","delay":5,)"
                                              R"("timeout":3,"max_retries":3}}}})",
                                              of, type));
  };
  expect_refused(monitor("GRPC", make_lone_pool(lb_, "HTTP")), 400, "type");
  expect_refused(monitor("UDP-CONNECT", pool), 400, "type");
  for (const std::string type : {"TCP", "HTTP", "GRPC"}) {
    const auto made = monitor(type, pool);
    ASSERT_EQ(made.status, 201) << made.body.dump();
    const codec::Value shown = made.body.get("healthmonitor");
    EXPECT_EQ(shown.get("type").as_string(), type);
    EXPECT_EQ(shown.get("url_path").is_null(), type != "HTTP");
    EXPECT_EQ(del("healthmonitors/" + shown.get("id").as_string()).status, 204);
  }
}

TEST_F(L7Test, SlowStartOfPools) {
  const std::string pool = make_lone_pool(lb_, "HTTP"), tcp = make_lone_pool(lb_, "TCP");
  const auto change = [&](const std::string& id, const std::string& value) {
    return put("pools/" + id, R"({"pool":{"slow_start":)" + value + "}}");
  };
  const auto shown = [&] { return get("pools/" + pool).body.get("pool").get("slow_start").dump(); };
  EXPECT_EQ(shown(), R"({"enable":false,"duration":30})");
  EXPECT_EQ(change(pool, R"({"enable":true,"duration":60})").status, 200);
  EXPECT_EQ(shown(), R"({"enable":true,"duration":60})");
  expect_refused(change(pool, R"({"enable":true,"duration":29})"), 400, "slow_start.duration");
  expect_refused(change(pool, R"({"enable":true,"duration":1201})"), 400, "slow_start.duration");
  expect_refused(change(pool, R"({"enable":1})"), 400, "slow_start.enable");
  expect_refused(change(pool, R"({"window":1})"), 400, "slow_start.window");
  EXPECT_EQ(change(pool, "null").status, 200);
  EXPECT_EQ(shown(), R"({"enable":false,"duration":30})");
  expect_refused(change(tcp, R"({"enable":true})"), 400, "slow_start");
  EXPECT_EQ(change(tcp, "null").status, 200);
}

TEST_F(L7Test, ErrorPagesOfListeners) {
  const std::string http = make_listener(lb_, 80, "HTTP", R"(,"error_pages":[{"status":"503","body":"<p>later</p>"}])");
  EXPECT_EQ(listener(http).get("error_pages").dump(),
            R"([{"status":"503","content_type":"text/html; charset=utf-8","body":"<p>later</p>"}])");
  const auto pages = [&](const std::string& list) { return change_listener(http, R"("error_pages":)" + list); };
  EXPECT_EQ(pages(R"([{"status":"5xx","content_type":"text/plain","body":"a\nb"},{"status":"404","body":"c"}])").status,
            200);
  EXPECT_EQ(listener(http).get("error_pages").size(), 2U);
  expect_refused(pages(R"([{"status":"200","body":"x"}])"), 400, "error_pages[0].status");
  expect_refused(pages(R"([{"status":"5x","body":"x"}])"), 400, "error_pages[0].status");
  expect_refused(pages(R"([{"status":"503","body":"x"},{"status":"503","body":"y"}])"), 400, "error_pages[1].status");
  expect_refused(pages(R"([{"status":"503"}])"), 400, "error_pages[0].body");
  expect_refused(pages(R"([{"status":"503","body":""}])"), 400, "error_pages[0].body");
  expect_refused(pages(R"([{"status":"503","body":")" + std::string(16385, 'x') + R"("}])"), 400,
                 "error_pages[0].body");
  expect_refused(pages(R"([{"status":"503","content_type":"html","body":"x"}])"), 400, "error_pages[0].content_type");
  expect_refused(pages(R"([{"status":"503","file":"x","body":"x"}])"), 400, "error_pages[0].file");
  EXPECT_EQ(pages("null").status, 200);
  EXPECT_EQ(listener(http).get("error_pages").size(), 0U);
  const std::string tcp = make_listener(lb_, 81, "TCP");
  expect_refused(change_listener(tcp, R"("error_pages":[{"status":"503","body":"x"}])"), 400, "error_pages");
}

TEST_F(L7Test, FP_01_FP_10_FP_14_FP_17_WhatIsRefused) {
  const std::string http = make_listener(lb_, 80, "HTTP"), tcp = make_listener(lb_, 81, "TCP");
  const std::string pool = make_lone_pool(lb_, "HTTP"), tcp_pool = make_lone_pool(lb_, "TCP");
  const auto policy = [&](const std::string& listener, const std::string& fields) {
    return post("l7policies", fmt::format(R"({{"l7policy":{{"listener_id":"{}",{}}}}})", listener, fields));
  };
  expect_refused(policy(tcp, to_pool(pool)), 400, "listener_id");
  expect_refused(policy(http, to_pool(tcp_pool)), 400, "redirect_pool_id");
  expect_refused(policy(http, to_pool(kNobody)), 404, "redirect_pool_id");
  expect_refused(policy(kNobody, to_pool(pool)), 404, "listener_id");
  expect_refused(policy(http, R"("action":"REDIRECT_TO_URL")"), 400, "redirect_url");
  expect_refused(policy(http, R"("action":"REDIRECT_TO_URL","redirect_url":"ftp://x")"), 400, "redirect_url");
  expect_refused(policy(http, R"("action":"FLY")"), 400, "action");
  expect_refused(policy(http, R"("action":"REJECT","position":0)"), 400, "position");
  expect_refused(policy(http, R"("action":"REJECT","rules":[{"type":"PATH","compare_type":"EQUAL_TO","value":"x"}])"),
                 400, "rules[0].value");

  const std::string one = make_policy(http, to_pool(pool)), two = make_policy(http, to_pool(pool));
  EXPECT_EQ(add_rule(one, "PATH", "STARTS_WITH", "/a").status, 201);
  expect_refused(add_rule(two, "PATH", "STARTS_WITH", "/a"), 409, "value");
  expect_refused(add_rule(two, "PATH", "REGEX", "["), 400, "value");
  expect_refused(add_rule(two, "HOST_NAME", "EQUAL_TO", "-a"), 400, "value");
  expect_refused(add_rule(two, "HEADER", "EQUAL_TO", "v"), 400, "key");
  expect_refused(add_rule(two, "SSL_DN_FIELD", "EQUAL_TO", "v", R"(,"key":"CN")"), 501, "type");
  EXPECT_EQ(add_rule(two, "PATH", "REGEX", "(a+)+$").status, 201);
}

TEST_F(L7Test, LS_05_LS_10_RD_01_RD_02_RD_04_RD_05_Redirects) {
  const std::string https = make_https(), other = make_https(8443);
  const std::string redirect = fmt::format(R"("action":"REDIRECT_TO_LISTENER","redirect_listener_id":"{}")", https);
  const std::string http = make_listener(lb_, 80, "HTTP", R"(,"l7policies":[{"name":"r",)" + redirect + "}]");
  const std::string policy = listener(http).get("l7policies").at(0).get("id").as_string();
  EXPECT_EQ(get("l7policies/" + policy).body.get("l7policy").get("redirect_http_code").as_int(), 301);
  const auto again = [&](const std::string& listener) {
    return post("l7policies", fmt::format(R"({{"l7policy":{{"listener_id":"{}",{}}}}})", listener, redirect));
  };
  expect_refused(again(http), 409, "listener_id");
  expect_refused(again(other), 400, "action");
  const std::string reject = make_policy(http, R"("action":"REJECT")");
  EXPECT_EQ(add_rule(reject, "PATH", "STARTS_WITH", "/a").status, 201);
  const Value inactive = get("l7policies/" + reject).body.get("l7policy");
  EXPECT_EQ(inactive.get("operating_status").as_string(), "OFFLINE");
  EXPECT_NE(inactive.get("status_reason").as_string().find("redirected"), std::string::npos);

  const Answer held = del("listeners/" + https);
  EXPECT_EQ(held.status, 409);
  EXPECT_NE(held.fault().find(policy), std::string::npos) << held.text;
  EXPECT_EQ(put("l7policies/" + policy,
                fmt::format(R"({{"l7policy":{{"name":"x","description":"d","redirect_listener_id":"{}"}}}})", other))
                .status,
            200);
  EXPECT_EQ(del("listeners/" + https).status, 204);
  EXPECT_EQ(del("l7policies/" + policy).status, 204);
  EXPECT_EQ(del("listeners/" + other).status, 204);
}

TEST_F(L7Test, GEN_01_TheWholeTreeInOneRequest) {
  const Answer made =
      post("loadbalancers", fmt::format(
                                R"({{"loadbalancer":{{"vip_subnet_id":"{}","pools":[{{"name":"web","protocol":"HTTP",
              "lb_algorithm":"ROUND_ROBIN"}}],"listeners":[{{"protocol":"HTTPS","protocol_port":443,
              "default_tls_container_ref":"{}","default_pool":{{"name":"web"}},"l7policies":[
              {{"name":"api","action":"REDIRECT_TO_POOL","redirect_pool":{{"name":"web"}},
                "rules":[{{"type":"PATH","compare_type":"STARTS_WITH","value":"/api"}}]}},
              {{"action":"REDIRECT_TO_POOL","redirect_pool":{{"protocol":"HTTP","lb_algorithm":"ROUND_ROBIN"}},
                "rules":[{{"type":"HOST_NAME","compare_type":"EQUAL_TO","value":"a.example"}}]}}]}}]}}}})",
                                kVipSubnet, certificate_));
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body.get("loadbalancer").get("id").as_string();
  const Value tree = get("loadbalancers/" + id + "/status").body.get("statuses").get("loadbalancer");
  const Value policies = tree.get("listeners").at(0).get("l7policies");
  ASSERT_EQ(policies.size(), 2U);
  EXPECT_EQ(policies.at(0).get("name").as_string(), "api");
  EXPECT_EQ(policies.at(0).get("rules").at(0).get("type").as_string(), "PATH");
  EXPECT_EQ(tree.get("listeners").at(0).get("pools").size(), 2U);
  EXPECT_EQ(tree.get("pools").size(), 2U);

  const uint64_t before = revision();
  const Answer refused = post(
      "loadbalancers",
      fmt::format(
          R"({{"loadbalancer":{{"vip_subnet_id":"{}","listeners":[{{"protocol":"HTTP","protocol_port":80,"l7policies":[
              {{"action":"REDIRECT_TO_POOL","redirect_pool":{{"name":"none"}}}}]}}]}}}})",
          kVipSubnet));
  expect_refused(refused, 400, "listeners[0].l7policies[0].redirect_pool.name");
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(del("loadbalancers/" + id + "?cascade=true").status, 204);
  EXPECT_EQ(get("l7policies").body.get("l7policies").size(), 0U);
}

}  // namespace
}  // namespace elb::test
