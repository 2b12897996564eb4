// SPDX-License-Identifier: Apache-2.0
#include "telemetry/query.h"

#include <fmt/core.h>

#include <algorithm>

namespace elb::telemetry {

std::string Dimensions::object() const {
  if (!listener_id.empty()) return listener_id;
  return load_balancer_id.empty() ? std::string(kNodeObject) : load_balancer_id;
}

Status check_dimensions(const model::Model& model, const Dimensions& dimensions) {
  const std::string instance(kLoadBalancerDimension), listener_key(kListenerDimension);
  if (dimensions.load_balancer_id.empty()) {
    if (dimensions.listener_id.empty()) return {};
    return invalid(instance, fmt::format("must be given together with {}", listener_key));
  }
  if (!model.load_balancers.contains(dimensions.load_balancer_id))
    return fail(ErrorCode::kNotFound, fmt::format("there is no load balancer {}", dimensions.load_balancer_id),
                instance);
  if (dimensions.listener_id.empty()) return {};
  const auto listener = model.listeners.find(dimensions.listener_id);
  if (listener == model.listeners.end())
    return fail(ErrorCode::kNotFound, fmt::format("there is no listener {}", dimensions.listener_id), listener_key);
  if (listener->second->loadbalancer_id != dimensions.load_balancer_id)
    return invalid(listener_key,
                   fmt::format("listener {} belongs to load balancer {}, not to {}", dimensions.listener_id,
                               listener->second->loadbalancer_id, dimensions.load_balancer_id));
  return {};
}

Status check_metric(const model::Model& model, const Dimensions& dimensions, Metric metric) {
  const MetricInfo& info = kMetrics[metric];
  const auto refuse = [&info](std::string_view rule) {
    return invalid("metric_name", fmt::format("{} exists only for {}", info.id, rule));
  };
  if (dimensions.load_balancer_id.empty()) {
    if (info.node) return {};
    return invalid(std::string(kLoadBalancerDimension),
                   fmt::format("is required: {} is no metric of the node", info.id));
  }
  if (info.node) return refuse("the node, without dimensions");
  if (dimensions.listener_id.empty()) return info.load_balancer ? Status{} : refuse("listeners");
  if (!info.listener) return refuse("load balancers");
  const auto listener = model.listeners.find(dimensions.listener_id);
  if (info.l7 && listener != model.listeners.end() && !model::is_l7(listener->second->protocol))
    return refuse("HTTP and HTTPS listeners");  // MON-03
  return {};
}

std::vector<Dimensions> all_dimensions(const model::Model& model) {
  std::vector<Dimensions> all = {{}};
  for (const auto& [id, lb] : model.load_balancers) {
    all.push_back({id, {}});
    for (const auto& [listener_id, listener] : model.listeners)
      if (listener->loadbalancer_id == id) all.push_back({id, listener_id});
  }
  return all;
}

}  // namespace elb::telemetry
