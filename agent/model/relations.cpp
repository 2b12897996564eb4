// SPDX-License-Identifier: Apache-2.0
#include "model/relations.h"

#include <algorithm>
#include <map>
#include <set>

namespace elb::model {
namespace {

/// Of the children of one parent. Policies of one listener never tie; those that lead to one pool may.
template <class T>
bool stands_before(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  if constexpr (std::is_same_v<T, L7Policy>) {
    if (comes_before(*a, *b)) return true;
    if (comes_before(*b, *a)) return false;
  }
  return a->id < b->id;
}

}  // namespace

template <class T>
void Children<T>::add(std::string_view parent, const Child& child) {
  auto& slot = lists_[parent];
  List list = slot ? *slot : List();
  list.insert(std::upper_bound(list.begin(), list.end(), child, stands_before<T>), child);
  slot = std::make_shared<const List>(std::move(list));
}

template <class T>
void Children<T>::remove(std::string_view parent, const Child& child) {
  const auto found = lists_.find(parent);
  if (found == lists_.end()) return;
  List list = *found->second;
  std::erase_if(list, [&](const Child& other) { return other->id == child->id; });
  if (list.empty())
    lists_.erase(parent);
  else
    lists_[parent] = std::make_shared<const List>(std::move(list));
}

template <class T>
void Children<T>::fill(std::vector<std::pair<std::string, Child>> pairs) {
  std::ranges::sort(pairs, [](const auto& a, const auto& b) {
    const int order = a.first.compare(b.first);
    return order != 0 ? order < 0 : stands_before<T>(a.second, b.second);
  });
  for (size_t begin = 0; begin < pairs.size();) {
    List list;
    size_t end = begin;
    for (; end < pairs.size() && pairs[end].first == pairs[begin].first; ++end) list.push_back(pairs[end].second);
    lists_[pairs[begin].first] = std::make_shared<const List>(std::move(list));
    begin = end;
  }
}

std::string Relations::key_of(const IpAddress& address) {
  const auto& bytes = address.bytes();
  const size_t length = address.is_v4() ? 4 : bytes.size();
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

template <class Self, class Visit>
void Relations::links(Self& self, const LoadBalancer& lb, Visit visit) {
  visit(self.lbs_at_, key_of(lb.vip_address));
}

template <class Self, class Visit>
void Relations::links(Self& self, const Listener& listener, Visit visit) {
  visit(self.lb_listeners_, listener.loadbalancer_id);
  if (listener.default_pool_id) visit(self.pool_users_, *listener.default_pool_id);
  std::set<Id> certificates(listener.tls.sni_ids.begin(), listener.tls.sni_ids.end());
  if (listener.tls.certificate_id) certificates.insert(*listener.tls.certificate_id);
  if (listener.tls.client_ca_id) certificates.insert(*listener.tls.client_ca_id);
  for (const Id& certificate : certificates) visit(self.certificate_users_, certificate);
}

template <class Self, class Visit>
void Relations::links(Self& self, const Pool& pool, Visit visit) {
  visit(self.lb_pools_, pool.loadbalancer_id);
}

template <class Self, class Visit>
void Relations::links(Self& self, const Member& member, Visit visit) {
  visit(self.pool_members_, member.pool_id);
  visit(self.members_at_, key_of(member.address));
  if (member.monitor_address && member.monitor_address != member.address)
    visit(self.members_at_, key_of(*member.monitor_address));
}

template <class Self, class Visit>
void Relations::links(Self& self, const HealthMonitor& monitor, Visit visit) {
  visit(self.pool_monitors_, monitor.pool_id);
}

template <class Self, class Visit>
void Relations::links(Self& self, const Eip& eip, Visit visit) {
  visit(self.eips_at_, key_of(eip.address));
  if (eip.loadbalancer_id) visit(self.lb_eips_, *eip.loadbalancer_id);
}

template <class Self, class Visit>
void Relations::links(Self& /*self*/, const Certificate& /*certificate*/, Visit /*visit*/) {}

template <class Self, class Visit>
void Relations::links(Self& self, const L7Policy& policy, Visit visit) {
  visit(self.listener_policies_, policy.listener_id);
  if (policy.redirect_pool_id) visit(self.policies_to_pool_, *policy.redirect_pool_id);
  if (policy.redirect_listener_id) visit(self.policies_to_listener_, *policy.redirect_listener_id);
}

template <class Self, class Visit>
void Relations::links(Self& self, const L7Rule& rule, Visit visit) {
  visit(self.policy_rules_, rule.l7policy_id);
}

/// Like add() of each, without a new list for each.
template <class T>
void Relations::build(const Table<T>& table) {
  std::map<Children<T>*, std::vector<std::pair<std::string, std::shared_ptr<const T>>>> pairs;
  for (const auto& [id, resource] : table)
    links(*this, *resource, [&pairs, &child = resource](Children<T>& children, std::string parent) {
      pairs[&children].emplace_back(std::move(parent), child);
    });
  for (auto& [children, list] : pairs) children->fill(std::move(list));
}

Relations::Relations(const Model& model) {
  build(model.load_balancers);
  build(model.listeners);
  build(model.pools);
  build(model.members);
  build(model.health_monitors);
  build(model.eips);
  build(model.l7policies);
  build(model.l7rules);
}

template <class T>
void Relations::replace(const std::shared_ptr<const T>& before, const std::shared_ptr<const T>& after) {
  if (before)
    links(*this, *before, [&](Children<T>& children, const std::string& parent) { children.remove(parent, before); });
  if (after)
    links(*this, *after, [&](Children<T>& children, const std::string& parent) { children.add(parent, after); });
}

void Relations::follow(const Model& before, const Model& after) {
  const auto table = [&]<class T>(const Table<T>& old, const Table<T>& now) {
    Table<T>::differences(old, now,
                          [this](const Id& /*id*/, const auto& gone, const auto& come) { replace<T>(gone, come); });
  };
  table(before.load_balancers, after.load_balancers);
  table(before.listeners, after.listeners);
  table(before.pools, after.pools);
  table(before.members, after.members);
  table(before.health_monitors, after.health_monitors);
  table(before.eips, after.eips);
  table(before.l7policies, after.l7policies);
  table(before.l7rules, after.l7rules);
}

template void Relations::replace(const std::shared_ptr<const LoadBalancer>&,
                                 const std::shared_ptr<const LoadBalancer>&);
template void Relations::replace(const std::shared_ptr<const Listener>&, const std::shared_ptr<const Listener>&);
template void Relations::replace(const std::shared_ptr<const Pool>&, const std::shared_ptr<const Pool>&);
template void Relations::replace(const std::shared_ptr<const Member>&, const std::shared_ptr<const Member>&);
template void Relations::replace(const std::shared_ptr<const HealthMonitor>&,
                                 const std::shared_ptr<const HealthMonitor>&);
template void Relations::replace(const std::shared_ptr<const Eip>&, const std::shared_ptr<const Eip>&);
template void Relations::replace(const std::shared_ptr<const Certificate>&, const std::shared_ptr<const Certificate>&);
template void Relations::replace(const std::shared_ptr<const L7Policy>&, const std::shared_ptr<const L7Policy>&);
template void Relations::replace(const std::shared_ptr<const L7Rule>&, const std::shared_ptr<const L7Rule>&);

}  // namespace elb::model
