// SPDX-License-Identifier: Apache-2.0
// Relations: who belongs to whom in one model, looked up in both directions. Built once per revision; ids stay in
// order. Thread rule: immutable after construction; keeps the model alive.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "model/resources.h"

namespace elb::codec {

class Relations {
 public:
  template <class T>
  using List = std::vector<std::shared_ptr<const T>>;

  explicit Relations(std::shared_ptr<const model::Model> model);

  const model::Model& model() const { return *model_; }
  const List<model::Listener>& listeners_of(const model::Id& load_balancer) const;
  const List<model::Pool>& pools_of(const model::Id& load_balancer) const;
  const List<model::Listener>& users_of(const model::Id& pool) const;  // listeners with it as their default pool
  const List<model::Member>& members_of(const model::Id& pool) const;
  std::shared_ptr<const model::HealthMonitor> monitor_of(const model::Id& pool) const;  // null: none
  std::shared_ptr<const model::Eip> eip_of(const model::Id& load_balancer) const;       // null: none
  const List<model::L7Policy>& policies_of(const model::Id& listener) const;            // as they are looked at
  const List<model::L7Policy>& policies_to(const model::Id& pool) const;                // that send requests there
  /// Whether a listener or an l7policy leads there.
  bool is_used(const model::Id& pool) const { return !users_of(pool).empty() || !policies_to(pool).empty(); }
  const List<model::L7Rule>& rules_of(const model::Id& policy) const;

 private:
  template <class T>
  using Index = std::unordered_map<model::Id, List<T>>;

  std::shared_ptr<const model::Model> model_;
  Index<model::Listener> lb_listeners_, pool_users_;
  Index<model::Pool> lb_pools_;
  Index<model::Member> pool_members_;
  Index<model::L7Policy> listener_policies_, policies_to_pool_;
  Index<model::L7Rule> policy_rules_;
  std::unordered_map<model::Id, std::shared_ptr<const model::HealthMonitor>> monitors_;
  std::unordered_map<model::Id, std::shared_ptr<const model::Eip>> eips_;
};

}  // namespace elb::codec
