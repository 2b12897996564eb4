// SPDX-License-Identifier: Apache-2.0
// Shows: HC-05, HC-08.
// Decoders: every field arrives where it belongs, in both dialects' spellings. What they refuse is tested through the
// API (unit/api/malformed_test.cpp).
#include "codec/decode.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace elb::codec {
namespace {

const std::string kId = "11111111-1111-4111-8111-111111111111";
const std::string kOther = "22222222-2222-4222-8222-222222222222";

Value json(std::string text) {
  for (size_t at = text.find("$1"); at != std::string::npos; at = text.find("$1")) text.replace(at, 2, kId);
  for (size_t at = text.find("$2"); at != std::string::npos; at = text.find("$2")) text.replace(at, 2, kOther);
  auto value = Value::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "accepted" : result.error().to_string();
}

TEST(Decode, LoadBalancer) {
  const auto tree = decode_load_balancer(json(
      R"({"loadbalancer":{"name":"n","description":"two\nlines","admin_state_up":false,"project_id":"p","tenant_id":"p",
          "vip_subnet_id":"s","vip_network_id":"w","vip_address":"192.0.2.9","provider":"vlb","tags":["a","b"]}})"));
  ASSERT_TRUE(tree) << error_of(tree);
  const model::LoadBalancer& lb = tree->load_balancer;
  EXPECT_EQ(lb.name, "n");
  EXPECT_EQ(lb.description, "two\nlines");
  EXPECT_FALSE(lb.admin_state_up);
  EXPECT_EQ(lb.project_id, "p");
  EXPECT_EQ(lb.vip_subnet_id, "s");
  EXPECT_EQ(lb.vip_network_id, "w");
  EXPECT_EQ(lb.vip_address.to_string(), "192.0.2.9");
  EXPECT_EQ(lb.provider, "vlb");
  EXPECT_EQ(lb.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(tree->vip_given);
}

TEST(Decode, DefaultsOfALoadBalancer) {
  const auto tree = decode_load_balancer(json(R"({"loadbalancer":{"vip_subnet_id":"s","tenant_id":"old"}})"));
  ASSERT_TRUE(tree) << error_of(tree);
  EXPECT_TRUE(tree->load_balancer.admin_state_up);
  EXPECT_EQ(tree->load_balancer.project_id, "old");
  EXPECT_EQ(tree->load_balancer.provider, "elb");
  EXPECT_FALSE(tree->vip_given);
}

TEST(Decode, Listener) {
  const auto tree = decode_listener(json(
      R"({"listener":{"name":"n","description":"d","admin_state_up":false,"project_id":"p","loadbalancer_id":"$1",
          "protocol":"UDP","protocol_port":65535,"default_pool_id":"$2","tags":["t"]}})"));
  ASSERT_TRUE(tree) << error_of(tree);
  const model::Listener& listener = tree->listener;
  EXPECT_EQ(listener.loadbalancer_id, kId);
  EXPECT_EQ(listener.protocol, model::Protocol::kUdp);
  EXPECT_EQ(listener.protocol_port, 65535);
  EXPECT_EQ(listener.default_pool_id, kOther);
  EXPECT_EQ(listener.description, "d");
  EXPECT_FALSE(listener.admin_state_up);
}

TEST(Decode, PoolWithEverythingNested) {
  const auto tree = decode_pool(json(
      R"({"pool":{"name":"n","listener_id":"$1","loadbalancer_id":"$2","protocol":"TCP","lb_algorithm":"ROUND_ROBIN",
          "members":[{"address":"198.51.100.1","protocol_port":1},{"address":"198.51.100.2","protocol_port":2}],
          "healthmonitor":{"type":"TCP","delay":1,"timeout":2,"max_retries":4}}})"));
  ASSERT_TRUE(tree) << error_of(tree);
  EXPECT_EQ(tree->listener_id, kId);
  EXPECT_EQ(tree->pool.loadbalancer_id, kOther);
  ASSERT_EQ(tree->members.size(), 2U);
  EXPECT_EQ(tree->members[1].protocol_port, 2);
  ASSERT_TRUE(tree->monitor);
  EXPECT_EQ(tree->monitor->max_retries_down, 4);
}

TEST(Decode, Member) {
  const auto member = decode_member(json(
      R"({"member":{"name":"n","address":"198.51.100.1","protocol_port":8080,"weight":0,"subnet_id":"s",
          "admin_state_up":false,"availability_zone":"az1","tags":["t"],"tenant_id":"p","backup":true,
          "monitor_address":"198.51.100.9","monitor_port":81}})"));
  ASSERT_TRUE(member) << error_of(member);
  EXPECT_TRUE(member->backup);
  EXPECT_EQ(member->monitor_address->to_string(), "198.51.100.9");
  EXPECT_EQ(member->monitor_port, 81);
  EXPECT_EQ(member->address.to_string(), "198.51.100.1");
  EXPECT_EQ(member->protocol_port, 8080);
  EXPECT_EQ(member->weight, 0);
  EXPECT_EQ(member->subnet_id, "s");
  EXPECT_EQ(member->availability_zone, "az1");
  EXPECT_EQ(member->project_id, "p");
  EXPECT_FALSE(member->admin_state_up);
}

TEST(Decode, HC05_HC08_MonitorDefaults) {
  const auto monitor = decode_health_monitor(json(R"({"healthmonitor":{"pool_id":"$1","type":"TCP"}})"));
  ASSERT_TRUE(monitor) << error_of(monitor);
  EXPECT_EQ(monitor->delay, 5);
  EXPECT_EQ(monitor->timeout, 3);
  EXPECT_EQ(monitor->max_retries, 3);
  EXPECT_EQ(monitor->max_retries_down, 3);
  EXPECT_FALSE(monitor->monitor_port);
  const auto given = decode_health_monitor(json(
      R"({"healthmonitor":{"pool_id":"$1","type":"TCP","delay":50,"timeout":50,"max_retries":10,"max_retries_down":1,"monitor_port":1}})"));
  ASSERT_TRUE(given) << error_of(given);
  EXPECT_EQ(given->delay, 50);
  EXPECT_EQ(given->max_retries, 10);
  EXPECT_EQ(given->max_retries_down, 1);
  EXPECT_EQ(given->monitor_port, 1);
}

TEST(Decode, HC07_MethodsOfAMonitor) {
  const auto decoded = [](const std::string& more) {
    return decode_health_monitor(json(R"({"healthmonitor":{"pool_id":"$1","type":"HTTP")" + more + "}}"));
  };
  EXPECT_EQ(decoded("")->http_method, "GET");
  EXPECT_EQ(decoded(R"(,"http_method":null)")->http_method, "GET");
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH"})
    EXPECT_EQ(decoded(R"(,"http_method":")" + method + "\"")->http_method, method);
  EXPECT_EQ(decoded(R"(,"http_method":"CONNECT")").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(decoded(R"(,"http_method":"get")").error().code, ErrorCode::kInvalid);
  model::HealthMonitor monitor = *decoded(R"(,"http_method":"HEAD")");
  ASSERT_TRUE(decode_update(json(R"({"healthmonitor":{"delay":1}})"), monitor));
  EXPECT_EQ(monitor.http_method, "HEAD");
  ASSERT_TRUE(decode_update(json(R"({"healthmonitor":{"http_method":null}})"), monitor));
  EXPECT_EQ(monitor.http_method, "GET");
}

TEST(Decode, UpdatesTouchOnlyWhatIsGiven) {
  model::Member member;
  member.name = "n";
  member.weight = 7;
  member.availability_zone = "az1";
  member.backup = true;
  member.monitor_address = *IpAddress::parse("198.51.100.9");
  member.monitor_port = 81;
  member.tags = {"t"};
  member.admin_state_up = false;
  const model::Member before = member;
  ASSERT_TRUE(decode_update(json(R"({"member":{}})"), member));
  EXPECT_EQ(member, before);
  ASSERT_TRUE(decode_update(json(R"({"member":{"name":"m","weight":3}})"), member));
  EXPECT_EQ(member.name, "m");
  EXPECT_EQ(member.weight, 3);
  EXPECT_EQ(member.availability_zone, "az1");
  ASSERT_TRUE(decode_update(
      json(R"({"member":{"name":null,"weight":null,"availability_zone":null,"tags":null,"admin_state_up":null,
               "backup":null,"monitor_address":null,"monitor_port":null}})"),
      member));
  EXPECT_EQ(member, model::Member());
}

TEST(Decode, NullUnlinksThePoolAndTheMonitorPort) {
  model::Listener listener;
  listener.default_pool_id = kId;
  ASSERT_TRUE(decode_update(json(R"({"listener":{"name":"x"}})"), listener));
  EXPECT_EQ(listener.default_pool_id, kId);
  ASSERT_TRUE(decode_update(json(R"({"listener":{"default_pool_id":null}})"), listener));
  EXPECT_FALSE(listener.default_pool_id);
  model::HealthMonitor monitor;
  monitor.monitor_port = 80;
  ASSERT_TRUE(decode_update(json(R"({"healthmonitor":{"monitor_port":null}})"), monitor));
  EXPECT_FALSE(monitor.monitor_port);
}

TEST(Decode, NumbersThatTheOpenstackCommandSendsAsText) {
  model::Listener listener;
  ASSERT_TRUE(decode_update(json(R"({"listener":{"connection_limit":"5000"}})"), listener));
  EXPECT_EQ(listener.connection_limit, 5000);
  ASSERT_TRUE(decode_update(json(R"({"listener":{"connection_limit":"-1"}})"), listener));
  EXPECT_EQ(listener.connection_limit, -1);
  for (const char* text : {"", " 5", "5 ", "+5", "0x5", "5.0", "2147483648", "0", "99999999999999999999"})
    EXPECT_FALSE(decode_update(json(fmt::format(R"({{"listener":{{"connection_limit":"{}"}}}})", text)), listener))
        << text;
  model::Pool pool;
  ASSERT_TRUE(
      decode_update(json(R"({"pool":{"session_persistence":{"type":"SOURCE_IP","persistence_timeout":"7"}}})"), pool));
  EXPECT_EQ(pool.sticky_minutes(), 7);
  const auto made =
      decode_listener(json(R"({"listener":{"loadbalancer_id":"$1","protocol":"TCP","protocol_port":"80"}})"));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->listener.protocol_port, 80);
  model::Member member;
  EXPECT_FALSE(decode_update(json(R"({"member":{"weight":"5"}})"), member)) << "nobody sends this one so";
}

TEST(Decode, ErrorsNameFieldAndRule) {
  const std::string head = R"({"listener":{"loadbalancer_id":"$1","protocol":"TCP",)";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("protocol_port":"http"}})", "protocol_port: expected an integer, got a string"},
      {R"("protocol_port":"70000"}})", "protocol_port: must be 1 to 65535, got \"70000\""},
      {R"("protocol_port":80.0}})", "protocol_port: expected an integer, got a number that is not an integer"},
      {R"("protocol_port":70000}})", "protocol_port: must be 1 to 65535, got 70000"},
      {R"("protocol_port":null}})", "protocol_port: must not be null"},
      {R"("name":"x"}})", "protocol_port: is required"},
      {R"("protocol_port":80,"colour":"red"}})", "colour: unknown field 'colour'"},
      {R"("protocol_port":80,"name":"a\u0007"}})", "name: must not contain control characters"},
      {R"("protocol_port":80,"default_pool_id":"x"}})", "default_pool_id: must be a UUID, got \"x\""},
      {R"("protocol_port":80,"insert_headers":5}})", "insert_headers: 5: not supported by this version"},
      {R"("protocol_port":80,"connection_limit":0}})", "connection_limit: must be -1 or 1 to 2147483647, got 0"},
      {R"("protocol_port":80,"allowed_cidrs":["10.0.0.0/8","10.0.0.0/33"]}})",
       "allowed_cidrs[1]: \"10.0.0.0/33\": the prefix length must be 0 to 32"},
      {R"("protocol_port":80,"allowed_cidrs":["300.1.1.1"]}})",
       "allowed_cidrs[0]: must be an IPv4 or IPv6 address or block, got \"300.1.1.1\""},
      {R"("protocol_port":80,"operating_status":"ONLINE"}})", "operating_status: is read-only"},
      {R"("protocol_port":80}, "x":1})", "x: unknown field 'x' beside 'listener'"},
  };
  for (const auto& [tail, message] : cases) EXPECT_EQ(error_of(decode_listener(json(head + tail))), message);
  model::Listener listener;
  EXPECT_EQ(error_of(decode_update(json(R"({"listener":{"protocol":"UDP"}})"), listener)),
            "protocol: is immutable: it cannot be changed after creation");
}

TEST(Decode, BatchEntries) {
  const auto batch = decode_member_batch(json(R"({"members":[{"id":"$1"},{"id":"x"}],"action":"delete"})"));
  ASSERT_TRUE(batch) << error_of(batch);
  EXPECT_EQ(batch->action, MemberBatch::Action::kDelete);
  ASSERT_EQ(batch->members.size(), 2U);
  EXPECT_EQ(*decode_batch_id(batch->members[0], 0), kId);
  EXPECT_EQ(error_of(decode_batch_id(batch->members[1], 1)), "members[1].id: must be a UUID, got \"x\"");
  EXPECT_EQ(error_of(decode_batch_member(json(R"({"address":"198.51.100.1"})"), 7)),
            "members[7].protocol_port: is required");
}

}  // namespace
}  // namespace elb::codec
