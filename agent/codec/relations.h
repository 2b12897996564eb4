// SPDX-License-Identifier: Apache-2.0
// Relations: one model with who belongs to whom in it, looked up in both directions. Thread rule: immutable after
// construction; keeps the model alive.
#pragma once

#include <memory>

#include "model/relations.h"
#include "model/resources.h"

namespace elb::codec {

class Relations {
 public:
  template <class T>
  using List = model::Relations::List<T>;

  explicit Relations(std::shared_ptr<const model::Model> model) : model_(std::move(model)), index_(*model_) {}
  /// Of a model that differs little from the one of `before`: costs what differs.
  Relations(std::shared_ptr<const model::Model> model, const Relations& before)
      : model_(std::move(model)), index_(before.index_) {
    index_.follow(before.model(), *model_);
  }

  const model::Model& model() const { return *model_; }
  const List<model::Listener>& listeners_of(const model::Id& lb) const { return index_.listeners_of(lb); }
  const List<model::Pool>& pools_of(const model::Id& lb) const { return index_.pools_of(lb); }
  /// Listeners with it as their default pool.
  const List<model::Listener>& users_of(const model::Id& pool) const { return index_.users_of(pool); }
  const List<model::Member>& members_of(const model::Id& pool) const { return index_.members_of(pool); }
  /// null: none.
  std::shared_ptr<const model::HealthMonitor> monitor_of(const model::Id& pool) const {
    return first_of(index_.monitors_of(pool));
  }
  std::shared_ptr<const model::Eip> eip_of(const model::Id& lb) const { return first_of(index_.eips_of(lb)); }
  /// As they are looked at.
  const List<model::L7Policy>& policies_of(const model::Id& listener) const { return index_.policies_of(listener); }
  /// That send requests there.
  const List<model::L7Policy>& policies_to(const model::Id& pool) const { return index_.policies_to_pool(pool); }
  /// Whether a listener or an l7policy leads there.
  bool is_used(const model::Id& pool) const { return !users_of(pool).empty() || !policies_to(pool).empty(); }
  const List<model::L7Rule>& rules_of(const model::Id& policy) const { return index_.rules_of(policy); }

 private:
  template <class T>
  static std::shared_ptr<const T> first_of(const List<T>& list) {
    return list.empty() ? nullptr : list.front();
  }

  std::shared_ptr<const model::Model> model_;
  model::Relations index_;
};

}  // namespace elb::codec
