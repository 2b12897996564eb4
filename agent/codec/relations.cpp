// SPDX-License-Identifier: Apache-2.0
#include "codec/relations.h"

#include <algorithm>
#include <utility>

namespace elb::codec {
namespace {

template <class T>
const Relations::List<T>& look_up(const std::unordered_map<model::Id, Relations::List<T>>& index, const model::Id& id) {
  static const Relations::List<T> kNone;
  const auto found = index.find(id);
  return found == index.end() ? kNone : found->second;
}

}  // namespace

Relations::Relations(std::shared_ptr<const model::Model> model) : model_(std::move(model)) {
  for (const auto& [id, listener] : model_->listeners) {
    lb_listeners_[listener->loadbalancer_id].push_back(listener);
    if (listener->default_pool_id) pool_users_[*listener->default_pool_id].push_back(listener);
  }
  for (const auto& [id, pool] : model_->pools) lb_pools_[pool->loadbalancer_id].push_back(pool);
  for (const auto& [id, member] : model_->members) pool_members_[member->pool_id].push_back(member);
  for (const auto& [id, monitor] : model_->health_monitors) monitors_[monitor->pool_id] = monitor;
  for (const auto& [id, eip] : model_->eips)
    if (eip->loadbalancer_id) eips_[*eip->loadbalancer_id] = eip;
  for (const auto& [id, policy] : model_->l7policies) {
    listener_policies_[policy->listener_id].push_back(policy);
    if (policy->redirect_pool_id) policies_to_pool_[*policy->redirect_pool_id].push_back(policy);
  }
  for (auto& [id, policies] : listener_policies_)
    std::ranges::sort(policies, [](const auto& a, const auto& b) { return model::comes_before(*a, *b); });
  for (const auto& [id, rule] : model_->l7rules) policy_rules_[rule->l7policy_id].push_back(rule);
}

const Relations::List<model::Listener>& Relations::listeners_of(const model::Id& load_balancer) const {
  return look_up(lb_listeners_, load_balancer);
}

const Relations::List<model::Pool>& Relations::pools_of(const model::Id& load_balancer) const {
  return look_up(lb_pools_, load_balancer);
}

const Relations::List<model::Listener>& Relations::users_of(const model::Id& pool) const {
  return look_up(pool_users_, pool);
}

const Relations::List<model::Member>& Relations::members_of(const model::Id& pool) const {
  return look_up(pool_members_, pool);
}

const Relations::List<model::L7Policy>& Relations::policies_of(const model::Id& listener) const {
  return look_up(listener_policies_, listener);
}

const Relations::List<model::L7Policy>& Relations::policies_to(const model::Id& pool) const {
  return look_up(policies_to_pool_, pool);
}

const Relations::List<model::L7Rule>& Relations::rules_of(const model::Id& policy) const {
  return look_up(policy_rules_, policy);
}

std::shared_ptr<const model::HealthMonitor> Relations::monitor_of(const model::Id& pool) const {
  const auto found = monitors_.find(pool);
  return found == monitors_.end() ? nullptr : found->second;
}

std::shared_ptr<const model::Eip> Relations::eip_of(const model::Id& load_balancer) const {
  const auto found = eips_.find(load_balancer);
  return found == eips_.end() ? nullptr : found->second;
}

}  // namespace elb::codec
