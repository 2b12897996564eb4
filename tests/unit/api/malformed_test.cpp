// SPDX-License-Identifier: Apache-2.0
// More than 200 malformed bodies against every write. Each gets its 4xx, and after each one nothing has changed:
// neither the revision nor anything the API shows.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

struct Case {
  std::string method, path, body;
  int status = 400;
  std::string field = "*";  // that the error must name; "*": any or none
};

/// A valid body's fields, and which kind of value each wants. Every other kind is tried on it.
struct Shape {
  std::string method, path, envelope;
  std::vector<std::pair<std::string, std::string>> fields;  // name -> valid value as JSON text
  bool update = false;
};

char kind_of(const std::string& json) {
  if (json == "true" || json == "false") return 'b';
  if (json[0] == '"' || json[0] == '[' || json[0] == '{') return json[0];
  return 'n';
}

class MalformedTest : public ApiTest {
 protected:
  MalformedTest() {
    lb_ = make_lb("keep", R"(,"tags":["t"])");
    listener_ = make_listener(lb_, 80);
    pool_ = make_pool(listener_);
    member_ = make_member(pool_, "198.51.100.10", 80);
    monitor_ = make_monitor(pool_);
    free_pool_ = make_lone_pool(lb_);
    udp_listener_ = make_listener(lb_, 53, "UDP");
    make_listener(lb_, 81, "UDP", R"(,"allowed_cidrs":["10.0.0.0/8"])");
    whitelist_ = get("whitelists").body.get("whitelists").at(0).get("id").as_string();
    eip_ = get_id(post("/v1/eips", R"({"eip":{"bandwidth":5}})"), "eip");
  }

  std::vector<Shape> shapes() const {
    const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
    return {
        {"POST",
         "loadbalancers",
         "loadbalancer",
         {{"vip_subnet_id", quoted(kVipSubnet)},
          {"name", "\"n\""},
          {"description", "\"d\""},
          {"admin_state_up", "true"},
          {"vip_address", "\"192.0.2.50\""},
          {"vip_network_id", quoted(kVipNetwork)},
          {"project_id", "\"p\""},
          {"tags", "[]"},
          {"listeners", "[]"},
          {"pools", "[]"},
          {"vip_bandwidth", "100"},
          {"provider", "\"elb\""}}},
        {"POST",
         "listeners",
         "listener",
         {{"loadbalancer_id", quoted(lb_)},
          {"protocol", "\"TCP\""},
          {"protocol_port", "81"},
          {"name", "\"n\""},
          {"description", "\"d\""},
          {"admin_state_up", "true"},
          {"default_pool_id", quoted(free_pool_)},
          {"connection_limit", "100"},
          {"allowed_cidrs", "[\"10.0.0.0/8\"]"},
          {"toa", "true"},
          {"tags", "[]"}}},
        {"POST",
         "pools",
         "pool",
         {{"loadbalancer_id", quoted(lb_)},
          {"protocol", "\"TCP\""},
          {"lb_algorithm", "\"ROUND_ROBIN\""},
          {"session_persistence", "{\"type\":\"SOURCE_IP\",\"persistence_timeout\":5}"},
          {"name", "\"n\""},
          {"description", "\"d\""},
          {"admin_state_up", "true"},
          {"members", "[]"},
          {"tags", "[]"}}},
        {"POST",
         "pools/" + pool_ + "/members",
         "member",
         {{"address", "\"198.51.100.20\""},
          {"protocol_port", "80"},
          {"weight", "1"},
          {"name", "\"n\""},
          {"subnet_id", quoted(kMemberSubnet)},
          {"admin_state_up", "true"},
          {"availability_zone", "\"az1\""},
          {"tags", "[]"}}},
        {"POST",
         "healthmonitors",
         "healthmonitor",
         {{"pool_id", quoted(free_pool_)},
          {"type", "\"TCP\""},
          {"delay", "5"},
          {"timeout", "3"},
          {"max_retries", "3"},
          {"max_retries_down", "3"},
          {"monitor_port", "80"},
          {"name", "\"n\""},
          {"admin_state_up", "true"}}},
        {"PUT",
         "loadbalancers/" + lb_,
         "loadbalancer",
         {{"name", "\"n\""},
          {"description", "\"d\""},
          {"admin_state_up", "false"},
          {"vip_bandwidth", "5"},
          {"tags", "[]"}},
         true},
        {"PUT",
         "listeners/" + listener_,
         "listener",
         {{"name", "\"n\""},
          {"admin_state_up", "false"},
          {"connection_limit", "7"},
          {"allowed_cidrs", "[\"10.0.0.0/8\"]"},
          {"toa", "true"},
          {"default_pool_id", quoted(free_pool_)}},
         true},
        {"PUT",
         "pools/" + pool_,
         "pool",
         {{"name", "\"n\""}, {"lb_algorithm", "\"ROUND_ROBIN\""}, {"session_persistence", "{\"type\":\"SOURCE_IP\"}"}},
         true},
        {"PUT",
         "pools/" + pool_ + "/members/" + member_,
         "member",
         {{"name", "\"n\""}, {"weight", "5"}, {"admin_state_up", "false"}},
         true},
        {"PUT",
         "healthmonitors/" + monitor_,
         "healthmonitor",
         {{"delay", "9"}, {"timeout", "9"}, {"max_retries", "9"}, {"max_retries_down", "9"}, {"monitor_port", "9"}},
         true},
        {"POST",
         "whitelists",
         "whitelist",
         {{"listener_id", quoted(udp_listener_)},
          {"enable_whitelist", "true"},
          {"whitelist", "\"10.0.0.1, 10.1.0.0/16\""}}},
        {"PUT",
         "whitelists/" + whitelist_,
         "whitelist",
         {{"enable_whitelist", "false"}, {"whitelist", "\"10.0.0.1\""}},
         true},
        {"POST",
         "/v1/eips",
         "eip",
         {{"address", "\"203.0.113.99\""},
          {"bandwidth", "10"},
          {"bandwidth_name", "\"b\""},
          {"type", "\"5_bgp\""},
          {"name", "\"n\""},
          {"description", "\"d\""},
          {"tags", "[]"},
          {"loadbalancer_id", quoted(lb_)}}},
        {"PUT",
         "/v1/eips/" + eip_,
         "eip",
         {{"bandwidth", "10"}, {"bandwidth_name", "\"b\""}, {"name", "\"n\""}, {"loadbalancer_id", "null"}},
         true},
        {"POST",
         "/v2.0/floatingips",
         "floatingip",
         {{"floating_network_id", quoted("e1b00000-0000-4000-8000-0000000000e1")},
          {"floating_ip_address", "\"203.0.113.98\""},
          {"description", "\"d\""}}},
    };
  }

  static std::string body_of(const Shape& shape, const std::string& replaced, const std::string& value) {
    std::string fields;
    bool found = false;
    for (const auto& [name, valid] : shape.fields) {
      found = found || name == replaced;
      fields += fmt::format("{}\"{}\":{}", fields.empty() ? "" : ",", name, name == replaced ? value : valid);
    }
    if (!found && !replaced.empty()) fields += fmt::format(",\"{}\":{}", replaced, value);
    return fmt::format("{{\"{}\":{{{}}}}}", shape.envelope, fields);
  }

  void expect_refused(const Case& item) {
    const uint64_t revision_before = revision();
    const Answer answer = call(item.method, item.path, item.body);
    const std::string what = fmt::format("{} {} {}", item.method, item.path, item.body.substr(0, 300));
    EXPECT_EQ(answer.status, item.status) << what << "\n" << answer.text;
    EXPECT_FALSE(answer.fault().empty()) << what;
    if (item.field != "*") {
      EXPECT_EQ(answer.body.get("field").text(), item.field) << what << "\n" << answer.text;
    }
    EXPECT_EQ(revision(), revision_before) << what;
    EXPECT_EQ(configuration(), before_) << what;
    ++tried_;
  }

  static std::string get_id(const Answer& answer, const std::string& key) {
    EXPECT_EQ(answer.status, 201) << answer.text;
    return answer.body.get(key).get("id").as_string();
  }

  std::string lb_, listener_, pool_, member_, monitor_, free_pool_, udp_listener_, whitelist_, eip_, before_;
  size_t tried_ = 0;
};

TEST_F(MalformedTest, EveryMalformedBodyGetsIts4xxAndChangesNothing) {
  before_ = configuration();
  std::vector<Case> cases;
  for (const Shape& shape : shapes()) {
    const auto add = [&](const std::string& field, const std::string& value) {
      cases.push_back({shape.method, shape.path, body_of(shape, field, value), 400, field});
    };
    for (const auto& [name, valid] : shape.fields) {  // wrong types, a float for an integer, a word for a number
      for (const std::string wrong : {"7", "1.5", "\"word\"", "true", "[1]", "{\"a\":1}"}) {
        const bool same_kind = kind_of(wrong) == kind_of(valid) && wrong != "1.5";
        if (!same_kind) add(name, wrong);
      }
    }
    // What no resource has; what the server alone says; what does not change.
    add("colour", "1");
    add("Name", "\"n\"");
    add("id", "\"" + kNobody + "\"");
    add("created_at", "\"2026-01-01T00:00:00\"");
    add("provisioning_status", "\"ACTIVE\"");
    if (shape.update) {
      add("project_id", "\"p\"");
      add("tenant_id", "null");
    }
    // The document around the resource.
    const std::string inner = body_of(shape, "", "");
    for (const std::string& body : {std::string("{}"),
                                    std::string("[]"),
                                    std::string("null"),
                                    std::string("7"),
                                    std::string("\"x\""),
                                    "[" + inner + "]",
                                    "{\"" + shape.envelope + "\":null}",
                                    "{\"" + shape.envelope + "\":[]}",
                                    "{\"" + shape.envelope + "\":\"x\"}",
                                    "{\"" + shape.envelope + "s\":{}}",
                                    inner.substr(0, inner.size() - 1) + ",\"extra\":1}",
                                    inner + "x",
                                    inner.substr(0, inner.size() - 1),
                                    inner.substr(0, inner.size() / 2),
                                    std::string("{\"") + shape.envelope + "\":{\"name\":\"\xff\xfe\"}}",
                                    std::string("{\"") + shape.envelope + "\":{\"name\":\"a\",\"name\":\"b\"}}",
                                    std::string("{\"") + shape.envelope + "\":{},\"" + shape.envelope + "\":{}}",
                                    "{\"" + shape.envelope + "\":{\"name\":\"\\u0000\"}}",
                                    "{\"" + shape.envelope + "\":{\"name\":\"\\ud800\"}}",
                                    std::string(10'000, '['),
                                    std::string(10'000, '[') + std::string(10'000, ']')}) {
      cases.push_back({shape.method, shape.path, body});
    }
    std::string deep = "7";
    for (int i = 0; i < 10'000; ++i) deep = "{\"a\":" + deep + "}";
    cases.push_back({shape.method, shape.path, deep});
    cases.push_back({shape.method, shape.path, "{\"" + shape.envelope + "\":{\"name\":" + deep + "}}"});
    cases.push_back({shape.method, shape.path, std::string(10'000'000, ' '), 413});
  }
  for (const Case& item : cases) expect_refused(item);
  fmt::print("{} malformed bodies refused\n", tried_);
  EXPECT_GE(tried_, 200U);
}

TEST_F(MalformedTest, ValuesOutOfRangeAreRefused) {
  before_ = configuration();
  const std::vector<Shape> all = shapes();
  const std::string wide(256, 'x');
  const std::vector<std::tuple<size_t, std::string, std::vector<std::string>>> table = {
      {0, "name", {"\"" + wide + "\""}},
      {0, "description", {"\"" + wide + "\""}},
      {0,
       "vip_address",
       {"\"\"", "\"300.1.1.1\"", "\"192.0.2\"", "\"192.0.2.5/24\"", "\"::1\"", "\"192.0.2.255\"", "\"0.0.0.0\""}},
      {0, "vip_subnet_id", {"\"none\"", "\"" + kMemberSubnet + "\""}},
      {0, "vip_network_id", {"\"none\""}},
      {0, "tenant_id", {"\"another\""}},
      {0, "tags", {"[\"a\",\"a\"]", "[\"\"]", "[\"" + wide + "\"]", "[null]", "[[]]"}},
      {0, "provider", {"\"nobody\""}},
      {1, "protocol", {"\"tcp\"", "\"ICMP\"", "\"\"", "null"}},
      {1, "protocol_port", {"0", "-1", "65536", "65617", "4294967377", "18446744073709551617", "1e2", "null"}},
      {1, "loadbalancer_id", {"\"\"", "\"x\"", "null"}},
      {1, "default_pool_id", {"\"x\""}},
      {2, "lb_algorithm", {"\"RANDOM\"", "null"}},
      {2, "protocol", {"\"\"", "null"}},
      {2, "listener_id", {"\"x\""}},
      {3, "address", {"\"x\"", "\"\"", "\"::1\"", "\"127.0.0.1\"", "\"224.0.0.1\"", "\"0.0.0.0\"", "null"}},
      {3, "protocol_port", {"0", "65536", "null"}},
      {3, "weight", {"-1", "101", "256", "-9223372036854775808", "9223372036854775808", "1.0"}},
      {3, "pool_id", {"\"" + kNobody + "\""}},
      {4, "delay", {"0", "51", "-5", "4294967301"}},
      {4, "timeout", {"0", "51"}},
      {4, "max_retries", {"0", "11", "2147483653"}},
      {4, "max_retries_down", {"0", "11"}},
      {4, "monitor_port", {"0", "65536"}},
      {4, "type", {"\"tcp\"", "null"}},
      {8, "weight", {"-1", "101"}},
      {8, "address", {"\"198.51.100.10\""}},
      {9, "type", {"\"TCP\""}},
      {9, "delay", {"0", "51"}},
      {0, "vip_bandwidth", {"0", "-1", "400001", "1e3", "4294967297"}},
      {1, "connection_limit", {"0", "-2", "2147483648", "4294967295", "-9223372036854775808", "1.0"}},
      {1,
       "allowed_cidrs",
       {"[\"\"]", "[null]", "[[]]", "[\"300.1.1.1\"]", "[\"10.0.0.0/33\"]", "[\"10.0.0.0/-1\"]", "[\"10.0.0.0/\"]",
        "[\"10.0.0.0/8\",\"x\"]", "[\"2001:db8::/129\"]", "[\"::ffff:10.0.0.0/104\"]", "[\"10.0.0.0/8/8\"]",
        "[\"10.0.0.0 /8\"]", "[\"1.2.3.4/032x\"]"}},
      {1, "toa", {"\"true\"", "1"}},
      {2,
       "session_persistence",
       {R"({"type":"HTTP_COOKIE"})", R"({"type":"APP_COOKIE","cookie_name":"c"})", R"({"type":"SOURCE"})",
        R"({"persistence_timeout":5})", R"({"type":null})", R"({"type":7})",
        R"({"type":"SOURCE_IP","persistence_timeout":0})", R"({"type":"SOURCE_IP","persistence_timeout":61})",
        R"({"type":"SOURCE_IP","persistence_timeout":-1})", R"({"type":"SOURCE_IP","persistence_timeout":"61"})",
        R"({"type":"SOURCE_IP","persistence_timeout":"x"})", R"({"type":"SOURCE_IP","persistence_timeout":1.5})",
        R"({"type":"SOURCE_IP","cookie_name":"c"})", R"({"type":"SOURCE_IP","cookie_name":7})",
        R"({"type":"SOURCE_IP","colour":1})"}},
      {2, "lb_algorithm", {"\"LEAST_CONNECTIONS\"", "\"SOURCE_IP\""}},  // beside a session_persistence with a timeout
      {3, "address", {"\"2001:db8::1\"", "\"100.125.0.1\"", "\"100.125.0.77\"", "\"198.51.100.254\"", "\"192.0.2.1\""}},
      {7, "session_persistence", {R"({"type":"HTTP_COOKIE"})", R"({"persistence_timeout":61})"}},
      {10,
       "whitelist",
       {"\"a\"", "\"10.0.0.1,\"", "\",\"", "\"10.0.0.1,,10.0.0.2\"", "\"10.0.0.1 10.0.0.2\"", "\"10.0.0.0/33\"",
        "\"300.1.1.1\"", "\"2001:db8::/129\""}},
      {10, "listener_id", {"null", "\"x\"", "\"\""}},
      {11, "listener_id", {"\"" + udp_listener_ + "\""}},
      {11, "whitelist", {"\"x\""}},
      {12,
       "address",
       {"\"x\"", "\"127.0.0.1\"", "\"100.125.0.9\"", "\"192.0.2.1\"", "\"ff02::1\"", "\"2001:db8:1::7\""}},
      {12, "bandwidth", {"0", "-1", "400001", "2147483649"}},
      {12, "type", {"\"6_bgp\"", "\"\""}},
      {13, "bandwidth", {"0", "400001"}},
      {13, "address", {"\"203.0.113.97\""}},
      {13, "type", {"\"5_bgp\""}},
      {14, "floating_network_id", {"\"x\"", "null"}},
      {14, "floating_ip_address", {"\"x\"", "\"0.0.0.0\""}},
      {14, "fixed_ip_address", {"\"192.0.2.77\""}},
  };
  for (const auto& [index, field, values] : table) {
    for (const std::string& value : values) {
      const Shape& shape = all[index];
      expect_refused({shape.method, shape.path, body_of(shape, field, value), 400, "*"});
    }
  }
  for (const std::string field : {"address", "protocol_port"}) {
    Shape shape = all[3];
    std::erase_if(shape.fields, [&field](const auto& entry) { return entry.first == field; });
    expect_refused({shape.method, shape.path, body_of(shape, "", ""), 400, field});
  }
  for (const std::string body : {R"({"members":null})", R"({"members":{}})", R"({"members":[7]})", R"({"member":[]})",
                                 R"([])", R"({"members":[],"members":[]})", R"({"members":[],"action":7})"}) {
    expect_refused({"PUT", "pools/" + pool_ + "/members", body, 400, "*"});
  }
  for (const Shape& shape : all) expect_refused({shape.method, shape.path, "", 400, "*"});
}

// Asking for a feature of the contract that this version lacks: never accepted, never ignored.
TEST_F(MalformedTest, FeaturesToComeAreRefusedAloud) {
  before_ = configuration();
  const std::vector<Shape> all = shapes();
  const std::vector<std::tuple<size_t, std::string, std::string>> table = {
      {0, "flavor_id", "\"f\""},
      {0, "availability_zone", "\"az1\""},
      {0, "vip_port_id", "\"" + kNobody + "\""},
      {0, "vip_qos_policy_id", "\"q\""},
      {0, "additional_vips", "[{\"subnet_id\":\"s\"}]"},
      {0, "provider", "\"amphora\""},
      {1, "protocol", "\"SCTP\""},
      {1, "default_tls_container_ref", "\"ref\""},
      {1, "sni_container_refs", "[\"ref\"]"},
      {1, "insert_headers", "{\"X-Forwarded-For\":\"true\"}"},
      {1, "timeout_client_data", "1"},
      {1, "http2_enable", "true"},
      {1, "l7policies", "[{}]"},
      {2, "protocol", "\"PROXY\""},
      {2, "lb_algorithm", "\"SOURCE_IP_PORT\""},
      {2, "tls_enabled", "true"},
      {4, "type", "\"PING\""},
      {4, "type", "\"TLS-HELLO\""},
      {4, "http_method", "\"POST\""},
      {4, "url_path", "\"/health\""},
      {4, "expected_codes", "\"200-204\""},
      {4, "domain_name", "\"a.example\""},
  };
  for (const auto& [index, field, value] : table) {
    expect_refused({all[index].method, all[index].path, body_of(all[index], field, value), 501, field});
  }
}

// Without a proxy on the node nobody would serve them.
TEST_F(MalformedTest, HttpIsRefusedAloudWithoutAProxy) {
  before_ = configuration();
  for (const std::string protocol : {"HTTP", "HTTPS", "TERMINATED_HTTPS"}) {
    const std::string body =
        fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"{}","protocol_port":88}}}})", lb_, protocol);
    expect_refused({"POST", "listeners", body, 501, "protocol"});
  }
  const std::string pool = R"("protocol":"HTTP","lb_algorithm":"ROUND_ROBIN")";
  expect_refused(
      {"POST", "pools", fmt::format(R"({{"pool":{{"loadbalancer_id":"{}",{}}}}})", lb_, pool), 501, "protocol"});
  const std::string tree =
      fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}","pools":[{{{}}}]}}}})", kVipSubnet, pool);
  expect_refused({"POST", "loadbalancers", tree, 501, "pools[0].protocol"});
}

// What clients send of their own accord for features they do not use.
TEST_F(MalformedTest, NeutralValuesAreAccepted) {
  create(
      "loadbalancers", "loadbalancer",
      R"("vip_address":"192.0.2.60","flavor_id":null,"availability_zone":"","vip_port_id":null,"additional_vips":[],)"
      R"("vip_qos_policy_id":null,"enterprise_project_id":"0","provider":null,"name":null,"tags":null,"tenant_id":"t")");
  create("listeners", "listener",
         fmt::format(
             R"("loadbalancer_id":"{}","protocol":"TCP","protocol_port":90,"connection_limit":-1,)"
             R"("insert_headers":{{}},"allowed_cidrs":["0.0.0.0/0"],"timeout_client_data":50000,)"
             R"("timeout_member_connect":5000,"timeout_member_data":50000,"timeout_tcp_inspect":0,)"
             R"("sni_container_refs":[],"default_tls_container_ref":null,"http2_enable":false,"default_pool":null)",
             lb_));
  create("pools", "pool",
         fmt::format(R"("loadbalancer_id":"{}","listener_id":null,"protocol":"TCP","lb_algorithm":"ROUND_ROBIN",)"
                     R"("session_persistence":null,"tls_enabled":false,"healthmonitor":null)",
                     lb_));
  create(
      "pools/" + pool_ + "/members", "member",
      R"("address":"198.51.100.99","protocol_port":1,"weight":null,"subnet_id":null,"backup":false,"monitor_port":null)");
  create("healthmonitors", "healthmonitor",
         fmt::format(R"("pool_id":"{}","type":"TCP","http_method":"GET","url_path":"/","expected_codes":"200",)"
                     R"("domain_name":null,"monitor_port":null)",
                     free_pool_));
}

}  // namespace
}  // namespace elb::test
