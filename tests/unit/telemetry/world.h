// SPDX-License-Identifier: Apache-2.0
// World: a small configuration with the counters and the health that a test gives it: load balancer "lb" with the TCP
// listener "l4" (pool "p4", members "m1" in zone a, "m2" in zone b) and the HTTP listener "l7" (pool "p7", member
// "m3"). Thread rule: one thread.
#pragma once

#include <map>
#include <memory>

#include "telemetry/sources.h"
#include "unit/api/stub_views.h"
#include "unit/model/samples.h"

namespace elb::test {

class StubHttpTraffic final : public model::HttpTrafficView {
 public:
  std::optional<model::HttpListenerTraffic> http_listener_traffic(const model::Id& id) const override {
    const auto found = listeners.find(id);
    return found == listeners.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<model::HttpMemberTraffic> http_member_traffic(const model::Id& id) const override {
    const auto found = members.find(id);
    return found == members.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<model::Id, model::HttpListenerTraffic> listeners;
  std::map<model::Id, model::HttpMemberTraffic> members;
};

struct World {
  World() {
    put(model, sample_load_balancer("lb"));
    auto l4 = sample_listener("l4", "lb", 80);
    l4.default_pool_id = "p4";
    put(model, l4);
    auto l7 = sample_listener("l7", "lb", 8080, model::Protocol::kHttp);
    l7.default_pool_id = "p7";
    put(model, l7);
    put(model, sample_pool("p4", "lb"));
    put(model, sample_pool("p7", "lb", model::Protocol::kHttp));
    auto m1 = sample_member("m1", "p4", "10.0.1.1");
    m1.availability_zone = "a";
    put(model, m1);
    auto m2 = sample_member("m2", "p4", "10.0.1.2");
    m2.availability_zone = "b";
    put(model, m2);
    put(model, sample_member("m3", "p7", "10.0.1.3"));
    model.revision = 7;
    views.set_applied(6);
    views.set_flows({{}, 0, 1000, 250});
  }

  telemetry::Sources sources() {
    return {.reconciler = views,
            .traffic = views,
            .http_traffic = &http,
            .model = [this] { return std::make_shared<const model::Model>(model); },
            .store_errors = [this] { return store_errors; },
            .version = "1.2.3"};
  }

  model::Model model;
  StubViews views;
  StubHttpTraffic http;
  uint64_t store_errors = 0;
};

}  // namespace elb::test
