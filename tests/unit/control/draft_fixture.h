// SPDX-License-Identifier: Apache-2.0
// DraftTest: a Draft over an empty model with two subnets, and short ways to fill it.
// Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include "control/draft.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "unit/model/samples.h"

namespace elb::control {

inline std::vector<model::Subnet> sample_subnets() {
  return {{"subnet-a", "network-a", "a", *Cidr::parse("10.0.0.0/24"), test::ip("10.0.0.1")},
          {"subnet-b", "network-b", "b", *Cidr::parse("10.0.1.0/29"), std::nullopt}};
}

class DraftTest : public testing::Test {
 protected:
  model::Id load_balancer(std::string_view vip = "") {
    model::LoadBalancer lb;
    lb.vip_subnet_id = "subnet-a";
    if (!vip.empty()) lb.vip_address = test::ip(vip);
    return get(draft_.create(lb, !vip.empty()));
  }
  model::Id listener(const model::Id& lb, uint16_t port = 80) {
    return get(draft_.create(test::sample_listener("", lb, port)));
  }
  model::Id pool(const model::Id& listener_id) { return get(draft_.create(model::Pool{}, listener_id)); }
  model::Id member(const model::Id& pool_id, std::string_view address) {
    return get(draft_.create(test::sample_member("", pool_id, address)));
  }
  model::Id monitor(const model::Id& pool_id) { return get(draft_.create(test::sample_monitor("", pool_id))); }

  template <class T>
  T copy(const model::Id& id) {
    return **draft_.find<T>(id);
  }
  static model::Id get(const Result<model::Id>& id) {
    EXPECT_TRUE(id) << id.error().to_string();
    return id ? *id : "";
  }

  test::ManualClock clock_;
  test::SeededRandom random_{1};
  model::Node node_{.subnets = sample_subnets(), .eip_pools = {}, .local_addresses = {}};
  const model::Model base_{};
  Draft draft_{base_, model::Relations(base_), node_, clock_, random_};
};

inline void expect_error(const Status& status, ErrorCode code, std::string_view field) {
  ASSERT_FALSE(status) << "accepted, expected an error of " << field;
  EXPECT_EQ(status.error().code, code) << status.error().to_string();
  EXPECT_EQ(status.error().field, field) << status.error().to_string();
}
inline void expect_error(const Result<model::Id>& id, ErrorCode code, std::string_view field) {
  expect_error(id ? Status() : Status(pass_on(id.error())), code, field);
}

}  // namespace elb::control
