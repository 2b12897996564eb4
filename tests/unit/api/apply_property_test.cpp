// SPDX-License-Identifier: Apache-2.0
// A property of export and apply: whatever is configured, exported, wiped and applied again is exported as before; and
// applied where it already is, it is "unchanged". Configurations are made by the single calls of the API.
#include <fmt/core.h>

#include <random>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

constexpr unsigned kRounds = 25;

class ApplyPropertyTest : public ApiTest {
 protected:
  ApplyPropertyTest() : ApiTest(true) {}

  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool maybe() { return number(0, 1) == 1; }
  std::string pick(const std::vector<std::string>& words) {
    return words.at(static_cast<size_t>(number(0, static_cast<int>(words.size()) - 1)));
  }
  /// Sometimes none, sometimes one that others have.
  std::string name() { return pick({"", "a", "b", "c", "name with blanks", "\xC3\xBC"}); }
  std::string common(bool describable = true) {
    std::string text = fmt::format(R"(,"name":"{}")", name());
    if (maybe()) text += R"(,"admin_state_up":false)";
    if (maybe()) text += R"(,"tags":["x","y"])";
    if (describable && maybe()) text += R"(,"description":"line\nline")";
    return text;
  }

  std::string random_pool(const std::string& lb, const std::string& protocol) {
    std::string more = common();
    if (protocol == "HTTP" && maybe())
      more += pick({R"(,"session_persistence":{"type":"HTTP_COOKIE"})",
                    R"(,"session_persistence":{"type":"HTTP_COOKIE","persistence_timeout":7})",
                    R"(,"session_persistence":{"type":"APP_COOKIE","cookie_name":"JSESSIONID"})"});
    if (protocol != "HTTP" && maybe()) more += R"(,"session_persistence":{"type":"SOURCE_IP","persistence_timeout":5})";
    if (protocol == "HTTP" && maybe()) more += R"(,"proxy_protocol":"v2")";
    const std::string pool =
        create("pools", "pool",
               fmt::format(R"("loadbalancer_id":"{}","protocol":"{}","lb_algorithm":"{}"{})", lb, protocol,
                           more.find("session_persistence") == std::string::npos ? pick({"ROUND_ROBIN", "SOURCE_IP"})
                                                                                 : "ROUND_ROBIN",
                           more));
    for (int i = number(0, 4); i > 0; --i) {
      std::string member = common(false);
      if (maybe()) member += fmt::format(R"(,"weight":{})", number(0, 100));
      if (maybe()) member += fmt::format(R"(,"subnet_id":"{}")", kMemberSubnet);
      if (maybe()) member += R"(,"availability_zone":"az1")";
      make_member(pool, fmt::format("198.51.100.{}", number(1, 3)), 8000 + i, member);
    }
    if (maybe()) {
      const std::string type = protocol == "UDP" ? "UDP-CONNECT" : pick({"TCP", "HTTP"});
      std::string monitor = fmt::format(R"("pool_id":"{}","type":"{}","delay":{},"timeout":{},"max_retries":{}{})",
                                        pool, type, number(1, 50), number(1, 50), number(1, 10), common(false));
      if (maybe()) monitor += R"(,"max_retries_down":4)";
      if (maybe()) monitor += R"(,"monitor_port":81)";
      if (type == "HTTP" && maybe())
        monitor += R"(,"url_path":"/health","domain_name":"a.example","expected_codes":"200-204")";
      create("healthmonitors", "healthmonitor", monitor);
    }
    return pool;
  }

  void random_listener(const std::string& lb, int port, const std::map<std::string, std::vector<std::string>>& pools) {
    const std::string protocol = pick({"TCP", "UDP", "HTTP"});
    std::string more = common();
    const auto& own = pools.at(protocol);
    if (!own.empty() && maybe()) more += fmt::format(R"(,"default_pool_id":"{}")", pick(own));
    if (maybe())
      more += pick({R"(,"allowed_cidrs":["10.0.0.0/8","192.0.2.7"])", R"(,"allowed_cidrs":["255.255.255.255/32"])"});
    if (maybe()) more += R"(,"connection_limit":1000)";
    if (protocol == "TCP" && maybe()) more += R"(,"toa":true)";
    if (protocol == "HTTP" && maybe())
      more += R"(,"insert_headers":{"X-Forwarded-For":"true"},"timeout_client_data":60000)";
    if (protocol == "HTTP" && maybe())
      more += R"(,"request_rate_limit":100,"min_body_rate":0,"proxy_protocol_trusted":["10.9.0.0/16"])";
    const std::string listener = make_listener(lb, port, protocol, more);
    if (maybe()) disable_whitelist(listener);
    if (protocol != "HTTP") return;
    for (int i = number(0, 3); i > 0; --i) {
      const std::string action = own.empty()
                                     ? R"("action":"REDIRECT_TO_URL","redirect_url":"https://a.example/")"
                                     : fmt::format(R"("action":"REDIRECT_TO_POOL","redirect_pool_id":"{}")", pick(own));
      std::string policy = fmt::format(R"("listener_id":"{}",{}{})", listener, action, common());
      if (maybe()) policy += fmt::format(R"(,"position":{})", number(1, 3));
      const std::string id = create("l7policies", "l7policy", policy);
      create("l7policies/" + id + "/rules", "rule",
             fmt::format(R"("type":"PATH","compare_type":"{}","value":"/p{}/{}"{})", pick({"STARTS_WITH", "EQUAL_TO"}),
                         port, i, common()));
      if (maybe())
        create("l7policies/" + id + "/rules", "rule",
               R"("type":"HEADER","compare_type":"EQUAL_TO","key":"X-A","value":"b","invert":true)");
    }
  }

  void disable_whitelist(const std::string& listener) {
    const Answer lists = get("whitelists?listener_id=" + listener);
    if (lists.body.get("whitelists").size() == 0) return;
    put("whitelists/" + lists.body.get("whitelists").at(0).get("id").text(),
        R"({"whitelist":{"enable_whitelist":false}})");
  }

  std::mt19937 engine_;
};

TEST_F(ApplyPropertyTest, an_export_is_the_configuration) {
  ASSERT_TRUE(identities_->set_quotas("", {{"listener", -1}, {"loadbalancer", -1}, {"member", -1}, {"l7policy", -1}}));
  for (unsigned seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    engine_.seed(seed);
    for (int i = number(1, 3); i > 0; --i) {
      const std::string lb =
          create("loadbalancers", "loadbalancer", fmt::format(R"("vip_subnet_id":"{}"{})", kVipSubnet, common()));
      std::map<std::string, std::vector<std::string>> pools{{"TCP", {}}, {"UDP", {}}, {"HTTP", {}}};
      for (int j = number(0, 4); j > 0; --j) {
        const std::string protocol = pick({"TCP", "UDP", "HTTP"});
        pools[protocol].push_back(random_pool(lb, protocol));
      }
      for (int j = number(0, 3); j > 0; --j) random_listener(lb, 80 + j, pools);
    }
    const Answer before = get("/v1/export");
    ASSERT_EQ(before.status, 200) << before.text;
    const uint64_t revision_before = revision();
    const Answer same = post("/v1/apply?prune=all", before.text);
    ASSERT_EQ(same.status, 200) << same.text << "\n" << before.text;
    ASSERT_EQ(same.body.get("changes").dump(), "[]") << before.text;
    ASSERT_EQ(revision(), revision_before);
    const Answer wiped = post("/v1/apply?prune=all", R"({"load_balancers":[]})");
    ASSERT_EQ(wiped.status, 200) << wiped.text;
    ASSERT_TRUE(service_->model()->load_balancers.empty() && service_->model()->members.empty());
    const Answer applied = post("/v1/apply", before.text);
    ASSERT_EQ(applied.status, 200) << applied.text << "\n" << before.text;
    const Answer after = get("/v1/export");
    const Answer again = post("/v1/apply?prune=all", before.text);
    ASSERT_EQ(again.body.get("changes").dump(), "[]") << before.text << "\n" << again.text;
    // Lists are in the order of ids, which are new: texts of the same lines in another order.
    const auto letters = [](std::string text) { return std::sort(text.begin(), text.end()), text; };
    ASSERT_EQ(letters(after.text), letters(before.text)) << before.text << "\n" << after.text;
    ASSERT_EQ(post("/v1/apply?prune=all", R"({"load_balancers":[]})").status, 200);
  }
}

}  // namespace
}  // namespace elb::test
