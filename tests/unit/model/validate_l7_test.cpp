// SPDX-License-Identifier: Apache-2.0
// Shows: FP-01, FP-02, FP-03, FP-04, FP-05, FP-10, FP-14, FP-16, FP-17, LS-06, LS-07, LS-08, PL-02, RD-01, RD-05,
// ST-01, ST-02, ST-03, ST-04, ST-05, TLS-01, TLS-09, TLS-11, TLS-12, TLS-16.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "unit/model/samples.h"

namespace elb::model {
namespace {

using test::put;
using test::sample_authority;
using test::sample_certificate;
using test::sample_http_model;
using test::sample_listener;
using test::sample_policy;
using test::sample_pool;
using test::sample_rule;

/// "field" of the breach, "" when it is valid.
template <class T>
std::string breach(const T& value) {
  const Status status = validate(value);
  return status ? "" : status.error().field;
}

Listener https() {
  Listener listener = sample_listener("l", "lb1", 443, Protocol::kHttps);
  listener.tls.certificate_id = "c1";
  return listener;
}

TEST(ValidateL7, LS_06_LS_07_LS_08_TlsBelongsToHttpsAndNeedsItsCertificates) {
  EXPECT_EQ(breach(https()), "");
  Listener listener = https();
  listener.tls.certificate_id.reset();
  EXPECT_EQ(breach(listener), "default_tls_container_ref");
  listener = https();
  listener.tls.verify_clients = true;
  EXPECT_EQ(breach(listener), "client_authentication");
  listener.tls.client_ca_id = "ca";
  EXPECT_EQ(breach(listener), "");
  for (const Protocol protocol : {Protocol::kHttp, Protocol::kTcp, Protocol::kUdp}) {
    Listener other = sample_listener("l", "lb1", 80, protocol);
    EXPECT_EQ(breach(other), "");
    other.tls.http2 = true;
    EXPECT_EQ(breach(other), "http2_enable");
    other.tls = {};
    other.tls.client_ca_id = "ca";
    EXPECT_EQ(breach(other), "client_ca_tls_container_ref");
  }
}

TEST(ValidateL7, TLS_12_TLS_16_AtMost50SniCertificatesAndAKnownPolicy) {
  Listener listener = https();
  for (int i = 0; i < 50; ++i) listener.tls.sni_ids.push_back(fmt::format("c{}", i));
  EXPECT_EQ(breach(listener), "");
  listener.tls.sni_ids.push_back("c50");
  EXPECT_EQ(breach(listener), "sni_container_refs");
  listener.tls.sni_ids = {"a", "b", "a"};
  EXPECT_EQ(breach(listener), "sni_container_refs[2]");
  listener = https();
  for (const char* policy : {"", "tls-1-0", "tls-1-1", "tls-1-2", "tls-1-2-strict"}) {
    listener.tls.policy = policy;
    EXPECT_EQ(breach(listener), "") << policy;
  }
  listener.tls.policy = "tls-1-4";
  EXPECT_EQ(breach(listener), "tls_ciphers_policy");
}

TEST(ValidateL7, HeadersAndTimesAreOfHttp) {
  Listener listener = sample_listener("l", "lb1", 80, Protocol::kHttp);
  listener.http.insert_headers = {
      {"X-Forwarded-For", "replace"}, {"X-Forwarded-Port", "false"}, {"X-Forwarded-Proto", "true"}};
  listener.http.client_data_ms = 1;
  listener.http.member_data_ms = kHttpTimeoutMaxMs;
  EXPECT_EQ(breach(listener), "");
  listener.http.member_data_ms = kHttpTimeoutMaxMs + 1;
  EXPECT_EQ(breach(listener), "timeout_member_data");
  listener.http.member_data_ms.reset();
  listener.http.member_connect_ms = 0;
  EXPECT_EQ(breach(listener), "timeout_member_connect");
  listener.http.member_connect_ms.reset();
  listener.http.insert_headers["X-Forwarded-Port"] = "replace";
  EXPECT_EQ(breach(listener), "insert_headers.X-Forwarded-Port");
  listener.http.insert_headers = {{"X-Other", "true"}};
  EXPECT_EQ(breach(listener), "insert_headers.X-Other");
  Listener tcp = sample_listener("l", "lb1");
  tcp.http.client_data_ms = 50000;
  EXPECT_EQ(breach(tcp), "timeout_client_data");
}

// All 18 cells: L4 and L7, three algorithms, three types.
TEST(ValidateL7, ST_01_ST_02_ST_03_TheMatrixOfStickiness) {
  int cells = 0;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kHttp}) {
    for (const auto algorithm : {Algorithm::kRoundRobin, Algorithm::kLeastConnections, Algorithm::kSourceIp}) {
      for (const auto type : {PersistenceType::kSourceIp, PersistenceType::kHttpCookie, PersistenceType::kAppCookie}) {
        Pool pool = sample_pool("p", "lb1", protocol);
        pool.algorithm = algorithm;
        pool.persistence.emplace();
        pool.persistence->type = type;
        if (type == PersistenceType::kAppCookie) pool.persistence->cookie_name = "sid";
        const bool cookie = type != PersistenceType::kSourceIp, http = protocol == Protocol::kHttp;
        const bool round_robin = algorithm == Algorithm::kRoundRobin && cookie == http;
        const bool hash = algorithm == Algorithm::kSourceIp && !cookie;
        EXPECT_EQ(breach(pool).empty(), round_robin || hash)
            << to_string(protocol) << ' ' << to_string(algorithm) << ' ' << to_string(type);
        ++cells;
      }
    }
  }
  EXPECT_EQ(cells, 18);
}

TEST(ValidateL7, ST_04_ST_05_CookieNamesAndDurations) {
  Pool pool = sample_pool("p", "lb1", Protocol::kHttp);
  pool.persistence = SessionPersistence{1440, PersistenceType::kHttpCookie, ""};
  EXPECT_EQ(breach(pool), "");
  pool.persistence->timeout_minutes = 1441;
  EXPECT_EQ(breach(pool), "session_persistence.persistence_timeout");
  pool.persistence->timeout_minutes.reset();
  EXPECT_EQ(pool.sticky_minutes(), 1440) << "X-1";
  pool.persistence->cookie_name = "sid";
  EXPECT_EQ(breach(pool), "session_persistence.cookie_name");
  pool.persistence->type = PersistenceType::kAppCookie;
  EXPECT_EQ(breach(pool), "");
  EXPECT_EQ(pool.sticky_minutes(), 0) << "as long as the application's cookie";
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a;b"), std::string(256, 'x')}) {
    pool.persistence->cookie_name = name;
    EXPECT_EQ(breach(pool), "session_persistence.cookie_name") << name;
  }
  pool.persistence->cookie_name = std::string(255, 'x');
  EXPECT_EQ(breach(pool), "");
}

TEST(ValidateL7, TLS_01_AServerCertificateHasAKeyAndAnAuthorityHasNone) {
  EXPECT_EQ(breach(sample_certificate("c", "a.example")), "");
  EXPECT_EQ(breach(sample_authority("ca")), "");
  Certificate certificate = sample_certificate("c");
  certificate.private_key.clear();
  EXPECT_EQ(breach(certificate), "private_key");
  certificate = sample_authority("ca");
  certificate.private_key = "key";
  EXPECT_EQ(breach(certificate), "private_key");
  certificate = sample_authority("ca");
  certificate.domain = "a.example";
  EXPECT_EQ(breach(certificate), "domain");
}

TEST(ValidateL7, EachActionHasItsOwnTarget) {
  L7Policy policy = sample_policy("y", "h80", "hp");
  EXPECT_EQ(breach(policy), "");
  policy.redirect_http_code = 301;
  EXPECT_EQ(breach(policy), "redirect_http_code");
  policy = sample_policy("y", "h80", "hp");
  policy.action = L7Action::kReject;
  EXPECT_EQ(breach(policy), "redirect_pool_id");
  policy.redirect_pool_id.reset();
  EXPECT_EQ(breach(policy), "");
  policy.action = L7Action::kPool;
  EXPECT_EQ(breach(policy), "redirect_pool_id");
  policy.action = L7Action::kListener;
  EXPECT_EQ(breach(policy), "redirect_listener_id");
  policy.redirect_listener_id = "h443";
  EXPECT_EQ(breach(policy), "");
  policy.redirect_http_code = 302;
  EXPECT_EQ(breach(policy), "redirect_http_code");
  policy = L7Policy{};
  policy.action = L7Action::kUrl;
  EXPECT_EQ(breach(policy), "redirect_url");
  for (const char* url : {"https://www.example.com", "http://192.0.2.1:81/a?b=c#d", "https://[2001:db8::1]/"}) {
    policy.redirect_url = url;
    EXPECT_EQ(breach(policy), "") << url;
  }
  for (const char* url : {"/path", "ftp://a.example", "https://", "https:///x", "https://a.example/a b",
                          "https://a.example/\r\nSet-Cookie: x", "https://user@a.example/", "https://a.example/<"}) {
    policy.redirect_url = url;
    EXPECT_EQ(breach(policy), "redirect_url") << url;
  }
  policy.redirect_url = "https://www.example.com";
  for (const int code : {301, 302, 303, 307, 308}) {
    policy.redirect_http_code = code;
    EXPECT_EQ(breach(policy), "") << code;
  }
  for (const int code : {300, 304, 200}) {
    policy.redirect_http_code = code;
    EXPECT_EQ(breach(policy), "redirect_http_code") << code;
  }
  policy.redirect_http_code.reset();
  policy.position = 0;
  EXPECT_EQ(breach(policy), "position");
}

TEST(ValidateL7, FP_04_FP_05_ValuesOfHostsAndPaths) {
  const auto host = [](std::string value) {
    return breach(sample_rule("r", "y", std::move(value), RuleType::kHostName, RuleCompare::kEqualTo));
  };
  for (const std::string& value : {std::string("www.Test.com"), std::string("9.example"), std::string(100, 'a')})
    EXPECT_EQ(host(value), "") << value;
  for (const std::string& value : {std::string("-a.com"), std::string("a_b"), std::string("a:80"), std::string("a b"),
                                   std::string("*.a.com"), std::string(), std::string(101, 'a')})
    EXPECT_EQ(host(value), "value") << value;
  for (const auto compare : {RuleCompare::kEqualTo, RuleCompare::kStartsWith}) {
    const auto path = [compare](std::string value) {
      return breach(sample_rule("r", "y", std::move(value), RuleType::kPath, compare));
    };
    EXPECT_EQ(path("/" + std::string(127, 'a')), "");
    EXPECT_EQ(path("/" + std::string(128, 'a')), "value");
    for (const char* value : {"elb", "/a b", "/a?b", ""}) EXPECT_EQ(path(value), "value") << value;
  }
}

TEST(ValidateL7, FP_17_ARegexIsCheckedWhenItIsMade) {
  const auto regex = [](std::string value) {
    return breach(sample_rule("r", "y", std::move(value), RuleType::kPath, RuleCompare::kRegex));
  };
  for (const char* value : {"/elb[^\\s]*", "(a+)+$", "/x?y"}) EXPECT_EQ(regex(value), "") << value;
  for (const char* value : {"[", "(a", "(?=a)", "\\1", "((((a{100}){100}){100}){100})"})
    EXPECT_EQ(regex(value), "value") << value;
}

TEST(ValidateL7, KeysBelongToHeadersAndCookies) {
  for (const auto type : {RuleType::kHeader, RuleType::kCookie}) {
    L7Rule rule = sample_rule("r", "y", "v", type, RuleCompare::kContains);
    EXPECT_EQ(breach(rule), "key");
    rule.key = "X-Tenant";
    EXPECT_EQ(breach(rule), "");
    rule.key = "X Tenant";
    EXPECT_EQ(breach(rule), "key");
  }
  L7Rule rule = sample_rule("r", "y", "/v");
  rule.key = "k";
  EXPECT_EQ(breach(rule), "key");
  rule = sample_rule("r", "y", "jpg", RuleType::kFileType, RuleCompare::kEqualTo);
  EXPECT_EQ(breach(rule), "");
  rule.compare = RuleCompare::kStartsWith;
  EXPECT_EQ(breach(rule), "compare_type");
}

// Between resources.

TEST(ValidateL7, TLS_09_TLS_11_CertificatesAreThereAndOfTheRightKind) {
  Model model = sample_http_model();
  EXPECT_EQ(breach(model), "");
  const auto with = [&](const ListenerTls& tls) {
    Listener listener = *model.listeners.at("h443");
    listener.tls = tls;
    Model changed = model;
    put(changed, listener);
    return breach(changed);
  };
  put(model, sample_authority("ca"));
  put(model, sample_certificate("s1", "a.example"));
  put(model, sample_certificate("s2", "a.example"));
  ListenerTls tls;
  tls.certificate_id = "none";
  EXPECT_EQ(with(tls), "default_tls_container_ref");
  tls.certificate_id = "ca";
  EXPECT_EQ(with(tls), "default_tls_container_ref");
  tls.certificate_id = "c1";
  tls.client_ca_id = "s1";
  EXPECT_EQ(with(tls), "client_ca_tls_container_ref");
  tls.client_ca_id = "ca";
  tls.sni_ids = {"s1", "c1"};
  EXPECT_EQ(with(tls), "sni_container_refs[1]") << "no domain";
  tls.sni_ids = {"s1", "s2"};
  EXPECT_EQ(with(tls), "sni_container_refs[1]") << "the same domain";
  tls.sni_ids = {"s2"};
  EXPECT_EQ(with(tls), "");
}

TEST(ValidateL7, PL_02_HttpAndHttpsListenersHaveHttpPools) {
  for (const char* id : {"h80", "h443", "l1"}) {
    Model model = sample_http_model();
    Listener listener = *model.listeners.at(id);
    listener.default_pool_id = "hp";
    put(model, listener);
    EXPECT_EQ(breach(model), std::string(id) == "l1" ? "default_pool_id" : "") << id;
  }
  EXPECT_EQ(breach(sample_pool("p", "lb1", Protocol::kHttps)), "protocol");
}

TEST(ValidateL7, FP_01_FP_14_PoliciesAreOfHttpAndLeadToHttpPoolsOfTheirLoadBalancer) {
  Model model = sample_http_model();
  put(model, sample_policy("y2", "l1", "hp"));
  EXPECT_EQ(breach(model), "listener_id");
  put(model, sample_policy("y2", "h443", "p1"));
  EXPECT_EQ(breach(model), "redirect_pool_id") << "TCP";
  put(model, test::sample_load_balancer("lb2", "10.0.0.11"));
  put(model, sample_pool("other", "lb2", Protocol::kHttp));
  put(model, sample_policy("y2", "h443", "other"));
  EXPECT_EQ(breach(model), "redirect_pool_id") << "of another load balancer";
  put(model, sample_policy("y2", "h443", "hp"));
  EXPECT_EQ(breach(model), "");
}

TEST(ValidateL7, FP_02_AtMost500PoliciesOfAListener) {
  Model model = sample_http_model();
  for (int i = 0; i < 499; ++i) put(model, sample_policy(fmt::format("z{}", i), "h80", "hp"));
  EXPECT_EQ(breach(model), "");
  put(model, sample_policy("z499", "h80", "hp"));
  const Status status = validate(model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kQuota);
}

TEST(ValidateL7, FP_10_TwoPoliciesCannotDescribeTheSameRequests) {
  Model model = sample_http_model();
  put(model, sample_policy("y2", "h80", "hp"));
  put(model, sample_rule("r2", "y2", "/b"));
  EXPECT_EQ(breach(model), "");
  put(model, sample_rule("r2", "y2", "/a"));
  const Status status = validate(model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kConflict);
  put(model, sample_rule("r3", "y2", "A.example", RuleType::kHostName, RuleCompare::kEqualTo));
  EXPECT_EQ(breach(model), "") << "another domain";
  put(model, sample_rule("r4", "y1", "a.example", RuleType::kHostName, RuleCompare::kEqualTo));
  EXPECT_EQ(breach(model), "value") << "host names have no case";
}

TEST(ValidateL7, FP_16_OneHostAndOnePath) {
  Model model = sample_http_model();
  put(model, sample_rule("r2", "y1", "a.example", RuleType::kHostName, RuleCompare::kEqualTo));
  EXPECT_EQ(breach(model), "");
  put(model, sample_rule("r3", "y1", "/b"));
  const Status status = validate(model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kConflict);
  EXPECT_EQ(status.error().field, "type");
}

TEST(ValidateL7, RD_01_RD_05_OneRedirectFromHttpToHttpsOfTheSameLoadBalancer) {
  const auto redirect = [](std::string id, std::string from, std::string to) {
    L7Policy policy = sample_policy(std::move(id), std::move(from), "");
    policy.action = L7Action::kListener;
    policy.redirect_pool_id.reset();
    policy.redirect_listener_id = std::move(to);
    return policy;
  };
  Model model = sample_http_model();
  put(model, redirect("y2", "h80", "h443"));
  EXPECT_EQ(breach(model), "");
  put(model, redirect("y2", "h443", "h443"));
  EXPECT_EQ(breach(model), "action");
  put(model, redirect("y2", "h80", "l1"));
  EXPECT_EQ(breach(model), "redirect_listener_id");
  put(model, redirect("y2", "h80", "none"));
  EXPECT_EQ(breach(model), "redirect_listener_id");
  put(model, redirect("y2", "h80", "h443"));
  put(model, redirect("y3", "h80", "h443"));
  const Status status = validate(model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kConflict);
  model.l7policies.erase("y3");
  put(model, sample_rule("r2", "y2", "/x"));
  EXPECT_EQ(breach(model), "type") << "a redirect has no rules";
}

}  // namespace
}  // namespace elb::model
