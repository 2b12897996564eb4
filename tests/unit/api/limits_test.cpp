// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-14, LB-09, LB-17, LB-18, LS-02, PL-03, MB-01, MB-02, ST-04, ST-05, HC-03 to HC-08, AC-03, FP-02, FP-04,
// FP-05, FP-16, TLS-12, LB-20.
// Chapter 18: each limit at one below, at it and one above, as a client meets it. A refusal names the field.
#include <fmt/core.h>

#include <functional>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }
std::string letters(int count) { return std::string(static_cast<size_t>(count), 'a'); }
std::string number(int value) { return std::to_string(value); }
/// As many characters, each of three bytes: limits are of characters.
std::string chinese(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "\u4e2d";
  return text;
}
std::string named(int count) { return in_quotes(letters(count)); }
std::string named_wide(int count) { return in_quotes(chinese(count)); }
/// [entry(0), entry(1), ...]
std::string list(int count, const std::function<std::string(int)>& entry) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i > 0 ? "," : "") + entry(i);
  return text + "]";
}

/// A field of an object that is there, and what it takes; `value` makes a value of that size.
struct Limit {
  std::string envelope;
  std::string field;
  int low = 0;  // the least that is taken; below it is looked at only where there is something below
  int high = 0;
  std::function<std::string(int)> value = number;
  std::string beside;      // what has to be given with it
  std::string named = {};  // the field that the refusal names, where it is another one
};

class LimitsTest : public ApiTest {
 protected:
  LimitsTest() : ApiTest(true) {
    EXPECT_EQ(
        put("quotas/none", R"({"quota":{"loadbalancer":-1,"listener":-1,"pool":-1,"member":-1,"l7policy":-1}})").status,
        202);
  }

  void expect(const Answer& answer, bool taken, const std::string& what, const std::string& field) {
    if (taken) {
      EXPECT_TRUE(answer.status == 200 || answer.status == 201) << what << ": " << answer.text;
      return;
    }
    EXPECT_EQ(answer.status, 400) << what << ": " << answer.text;
    const std::string told = answer.body.get("field").as_string();
    EXPECT_TRUE(told == field || told.starts_with(field + "[")) << what << ": " << answer.text;
  }

  /// One below, at, and one above both ends.
  void look(const std::string& path, const Limit& limit) {
    const auto at = [&](int size, bool taken) {
      const std::string body =
          fmt::format(R"({{"{}":{{{}"{}":{}}}}})", limit.envelope, limit.beside, limit.field, limit.value(size));
      expect(put(path, body), taken, fmt::format("{}.{} of {}", limit.envelope, limit.field, size),
             limit.named.empty() ? limit.field : limit.named);
    };
    at(limit.low - 1, false);
    at(limit.low, true);
    at(limit.low + 1, true);
    at(limit.high - 1, true);
    at(limit.high, true);
    at(limit.high + 1, false);
  }
  /// The upper end alone.
  void look_up(const std::string& path, const Limit& limit) {
    for (const int size : {limit.high - 1, limit.high, limit.high + 1}) {
      const std::string body =
          fmt::format(R"({{"{}":{{{}"{}":{}}}}})", limit.envelope, limit.beside, limit.field, limit.value(size));
      expect(put(path, body), size <= limit.high, fmt::format("{}.{} of {}", limit.envelope, limit.field, size),
             limit.named.empty() ? limit.field : limit.named);
    }
  }

  const std::string lb_ = make_lb();
};

TEST_F(LimitsTest, NamesAndDescriptionsOfEverything) {
  const std::string listener = make_listener(lb_, 80, "HTTP"), pool = make_pool(listener, "HTTP");
  const std::string policy =
      create("l7policies", "l7policy", fmt::format(R"("listener_id":"{}","action":"REJECT")", listener));
  const std::vector<std::pair<std::string, std::string>> objects = {
      {"loadbalancer", "loadbalancers/" + lb_},
      {"listener", "listeners/" + listener},
      {"pool", "pools/" + pool},
      {"member", "pools/" + pool + "/members/" + make_member(pool, "198.51.100.7", 80)},
      {"healthmonitor", "healthmonitors/" + make_monitor(pool)},
      {"l7policy", "l7policies/" + policy},
  };
  for (const auto& [envelope, path] : objects) {
    look_up(path, {envelope, "name", 0, 255, named});
    look_up(path, {envelope, "name", 0, 255, named_wide});
    if (envelope != "member" && envelope != "healthmonitor")
      look_up(path, {envelope, "description", 0, 255, named_wide});
  }
}

TEST_F(LimitsTest, LoadBalancers) {
  const std::string path = "loadbalancers/" + lb_;
  look(path, {"loadbalancer", "vip_bandwidth", 1, 400000});
  look_up(path, {"loadbalancer", "tags", 0, 20,
                 [](int count) { return list(count, [](int i) { return fmt::format(R"("key{}=value")", i); }); }});
  const auto key = [](int size) { return fmt::format(R"(["{}=v"])", chinese(size)); };
  const auto value = [](int size) { return fmt::format(R"(["k={}"])", chinese(size)); };
  look(path, {"loadbalancer", "tags", 1, 36, key});
  look_up(path, {"loadbalancer", "tags", 0, 43, value});
  const std::string eip = create("/v1/eips", "eip", R"("bandwidth":10)");
  look("/v1/eips/" + eip, {"eip", "bandwidth", 1, 400000});
}

TEST_F(LimitsTest, ListenersByTheirFields) {
  const std::string tcp = "listeners/" + make_listener(lb_, 80), http = "listeners/" + make_listener(lb_, 81, "HTTP");
  look(http, {"listener", "timeout_client_data", 1, 86400000});
  look(http, {"listener", "timeout_member_connect", 1, 86400000});
  look(http, {"listener", "timeout_member_data", 1, 86400000});
  look(http, {"listener", "request_rate_limit", 1, 1000000});
  look(http, {"listener", "request_rate_burst", 1, 1000000, number, R"("request_rate_limit":5,)"});
  look(http, {"listener", "min_body_rate", 0, 1000000});
  const auto cidrs = [](int count) {
    return list(count, [](int i) { return fmt::format(R"("10.{}.{}.0/24")", i / 250, i % 250); });
  };
  look_up(tcp, {"listener", "allowed_cidrs", 0, 300, cidrs});
  look_up(http, {"listener", "proxy_protocol_trusted", 0, 300, cidrs});
  for (const int limit : {-1, 1, 2, 2147483646, 2147483647})
    EXPECT_EQ(put(tcp, fmt::format(R"({{"listener":{{"connection_limit":{}}}}})", limit)).status, 200) << limit;
  for (const int limit : {-2, 0})
    EXPECT_EQ(put(tcp, fmt::format(R"({{"listener":{{"connection_limit":{}}}}})", limit)).status, 400) << limit;
}

TEST_F(LimitsTest, PortsOfListenersMembersAndChecks) {
  const auto status = [&](const std::string& protocol, int port) {
    return post("listeners",
                fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"{}","protocol_port":{}}}}})", lb_,
                            protocol, port))
        .status;
  };
  for (const std::string protocol : {"TCP", "UDP"}) {
    for (const int port : {-1, 0, 65536}) EXPECT_EQ(status(protocol, port), 400) << protocol << port;
    for (const int port : {1, 2, 65534, 65535}) EXPECT_EQ(status(protocol, port), 201) << protocol << port;
  }
  EXPECT_EQ(status("UDP", 4788), 201);
  EXPECT_EQ(status("UDP", 4789), 400);
  EXPECT_EQ(status("UDP", 4790), 201);
  EXPECT_EQ(status("TCP", 4789), 201);
  const std::string pool = make_lone_pool(lb_);
  for (const int port : {0, 1, 2, 65534, 65535, 65536})
    EXPECT_EQ(post("pools/" + pool + "/members",
                   fmt::format(R"({{"member":{{"address":"198.51.100.7","protocol_port":{}}}}})", port))
                  .status,
              port < 1 || port > 65535 ? 400 : 201)
        << port;
  const std::string member = make_member(pool, "198.51.100.8", 80);
  look("pools/" + pool + "/members/" + member, {"member", "monitor_port", 1, 65535});
  look("pools/" + pool + "/members/" + member, {"member", "weight", 0, 100});
}

TEST_F(LimitsTest, PoolsAndTheirStickiness) {
  const std::string tcp = "pools/" + make_lone_pool(lb_, "TCP"), udp = "pools/" + make_lone_pool(lb_, "UDP");
  const std::string http = "pools/" + make_lone_pool(lb_, "HTTP");
  const auto minutes = [](const std::string& type) {
    return [type](int count) { return fmt::format(R"({{"type":"{}","persistence_timeout":{}}})", type, count); };
  };
  const std::string field = "session_persistence.persistence_timeout";
  for (const std::string& path : {tcp, udp})
    look(path, {"pool", "session_persistence", 1, 60, minutes("SOURCE_IP"), "", field});
  look(http, {"pool", "session_persistence", 1, 1440, minutes("HTTP_COOKIE"), "", field});
  look(http, {"pool", "session_persistence", 1, 255,
              [](int size) {
                return fmt::format(R"({{"type":"APP_COOKIE","cookie_name":"{}"}})", letters(std::max(size, 0)));
              },
              "", "session_persistence.cookie_name"});
  look(http,
       {"pool", "slow_start", 30, 1200,
        [](int size) { return fmt::format(R"({{"enable":true,"duration":{}}})", size); }, "", "slow_start.duration"});
}

TEST_F(LimitsTest, HealthMonitors) {
  const std::string path =
      "healthmonitors/" + create("healthmonitors", "healthmonitor",
                                 fmt::format(R"("pool_id":"{}","type":"HTTP")", make_lone_pool(lb_, "HTTP")));
  look(path, {"healthmonitor", "delay", 1, 50});
  look(path, {"healthmonitor", "timeout", 1, 50});
  look(path, {"healthmonitor", "max_retries", 1, 10});
  look(path, {"healthmonitor", "max_retries_down", 1, 10});
  look(path, {"healthmonitor", "monitor_port", 1, 65535});
  look_up(path, {"healthmonitor", "url_path", 1, 80,
                 [](int size) { return in_quotes(size > 0 ? "/" + letters(size - 1) : ""); }});
  look_up(path, {"healthmonitor", "domain_name", 0, 100, named});
  const auto codes = [](int count) {  // 16 have 63 characters, one more makes 67
    std::string text;
    for (int i = 0; i < count; ++i) text += (i > 0 ? "," : "") + number(200 + i);
    return in_quotes(text);
  };
  for (const int count : {15, 16, 17})
    expect(put(path, R"({"healthmonitor":{"expected_codes":)" + codes(count) + "}}"), count <= 16,
           "codes " + number(count), "expected_codes");
}

TEST_F(LimitsTest, MembersOfABatch) {
  const std::string pool = make_lone_pool(lb_);
  for (const int count : {199, 200, 201}) {
    const std::string members = list(count, [](int i) {
      return fmt::format(R"({{"address":"198.51.100.{}","protocol_port":{}}})", 2 + i % 200, 80 + i / 200);
    });
    EXPECT_EQ(put("pools/" + pool + "/members", R"({"members":)" + members + "}").status, count <= 200 ? 202 : 400)
        << count;
  }
}

TEST_F(LimitsTest, PoliciesOfAListenerAndRulesOfAPolicy) {
  const std::string listener = make_listener(lb_, 80, "HTTP");
  const auto add = [&] {
    return post("l7policies", fmt::format(R"({{"l7policy":{{"listener_id":"{}","action":"REJECT"}}}})", listener));
  };
  for (int i = 1; i <= 500; ++i) ASSERT_EQ(add().status, 201) << i;
  const Answer refused = add();
  EXPECT_EQ(refused.status, 403) << refused.text;  // as any quota
  EXPECT_NE(refused.fault().find("500"), std::string::npos);

  const std::string other = make_listener(lb_, 81, "HTTP");
  const std::string policy =
      create("l7policies", "l7policy", fmt::format(R"("listener_id":"{}","action":"REJECT")", other));
  const auto rule = [&](const std::string& fields) {
    return post("l7policies/" + policy + "/rules", R"({"rule":{)" + fields + "}}");
  };
  for (int i = 1; i <= 10; ++i)
    ASSERT_EQ(rule(fmt::format(R"("type":"HEADER","compare_type":"EQUAL_TO","key":"k{}","value":"v")", i)).status, 201);
  EXPECT_EQ(rule(R"("type":"HEADER","compare_type":"EQUAL_TO","key":"k11","value":"v")").status, 403);
}

TEST_F(LimitsTest, TextsOfRulesAndRedirects) {
  const std::string listener = make_listener(lb_, 80, "HTTP");
  const std::string policy =
      create("l7policies", "l7policy", fmt::format(R"("listener_id":"{}","action":"REJECT")", listener));
  const auto make = [&](const std::string& type, const std::string& more) {
    const std::string path = "l7policies/" + policy + "/rules";
    return path + "/" + create(path, "rule", fmt::format(R"("type":"{}","compare_type":"EQUAL_TO",{})", type, more));
  };
  const std::string host = make("HOST_NAME", R"("value":"a")"), path = make("PATH", R"("value":"/")");
  const std::string header = make("HEADER", R"("key":"k","value":"v")");
  look(host, {"rule", "value", 1, 100, [](int size) { return in_quotes(letters(std::max(size, 0))); }});
  look(path, {"rule", "value", 1, 128, [](int size) { return in_quotes(size > 0 ? "/" + letters(size - 1) : ""); }});
  look(header, {"rule", "value", 1, 255, [](int size) { return in_quotes(letters(std::max(size, 0))); }});
  look(header, {"rule", "key", 1, 255, [](int size) { return in_quotes(letters(std::max(size, 0))); }});
  const std::string away =
      create("l7policies", "l7policy",
             fmt::format(R"("listener_id":"{}","action":"REDIRECT_TO_URL","redirect_url":"http://a/")", listener));
  look_up("l7policies/" + away,
          {"l7policy", "redirect_url", 0, 1024, [](int size) { return in_quotes("http://a/" + letters(size - 9)); }});
  for (const int64_t position : {int64_t{0}, int64_t{1}, int64_t{2147483646}, int64_t{2147483647}, int64_t{2147483648}})
    expect(put("l7policies/" + away, fmt::format(R"({{"l7policy":{{"position":{}}}}})", position)),
           position > 0 && position < 2147483648, fmt::format("position {}", position), "position");
}

TEST_F(LimitsTest, ErrorPages) {
  const std::string path = "listeners/" + make_listener(lb_, 80, "HTTP");
  look_up(path, {"listener", "error_pages", 0, 20, [](int count) {
                   return list(count, [](int i) {
                     return fmt::format(R"({{"status":"{}","content_type":"text/plain","body":"no"}})", 400 + i);
                   });
                 }});
  look_up(path, {"listener", "error_pages", 0, 16384, [](int size) {
                   return fmt::format(R"([{{"status":"503","content_type":"text/plain","body":"{}"}}])", letters(size));
                 }});
}

}  // namespace
}  // namespace elb::test
