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

inline model::Certificate sample_certificate(std::string id, std::string domain = "") {
  model::Certificate certificate;
  certificate.id = std::move(id);
  certificate.domain = std::move(domain);
  certificate.certificate = "certificate " + certificate.id;
  certificate.private_key = "key " + certificate.id;
  return certificate;
}

inline model::Certificate sample_authority(std::string id) {
  model::Certificate certificate = sample_certificate(std::move(id));
  certificate.type = model::CertificateType::kClient;
  certificate.private_key.clear();
  return certificate;
}

inline model::L7Policy sample_policy(std::string id, std::string listener, std::string pool) {
  model::L7Policy policy;
  policy.id = std::move(id);
  policy.listener_id = std::move(listener);
  policy.redirect_pool_id = std::move(pool);
  return policy;
}

inline model::L7Rule sample_rule(std::string id, std::string policy, std::string value,
                                 model::RuleType type = model::RuleType::kPath,
                                 model::RuleCompare compare = model::RuleCompare::kStartsWith) {
  model::L7Rule rule;
  rule.id = std::move(id);
  rule.l7policy_id = std::move(policy);
  rule.type = type;
  rule.compare = compare;
  rule.value = std::move(value);
  return rule;
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

/// Beside sample_model(): HTTP listener h80 and HTTPS listener h443 (certificate c1) on lb1, HTTP pool hp with member
/// m9, and policy y1 of h80, which sends what begins with /a to hp (rule r1).
inline model::Model sample_http_model() {
  model::Model model = sample_model();
  put(model, sample_certificate("c1"));
  put(model, sample_pool("hp", "lb1", model::Protocol::kHttp));
  put(model, sample_member("m9", "hp", "10.0.2.1"));
  put(model, sample_listener("h80", "lb1", 8080, model::Protocol::kHttp));
  model::Listener https = sample_listener("h443", "lb1", 8443, model::Protocol::kHttps);
  https.tls.certificate_id = "c1";
  put(model, std::move(https));
  put(model, sample_policy("y1", "h80", "hp"));
  put(model, sample_rule("r1", "y1", "/a"));
  return model;
}

}  // namespace elb::test
