// SPDX-License-Identifier: Apache-2.0
// Policies and requests of the router's tests in a line each. Thread rule: plain values.
#pragma once

#include <string>
#include <vector>

#include "proxy/router.h"

namespace elb::test {

inline model::SnapshotRule rule(model::RuleType type, model::RuleCompare compare, std::string value,
                                std::string key = {}, bool invert = false) {
  return {.type = type, .compare = compare, .invert = invert, .key = std::move(key), .value = std::move(value)};
}
inline model::SnapshotRule host(std::string name) {
  return rule(model::RuleType::kHostName, model::RuleCompare::kEqualTo, std::move(name));
}
inline model::SnapshotRule exact(std::string path) {
  return rule(model::RuleType::kPath, model::RuleCompare::kEqualTo, std::move(path));
}
inline model::SnapshotRule prefix(std::string path) {
  return rule(model::RuleType::kPath, model::RuleCompare::kStartsWith, std::move(path));
}
inline model::SnapshotRule regex(std::string pattern) {
  return rule(model::RuleType::kPath, model::RuleCompare::kRegex, std::move(pattern));
}

/// A listener 192.0.2.1:80 whose policy i sends to pool i; its default pool is 1000.
class RouterBuilder {
 public:
  RouterBuilder() {
    listener.vip = {IpAddress::from_v4_host(0xC0000201), 80};
    listener.pool = kDefault;
    listener.http.emplace();
  }
  RouterBuilder& policy(std::vector<model::SnapshotRule> rules) {
    model::SnapshotPolicy policy;
    policy.id = std::to_string(listener.http->policies.size());
    policy.pool = listener.http->policies.size();
    policy.rules = std::move(rules);
    listener.http->policies.push_back(std::move(policy));
    return *this;
  }
  RouterBuilder& action(model::PolicyAction action, std::string redirect = {}, uint16_t code = 302) {
    model::SnapshotPolicy& policy = listener.http->policies.back();
    policy.action = action;
    policy.redirect = std::move(redirect);
    policy.redirect_code = code;
    policy.pool.reset();
    return *this;
  }

  static constexpr size_t kDefault = 1000;
  model::SnapshotListener listener;
};

/// "www.test.com/path?query"; without a host it begins with '/'.
inline proxy::RouteRequest request(std::string_view url, const http::HeaderTable* headers = nullptr) {
  const size_t slash = url.find('/');
  proxy::RouteRequest request;
  if (slash > 0) request.host = http::parse_host(url.substr(0, slash)).value_or(http::Host{});
  request.target = url.substr(slash);
  request.path_size = std::min(request.target.find('?'), request.target.size());
  request.headers = headers;
  return request;
}

}  // namespace elb::test
