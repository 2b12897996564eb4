// SPDX-License-Identifier: Apache-2.0
// Valid resources to start a test from, and what puts them into a model. Ids are short readable text.
// Thread rule: plain values.
#pragma once

#include <memory>
#include <string>

#include "model/resources.h"

namespace elb::test {

inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

inline model::LoadBalancer sample_load_balancer(std::string id, std::string_view vip = "10.0.0.10") {
  model::LoadBalancer lb;
  lb.id = std::move(id);
  lb.name = "web";
  lb.vip_subnet_id = "subnet-a";
  lb.vip_network_id = "network-a";
  lb.vip_port_id = "port-" + lb.id;
  lb.vip_address = ip(vip);
  return lb;
}

inline model::Listener sample_listener(std::string id, std::string load_balancer, uint16_t port = 80,
                                       model::Protocol protocol = model::Protocol::kTcp) {
  model::Listener listener;
  listener.id = std::move(id);
  listener.loadbalancer_id = std::move(load_balancer);
  listener.protocol = protocol;
  listener.protocol_port = port;
  return listener;
}

inline model::Pool sample_pool(std::string id, std::string load_balancer,
                               model::Protocol protocol = model::Protocol::kTcp) {
  model::Pool pool;
  pool.id = std::move(id);
  pool.loadbalancer_id = std::move(load_balancer);
  pool.protocol = protocol;
  return pool;
}

inline model::Member sample_member(std::string id, std::string pool, std::string_view address = "10.0.1.1",
                                   uint16_t port = 8080) {
  model::Member member;
  member.id = std::move(id);
  member.pool_id = std::move(pool);
  member.address = ip(address);
  member.protocol_port = port;
  return member;
}

inline model::HealthMonitor sample_monitor(std::string id, std::string pool) {
  model::HealthMonitor monitor;
  monitor.id = std::move(id);
  monitor.pool_id = std::move(pool);
  return monitor;
}

template <class T>
void put(model::Model& model, T resource) {
  const model::Id id = resource.id;
  model.table<T>()[id] = std::make_shared<const T>(std::move(resource));
}

/// lb1 (10.0.0.10): TCP listener l1 on port 80 with pool p1, members m1 and m2 (10.0.1.1 and .2, port 8080), monitor
/// h1.
inline model::Model sample_model() {
  model::Model model;
  put(model, sample_load_balancer("lb1"));
  model::Listener listener = sample_listener("l1", "lb1");
  listener.default_pool_id = "p1";
  put(model, std::move(listener));
  put(model, sample_pool("p1", "lb1"));
  put(model, sample_member("m1", "p1", "10.0.1.1"));
  put(model, sample_member("m2", "p1", "10.0.1.2"));
  put(model, sample_monitor("h1", "p1"));
  return model;
}

}  // namespace elb::test
