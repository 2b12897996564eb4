// SPDX-License-Identifier: Apache-2.0
// Shows: PL-07, ST-01, ST-02, ST-03, ST-04, ST-05, AC-01, AC-02, AC-03, AC-04, CA-02.
// What a listener and a pool can be told beyond their ports: algorithm, stickiness, limits, whitelists in both views.
#include <fmt/core.h>
#include <httplib.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

class PolicyTest : public ApiTest {
 protected:
  Value pool(const std::string& id) { return get("pools/" + id).body.get("pool"); }
  Value listener(const std::string& id) { return get("listeners/" + id).body.get("listener"); }
  Answer change_pool(const std::string& id, const std::string& fields) {
    return put("pools/" + id, "{\"pool\":{" + fields + "}}");
  }
  Answer change_listener(const std::string& id, const std::string& fields) {
    return put("listeners/" + id, "{\"listener\":{" + fields + "}}");
  }
  /// As a client of Octavia: persistence_timeout of UDP pools in seconds.
  Value as_octavia(const std::string& method, const std::string& path, const std::string& body = "") {
    httplib::Client client("127.0.0.1", server_->port());
    httplib::Request request;
    request.method = method;
    request.path = "/v2.0/lbaas/" + path;
    request.body = body;
    request.headers.emplace("X-Api-Dialect", "octavia");
    const auto result = client.send(request);
    return result ? *Value::parse(result->body) : Value();
  }

  const std::string lb_ = make_lb();
};

TEST_F(PolicyTest, PL07_TheAlgorithmCanBeChanged) {
  const std::string id = make_lone_pool(lb_);
  for (const std::string algorithm : {"LEAST_CONNECTIONS", "SOURCE_IP", "ROUND_ROBIN"}) {
    const Answer answer = change_pool(id, "\"lb_algorithm\":\"" + algorithm + "\"");
    EXPECT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(pool(id).get("lb_algorithm").as_string(), algorithm);
  }
}

// All 18 cells of ST-03 that a TCP or a UDP pool has: three algorithms by three types for each protocol.
TEST_F(PolicyTest, ST03_TheMatrixOfAlgorithmsAndTypes) {
  int cells = 0;
  for (const std::string protocol : {"TCP", "UDP"}) {
    for (const std::string algorithm : {"ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"}) {
      for (const std::string type : {"SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE"}) {
        const std::string cookie = type == "APP_COOKIE" ? R"(,"cookie_name":"sid")" : "";
        const Answer answer = post(
            "pools",
            fmt::format(
                R"({{"pool":{{"loadbalancer_id":"{}","protocol":"{}","lb_algorithm":"{}","session_persistence":{{"type":"{}"{}}}}}}})",
                lb_, protocol, algorithm, type, cookie));
        const bool fits = type == "SOURCE_IP" && algorithm != "LEAST_CONNECTIONS";
        const std::string what = protocol + " " + algorithm + " " + type;
        EXPECT_EQ(answer.status, fits ? 201 : 400) << what << answer.text;
        if (!fits) {
          EXPECT_TRUE(answer.body.get("field").text().starts_with("session_persistence")) << what << answer.text;
        } else {  // X-2: accepted beside the hash, without effect, and it says so
          EXPECT_EQ(answer.body.get("pool").get("warnings").size(), algorithm == "SOURCE_IP" ? 1U : 0U) << what;
          const Value timeout = answer.body.get("pool").get("session_persistence").get("persistence_timeout");
          EXPECT_EQ(timeout.text(), algorithm == "SOURCE_IP" ? "" : "1") << what;  // X-1
        }
        ++cells;
      }
    }
  }
  EXPECT_EQ(cells, 18);
}

TEST_F(PolicyTest, ST05_StickinessComesGoesAndChangesAtAnyTime) {
  const std::string id = make_lone_pool(lb_);
  EXPECT_TRUE(pool(id).get("session_persistence").is_null());
  EXPECT_EQ(change_pool(id, R"("session_persistence":{"type":"SOURCE_IP","persistence_timeout":60})").status, 200);
  EXPECT_EQ(pool(id).get("session_persistence").get("persistence_timeout").as_int(), 60);
  EXPECT_EQ(change_pool(id, R"("name":"other")").status, 200);
  EXPECT_EQ(pool(id).get("session_persistence").get("persistence_timeout").as_int(), 60);
  EXPECT_EQ(change_pool(id, R"("session_persistence":{"persistence_timeout":7})").status, 200);
  EXPECT_EQ(pool(id).get("session_persistence").get("persistence_timeout").as_int(), 7);
  const Answer clash = change_pool(id, R"("lb_algorithm":"LEAST_CONNECTIONS")");
  EXPECT_EQ(clash.status, 400);
  EXPECT_EQ(clash.body.get("field").as_string(), "session_persistence");
  EXPECT_EQ(change_pool(id, R"("lb_algorithm":"LEAST_CONNECTIONS","session_persistence":null)").status, 200);
  EXPECT_TRUE(pool(id).get("session_persistence").is_null());
}

TEST_F(PolicyTest, ST05_OctaviaCountsUdpInSeconds) {
  const std::string udp = make_lone_pool(lb_, "UDP");
  const std::string body = R"({"pool":{"session_persistence":{"type":"SOURCE_IP","persistence_timeout":61}}})";
  const auto timeout = [](const Value& answer) {
    return answer.get("pool").get("session_persistence").get("persistence_timeout").as_int();
  };
  EXPECT_EQ(timeout(as_octavia("PUT", "pools/" + udp, body)), 120);
  EXPECT_EQ(timeout(as_octavia("GET", "pools/" + udp)), 120);
  EXPECT_EQ(timeout(get("pools/" + udp).body), 2);
  EXPECT_EQ(as_octavia("PUT", "pools/" + udp,
                       R"({"pool":{"session_persistence":{"type":"SOURCE_IP","persistence_timeout":3601}}})")
                .get("field")
                .as_string(),
            "session_persistence.persistence_timeout");
  const std::string tcp = make_lone_pool(lb_, "TCP");  // Octavia has no timeout there: minutes, whoever asks
  EXPECT_EQ(as_octavia("PUT", "pools/" + tcp, body).get("field").as_string(),
            "session_persistence.persistence_timeout");
}

TEST_F(PolicyTest, LimitsOfAListener) {
  const std::string id = make_listener(lb_, 80, "TCP", R"(,"connection_limit":2147483647,"toa":true)");
  EXPECT_EQ(listener(id).get("connection_limit").as_int(), 2147483647);
  EXPECT_TRUE(listener(id).get("toa").as_bool());
  EXPECT_EQ(change_listener(id, R"("connection_limit":1)").status, 200);
  EXPECT_EQ(listener(id).get("connection_limit").as_int(), 1);
  EXPECT_EQ(change_listener(id, R"("connection_limit":null,"toa":null)").status, 200);
  EXPECT_EQ(listener(id).get("connection_limit").as_int(), -1);
  EXPECT_FALSE(listener(id).get("toa").as_bool());
  const std::string udp = make_listener(lb_, 53, "UDP");
  const Answer refused = change_listener(udp, R"("toa":true)");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.get("field").as_string(), "toa");
}

TEST_F(PolicyTest, AC01_AC02_OneStoreTwoViews) {
  const std::string id = make_listener(lb_, 80);
  EXPECT_TRUE(listener(id).get("allowed_cidrs").is_null());
  EXPECT_EQ(get("whitelists").body.get("whitelists").size(), 0U);

  const std::string body = fmt::format(
      R"({{"whitelist":{{"listener_id":"{}","whitelist":" 10.0.0.1 ,10.1.2.3/16,2001:DB8:0:0::/32 "}}}})", id);
  const Answer made = post("whitelists", body);
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string path = "whitelists/" + made.body.get("whitelist").get("id").as_string();
  EXPECT_EQ(made.body.get("whitelist").get("whitelist").as_string(), "10.0.0.1,10.1.0.0/16,2001:db8::/32");
  EXPECT_EQ(listener(id).get("allowed_cidrs").dump(), R"(["10.0.0.1/32","10.1.0.0/16","2001:db8::/32"])");
  const Answer second = post("whitelists", body);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.body.get("field").as_string(), "listener_id");

  EXPECT_EQ(change_listener(id, R"("allowed_cidrs":["192.0.2.0/24"])").status, 200);
  EXPECT_EQ(get(path).body.get("whitelist").get("whitelist").as_string(), "192.0.2.0/24");
  EXPECT_EQ(put(path, R"({"whitelist":{"enable_whitelist":false}})").status, 200);
  EXPECT_TRUE(listener(id).get("allowed_cidrs").is_null());  // everybody
  EXPECT_EQ(change_listener(id, R"("allowed_cidrs":null)").status, 200);
  EXPECT_EQ(get(path).body.get("whitelist").get("whitelist").as_string(), "192.0.2.0/24");

  EXPECT_EQ(put(path, R"({"whitelist":{"enable_whitelist":true,"whitelist":""}})").status, 200);
  const std::string nobody = listener(id).get("allowed_cidrs").dump();
  EXPECT_EQ(nobody, R"(["255.255.255.255/32"])");  // an empty list would say everybody
  EXPECT_EQ(change_listener(id, "\"allowed_cidrs\":" + nobody).status, 200);
  EXPECT_EQ(get(path).body.get("whitelist").get("whitelist").as_string(), "");
  EXPECT_TRUE(get(path).body.get("whitelist").get("enable_whitelist").as_bool());

  EXPECT_EQ(change_listener(id, R"("allowed_cidrs":[])").status, 200);
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(change_listener(id, R"("allowed_cidrs":["10.0.0.0/8"])").status, 200);
  const std::string fresh = get("whitelists").body.get("whitelists").at(0).get("id").as_string();
  EXPECT_EQ(del("whitelists/" + fresh).status, 204);
  EXPECT_TRUE(listener(id).get("allowed_cidrs").is_null());
  EXPECT_EQ(del("whitelists/" + fresh).status, 404);
}

TEST_F(PolicyTest, WhitelistsAreListedByTheirListenersAndGoWithThem) {
  const std::string a = make_listener(lb_, 80, "TCP", R"(,"allowed_cidrs":["10.0.0.0/8"])");
  make_listener(lb_, 81, "TCP", R"(,"allowed_cidrs":["10.0.0.0/8"])");
  EXPECT_EQ(get("whitelists").body.get("whitelists").size(), 2U);
  EXPECT_EQ(get("whitelists?listener_id=" + a).body.get("whitelists").size(), 1U);
  EXPECT_EQ(get("whitelists?enable_whitelist=false").body.get("whitelists").size(), 0U);
  EXPECT_EQ(get("whitelists?colour=red").status, 400);
  EXPECT_EQ(del("listeners/" + a).status, 204);
  EXPECT_EQ(get("whitelists?listener_id=" + a).body.get("whitelists").size(), 0U);
}

TEST_F(PolicyTest, AC03_LimitIsExactInBothViews) {
  const auto list = [](int count, bool json) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::string entry = fmt::format("10.{}.{}.0/24", i / 256, i % 256);
      text += (i == 0 ? "" : ",") + (json ? "\"" + entry + "\"" : entry);
    }
    return text;
  };
  const std::string id = make_listener(lb_, 80);
  EXPECT_EQ(change_listener(id, "\"allowed_cidrs\":[" + list(300, true) + "]").status, 200);
  EXPECT_EQ(listener(id).get("allowed_cidrs").size(), 300U);
  const Answer octavia = change_listener(id, "\"allowed_cidrs\":[" + list(301, true) + "]");
  EXPECT_EQ(octavia.status, 400);
  EXPECT_EQ(octavia.body.get("field").as_string(), "allowed_cidrs");
  const std::string path = "whitelists/" + get("whitelists").body.get("whitelists").at(0).get("id").as_string();
  EXPECT_EQ(put(path, "{\"whitelist\":{\"whitelist\":\"" + list(300, false) + "\"}}").status, 200);
  const Answer vendor = put(path, "{\"whitelist\":{\"whitelist\":\"" + list(301, false) + "\"}}");
  EXPECT_EQ(vendor.status, 400);
  EXPECT_EQ(vendor.body.get("field").as_string(), "whitelist");
  const Answer entry = put(path, R"({"whitelist":{"whitelist":"10.0.0.1,10.0.0.0/33"}})");
  EXPECT_EQ(entry.body.get("field").as_string(), "whitelist[1]");
}

TEST_F(PolicyTest, NestedResourcesTakeThemToo) {
  const Answer made = post(
      "loadbalancers",
      fmt::format(
          R"({{"loadbalancer":{{"vip_subnet_id":"{}","vip_bandwidth":300,"listeners":[{{"protocol":"TCP","protocol_port":80,
              "allowed_cidrs":["10.0.0.0/8"],"connection_limit":9,"toa":true,"default_pool":{{"protocol":"TCP",
              "lb_algorithm":"ROUND_ROBIN","session_persistence":{{"type":"SOURCE_IP"}}}}}}]}}}})",
          kVipSubnet));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body.get("loadbalancer").get("vip_bandwidth").as_int(), 300);
  const Value shown = listener(made.body.get("loadbalancer").get("listeners").at(0).get("id").as_string());
  EXPECT_EQ(shown.get("connection_limit").as_int(), 9);
  EXPECT_EQ(shown.get("allowed_cidrs").size(), 1U);
  EXPECT_EQ(pool(shown.get("default_pool_id").as_string()).get("session_persistence").get("type").as_string(),
            "SOURCE_IP");
}

}  // namespace
}  // namespace elb::test
