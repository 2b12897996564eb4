// SPDX-License-Identifier: Apache-2.0
// Relations: who belongs to whom, looked up from the parent's side, and who has which address. Made whole once, then
// kept true a resource at a time; copies share what they have in common, like the tables of a Model (adr/0028). Thread
// rule: as of a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/resources.h"
#include "model/table.h"

namespace elb::model {

/// The children of each parent, in order: l7policies as they are looked at, all else by id. A parent need not exist.
template <class T>
class Children {
 public:
  using Child = std::shared_ptr<const T>;
  using List = std::vector<Child>;

  const List& of(std::string_view parent) const {
    static const List kNone;
    const auto found = lists_.find(parent);
    return found == lists_.end() ? kNone : *found->second;
  }
  void add(std::string_view parent, const Child& child);
  void remove(std::string_view parent, const Child& child);
  /// Instead of add() for all at once.
  void fill(std::vector<std::pair<std::string, Child>> pairs);

 private:
  Table<List> lists_;
};

class Relations {
 public:
  template <class T>
  using List = std::vector<std::shared_ptr<const T>>;

  Relations() = default;
  explicit Relations(const Model& model);

  /// From those of `before` to those of `after`: costs what differs.
  void follow(const Model& before, const Model& after);
  /// One resource: null before it is created, null after it is gone.
  template <class T>
  void replace(const std::shared_ptr<const T>& before, const std::shared_ptr<const T>& after);

  const List<Listener>& listeners_of(std::string_view load_balancer) const { return lb_listeners_.of(load_balancer); }
  const List<Pool>& pools_of(std::string_view load_balancer) const { return lb_pools_.of(load_balancer); }
  const List<Eip>& eips_of(std::string_view load_balancer) const { return lb_eips_.of(load_balancer); }
  const List<Listener>& users_of(std::string_view pool) const { return pool_users_.of(pool); }  // as their default pool
  const List<Member>& members_of(std::string_view pool) const { return pool_members_.of(pool); }
  const List<HealthMonitor>& monitors_of(std::string_view pool) const { return pool_monitors_.of(pool); }
  const List<L7Policy>& policies_of(std::string_view listener) const { return listener_policies_.of(listener); }
  const List<L7Policy>& policies_to_pool(std::string_view pool) const { return policies_to_pool_.of(pool); }
  const List<L7Policy>& policies_to_listener(std::string_view target) const { return policies_to_listener_.of(target); }
  const List<L7Rule>& rules_of(std::string_view policy) const { return policy_rules_.of(policy); }
  const List<Listener>& certificate_users(std::string_view id) const { return certificate_users_.of(id); }

  const List<LoadBalancer>& load_balancers_at(const IpAddress& address) const { return lbs_at_.of(key_of(address)); }
  const List<Eip>& eips_at(const IpAddress& address) const { return eips_at_.of(key_of(address)); }
  /// Members that have it, or are checked at it.
  const List<Member>& members_at(const IpAddress& address) const { return members_at_.of(key_of(address)); }

 private:
  static std::string key_of(const IpAddress& address);
  /// Calls visit(children, parent) for each parent that the resource has.
  template <class Self, class Visit>
  static void links(Self& self, const LoadBalancer& lb, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const Listener& listener, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const Pool& pool, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const Member& member, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const HealthMonitor& monitor, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const Eip& eip, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const Certificate& certificate, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const L7Policy& policy, Visit visit);
  template <class Self, class Visit>
  static void links(Self& self, const L7Rule& rule, Visit visit);
  template <class T>
  void build(const Table<T>& table);

  Children<Listener> lb_listeners_, pool_users_, certificate_users_;
  Children<Pool> lb_pools_;
  Children<Member> pool_members_, members_at_;
  Children<HealthMonitor> pool_monitors_;
  Children<Eip> lb_eips_, eips_at_;
  Children<LoadBalancer> lbs_at_;
  Children<L7Policy> listener_policies_, policies_to_pool_, policies_to_listener_;
  Children<L7Rule> policy_rules_;
};

}  // namespace elb::model
