// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-01, HC-01, HC-02, LB-06, LS-03, PL-02, PL-03, PL-12.
#include <gtest/gtest.h>

#include <chrono>

#include "unit/model/samples.h"

namespace elb::model {
namespace {

using test::ip;
using test::put;
using test::sample_listener;
using test::sample_load_balancer;
using test::sample_member;
using test::sample_model;
using test::sample_monitor;
using test::sample_pool;

void expect_error(const Model& model, ErrorCode code, std::string_view field) {
  const Status status = validate(model);
  ASSERT_FALSE(status) << "accepted, expected an error of " << field;
  EXPECT_EQ(status.error().code, code) << status.error().to_string();
  EXPECT_EQ(status.error().field, field) << status.error().to_string();
}

TEST(ValidateModel, TheSampleIsValid) {
  EXPECT_TRUE(validate(sample_model()));
  EXPECT_TRUE(validate(Model{}));
}

TEST(ValidateModel, LB_06_OneAddressBelongsToOneLoadBalancer) {
  Model model = sample_model();
  put(model, sample_load_balancer("lb2", "10.0.0.10"));
  expect_error(model, ErrorCode::kConflict, "vip_address");
}

TEST(ValidateModel, LS_03_TcpAndUdpHavePortSpacesOfTheirOwn) {
  Model model = sample_model();
  put(model, sample_listener("l2", "lb1", 80, Protocol::kUdp));
  EXPECT_TRUE(validate(model));
  put(model, sample_load_balancer("lb2", "10.0.0.11"));
  put(model, sample_listener("l3", "lb2", 80));
  EXPECT_TRUE(validate(model)) << "same port on another load balancer";
  Model twice_tcp = model;
  put(twice_tcp, sample_listener("l4", "lb1", 80));
  expect_error(twice_tcp, ErrorCode::kConflict, "protocol_port");
  put(model, sample_listener("l5", "lb1", 80, Protocol::kUdp));
  expect_error(model, ErrorCode::kConflict, "protocol_port");
}

TEST(ValidateModel, PL_02_TheProtocolsOfListenerAndPoolFit) {
  Model model = sample_model();
  put(model, sample_pool("udp", "lb1", Protocol::kUdp));
  Listener listener = sample_listener("l2", "lb1", 81);
  listener.default_pool_id = "udp";
  put(model, listener);
  expect_error(model, ErrorCode::kInvalid, "default_pool_id");
  listener.protocol = Protocol::kUdp;
  put(model, listener);
  EXPECT_TRUE(validate(model));
}

TEST(ValidateModel, PL_03_AddressAndPortAreUniqueInAPoolOnly) {
  Model model = sample_model();
  put(model, sample_member("m3", "p1", "10.0.1.1", 8081));
  put(model, sample_pool("p2", "lb1"));
  put(model, sample_member("m4", "p2", "10.0.1.1", 8080));
  EXPECT_TRUE(validate(model)) << "another port, and the same in another pool";
  put(model, sample_member("m5", "p1", "10.0.1.1", 8080));
  expect_error(model, ErrorCode::kConflict, "address");
}

TEST(ValidateModel, PL_12_APoolServesListenersOfItsOwnLoadBalancerOnly) {
  Model model = sample_model();
  Listener listener = sample_listener("l2", "lb1", 81);
  listener.default_pool_id = "p1";
  put(model, listener);
  EXPECT_TRUE(validate(model)) << "two listeners of one load balancer share it";
  put(model, sample_load_balancer("lb2", "10.0.0.11"));
  listener.loadbalancer_id = "lb2";
  put(model, listener);
  expect_error(model, ErrorCode::kInvalid, "default_pool_id");
}

TEST(ValidateModel, AMemberIsNoLoadBalancer) {
  Model model = sample_model();
  put(model, sample_member("m3", "p1", "10.0.0.10"));
  expect_error(model, ErrorCode::kInvalid, "address");
}

TEST(ValidateModel, HC_01_OneMonitorPerPool) {
  Model model = sample_model();
  put(model, sample_monitor("h2", "p1"));
  expect_error(model, ErrorCode::kConflict, "pool_id");
}

TEST(ValidateModel, HC_02_AUdpPoolHasNoTcpCheck) {
  Model model = sample_model();
  put(model, sample_pool("udp", "lb1", Protocol::kUdp));
  put(model, sample_monitor("h2", "udp"));
  expect_error(model, ErrorCode::kInvalid, "type");
}

TEST(ValidateModel, GEN_01_ReferencesExist) {
  Model model = sample_model();
  put(model, sample_listener("l2", "none", 81));
  expect_error(model, ErrorCode::kInvalid, "loadbalancer_id");
  model = sample_model();
  put(model, sample_pool("p2", "none"));
  expect_error(model, ErrorCode::kInvalid, "loadbalancer_id");
  model = sample_model();
  put(model, sample_member("m3", "none"));
  expect_error(model, ErrorCode::kInvalid, "pool_id");
  model = sample_model();
  put(model, sample_monitor("h2", "none"));
  expect_error(model, ErrorCode::kInvalid, "pool_id");
  model = sample_model();
  Listener listener = sample_listener("l2", "lb1", 81);
  listener.default_pool_id = "none";
  put(model, listener);
  expect_error(model, ErrorCode::kInvalid, "default_pool_id");
}

TEST(ValidateModel, ChecksEveryResourceByItselfToo) {
  Model model = sample_model();
  Member member = sample_member("m3", "p1", "10.0.1.3");
  member.weight = 101;
  put(model, member);
  expect_error(model, ErrorCode::kInvalid, "weight");
  model = sample_model();
  const auto pool = model.pools.at("p1");
  model.pools["other"] = pool;
  expect_error(model, ErrorCode::kInternal, "id");
}

/// Every transaction pays for it: it must grow with the model, not with its square (which would be minutes here).
TEST(ValidateModel, FiftyThousandMembersTakeMilliseconds) {
  Model model;
  for (uint32_t i = 0; i < 100; ++i) {
    const std::string lb = fmt::format("lb{:03}", i);
    LoadBalancer load_balancer = sample_load_balancer(lb);
    load_balancer.vip_address = IpAddress::from_v4_host(0x0A000001 + i);
    put(model, load_balancer);
    put(model, sample_listener("l" + lb, lb));
    put(model, sample_pool("p" + lb, lb));
    for (uint32_t k = 0; k < 500; ++k) {
      Member member = sample_member(fmt::format("m{}-{}", i, k), "p" + lb);
      member.address = IpAddress::from_v4_host(0x0B000001 + i * 500 + k);
      put(model, member);
    }
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(validate(model));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  EXPECT_LT(took.count(), 2000);
}

}  // namespace
}  // namespace elb::model
