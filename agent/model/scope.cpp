// SPDX-License-Identifier: Apache-2.0
#include "model/scope.h"

namespace elb::model {
namespace {

/// Its users are taken only when it changes itself: else all load balancers with one certificate would be one part.
template <class T>
constexpr bool kShared = std::is_same_v<T, Certificate>;

/// Each add() takes the resource with what it belongs to and what belongs to it; of one that is gone, what still refers
/// to it. What is in the part already ends the walk.
class Walk {
 public:
  Walk(const Model& whole, const Relations& relations) : whole_(whole), relations_(relations) {}

  Model take() { return std::move(part_); }

  template <class T>
  void changed(const Table<T>& before, const Table<T>& after) {
    Table<T>::differences(before, after, [this](const Id& id, const auto& old, const auto& now) {
      if (old) leads_to(*old);
      if (now) add(now);
      if (!now || kShared<T>) referrers_of<T>(id);
    });
  }

 private:
  template <class T>
  bool take_in(const std::shared_ptr<const T>& resource) {
    auto& slot = part_.table<T>()[resource->id];
    if (slot) return false;
    slot = resource;
    return true;
  }
  template <class T>
  void find(const Id& id) {
    if (const auto found = whole_.table<T>().find(id); found != whole_.table<T>().end()) add(found->second);
  }
  template <class List>
  void add_all(const List& list) {
    for (const auto& resource : list) add(resource);
  }

  // Upwards.
  void leads_to(const LoadBalancer& /*lb*/) {}
  void leads_to(const Certificate& /*certificate*/) {}
  void leads_to(const Pool& pool) { find<LoadBalancer>(pool.loadbalancer_id); }
  void leads_to(const Member& member) { find<Pool>(member.pool_id); }
  void leads_to(const HealthMonitor& monitor) { find<Pool>(monitor.pool_id); }
  void leads_to(const L7Rule& rule) { find<L7Policy>(rule.l7policy_id); }
  void leads_to(const Eip& eip) {
    if (eip.loadbalancer_id) find<LoadBalancer>(*eip.loadbalancer_id);
  }
  void leads_to(const Listener& listener) {
    find<LoadBalancer>(listener.loadbalancer_id);
    if (listener.default_pool_id) find<Pool>(*listener.default_pool_id);
    if (listener.tls.certificate_id) find<Certificate>(*listener.tls.certificate_id);
    if (listener.tls.client_ca_id) find<Certificate>(*listener.tls.client_ca_id);
    for (const Id& id : listener.tls.sni_ids) find<Certificate>(id);
  }
  void leads_to(const L7Policy& policy) {
    find<Listener>(policy.listener_id);
    if (policy.redirect_pool_id) find<Pool>(*policy.redirect_pool_id);
    if (policy.redirect_listener_id) find<Listener>(*policy.redirect_listener_id);
  }

  // Downwards.
  template <class T>
  void referrers_of(const Id& id) {
    if constexpr (std::is_same_v<T, LoadBalancer>) {
      add_all(relations_.listeners_of(id));
      add_all(relations_.pools_of(id));
      add_all(relations_.eips_of(id));
    } else if constexpr (std::is_same_v<T, Listener>) {
      add_all(relations_.policies_of(id));
      add_all(relations_.policies_to_listener(id));
    } else if constexpr (std::is_same_v<T, Pool>) {
      add_all(relations_.users_of(id));
      add_all(relations_.members_of(id));
      add_all(relations_.monitors_of(id));
      add_all(relations_.policies_to_pool(id));
    } else if constexpr (std::is_same_v<T, L7Policy>) {
      add_all(relations_.rules_of(id));
    } else if constexpr (std::is_same_v<T, Certificate>) {
      add_all(relations_.certificate_users(id));
    }
  }

  template <class T>
  void add(const std::shared_ptr<const T>& resource) {
    if (!take_in(resource)) return;
    leads_to(*resource);
    if constexpr (!kShared<T>) referrers_of<T>(resource->id);
  }

  const Model& whole_;
  const Relations& relations_;
  Model part_;
};

}  // namespace

Model changed_part(const Model& before, const Model& after, const Relations& relations) {
  Walk walk(after, relations);
  walk.changed(before.load_balancers, after.load_balancers);
  walk.changed(before.listeners, after.listeners);
  walk.changed(before.pools, after.pools);
  walk.changed(before.members, after.members);
  walk.changed(before.health_monitors, after.health_monitors);
  walk.changed(before.eips, after.eips);
  walk.changed(before.certificates, after.certificates);
  walk.changed(before.l7policies, after.l7policies);
  walk.changed(before.l7rules, after.l7rules);
  return walk.take();
}

}  // namespace elb::model
