// SPDX-License-Identifier: Apache-2.0
// Encoders: the fields that clients of either dialect read, and references in both directions.
#include "codec/encode.h"

#include <gtest/gtest.h>

namespace elb::codec {
namespace {

template <class T>
T named(const std::string& id) {
  T resource;
  resource.id = id;
  resource.name = "name-" + id;
  resource.project_id = "p";
  resource.tags = {"t"};
  resource.created_at = 1'700'000'000;
  resource.updated_at = 1'700'000'060;
  return resource;
}

template <class T>
void add(model::Model& model, T resource) {
  const model::Id id = resource.id;
  model.table<T>()[id] = std::make_shared<const T>(std::move(resource));
}

class EncodeTest : public ::testing::Test {
 protected:
  EncodeTest() {
    auto model = std::make_shared<model::Model>();
    auto lb = named<model::LoadBalancer>("lb");
    lb.vip_address = *IpAddress::parse("192.0.2.9");
    lb.vip_subnet_id = "subnet";
    add(*model, lb);
    for (const std::string id : {"l1", "l2"}) {
      auto listener = named<model::Listener>(id);
      listener.loadbalancer_id = "lb";
      listener.protocol_port = 80;
      listener.default_pool_id = "pool";
      add(*model, listener);
    }
    auto pool = named<model::Pool>("pool");
    pool.loadbalancer_id = "lb";
    add(*model, pool);
    auto member = named<model::Member>("m");
    member.pool_id = "pool";
    member.address = *IpAddress::parse("198.51.100.1");
    member.protocol_port = 81;
    add(*model, member);
    auto monitor = named<model::HealthMonitor>("hm");
    monitor.pool_id = "pool";
    monitor.delay = 2;
    add(*model, monitor);
    model_ = model;
  }
  template <class T>
  Value encoded(const std::string& id) {
    return encode(*model_->table<T>().at(id), Relations(model_), {"PENDING_UPDATE", "DEGRADED", "why"});
  }
  std::shared_ptr<const model::Model> model_;
};

TEST_F(EncodeTest, CommonFieldsOfEveryResource) {
  for (const Value& value :
       {encoded<model::LoadBalancer>("lb"), encoded<model::Listener>("l1"), encoded<model::Pool>("pool"),
        encoded<model::Member>("m"), encoded<model::HealthMonitor>("hm")}) {
    const std::string id = value.get("id").as_string();
    EXPECT_EQ(value.get("name").as_string(), "name-" + id);
    EXPECT_EQ(value.get("project_id").as_string(), "p") << id;
    EXPECT_EQ(value.get("tenant_id").as_string(), "p") << id;
    EXPECT_EQ(value.get("created_at").as_string(), "2023-11-14T22:13:20") << id;
    EXPECT_EQ(value.get("updated_at").as_string(), "2023-11-14T22:14:20") << id;
    EXPECT_EQ(value.get("provisioning_status").as_string(), "PENDING_UPDATE") << id;
    EXPECT_EQ(value.get("operating_status").as_string(), "DEGRADED") << id;
    EXPECT_EQ(value.get("status_reason").as_string(), "why") << id;
    EXPECT_EQ(value.get("tags").dump(), R"(["t"])") << id;
    EXPECT_TRUE(value.get("admin_state_up").as_bool()) << id;
  }
}

TEST_F(EncodeTest, ReferencesGoBothWays) {
  EXPECT_EQ(encoded<model::LoadBalancer>("lb").get("listeners").dump(), R"([{"id":"l1"},{"id":"l2"}])");
  EXPECT_EQ(encoded<model::LoadBalancer>("lb").get("pools").dump(), R"([{"id":"pool"}])");
  EXPECT_EQ(encoded<model::Listener>("l1").get("loadbalancers").dump(), R"([{"id":"lb"}])");
  EXPECT_EQ(encoded<model::Listener>("l1").get("default_pool_id").as_string(), "pool");
  EXPECT_EQ(encoded<model::Pool>("pool").get("listeners").dump(), R"([{"id":"l1"},{"id":"l2"}])");
  EXPECT_EQ(encoded<model::Pool>("pool").get("members").dump(), R"([{"id":"m"}])");
  EXPECT_EQ(encoded<model::Pool>("pool").get("healthmonitor_id").as_string(), "hm");
  EXPECT_EQ(encoded<model::HealthMonitor>("hm").get("pools").dump(), R"([{"id":"pool"}])");
}

TEST_F(EncodeTest, OwnFields) {
  EXPECT_EQ(encoded<model::LoadBalancer>("lb").get("vip_address").as_string(), "192.0.2.9");
  EXPECT_TRUE(encoded<model::LoadBalancer>("lb").get("vip_network_id").is_null());
  EXPECT_EQ(encoded<model::Listener>("l1").get("protocol_port").as_int(), 80);
  EXPECT_EQ(encoded<model::Pool>("pool").get("lb_algorithm").as_string(), "ROUND_ROBIN");
  EXPECT_EQ(encoded<model::Member>("m").get("address").as_string(), "198.51.100.1");
  EXPECT_EQ(encoded<model::Member>("m").get("weight").as_int(), 1);
  EXPECT_EQ(encoded<model::HealthMonitor>("hm").get("timeout").as_int(), 3);
  EXPECT_EQ(encoded<model::HealthMonitor>("hm").get("effective_timeout").as_int(), 2);  // HC-06
}

}  // namespace
}  // namespace elb::codec
