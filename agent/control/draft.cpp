// SPDX-License-Identifier: Apache-2.0
// Creation, the edit as a list of changes, and what both need. Change is in draft_update.cpp, deletion in
// draft_remove.cpp.
#include "control/draft.h"

#include <fmt/core.h>

#include <algorithm>

#include "control/address_allocator.h"

namespace elb::control {
namespace {

using model::Certificate;
using model::Change;
using model::Eip;
using model::Erase;
using model::HealthMonitor;
using model::Id;
using model::Kind;
using model::L7Policy;
using model::L7Rule;
using model::Listener;
using model::LoadBalancer;
using model::Member;
using model::Model;
using model::Pool;
using model::Put;
using model::Table;

template <class T>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<T, LoadBalancer>) return Kind::kLoadBalancer;
  if constexpr (std::is_same_v<T, Listener>) return Kind::kListener;
  if constexpr (std::is_same_v<T, Pool>) return Kind::kPool;
  if constexpr (std::is_same_v<T, Member>) return Kind::kMember;
  if constexpr (std::is_same_v<T, HealthMonitor>) return Kind::kHealthMonitor;
  if constexpr (std::is_same_v<T, Certificate>) return Kind::kCertificate;
  if constexpr (std::is_same_v<T, L7Policy>) return Kind::kL7Policy;
  if constexpr (std::is_same_v<T, L7Rule>) return Kind::kL7Rule;
  return Kind::kEip;
}

/// A reference in a request body: kNotFound names the field that holds it.
template <class T>
Result<std::shared_ptr<const T>> follow(const Draft& draft, const Id& id, std::string_view field) {
  if (id.empty()) return invalid(std::string(field), "is required");
  auto found = draft.find<T>(id);
  if (!found) found.error().field = field;
  return found;
}

/// A project's objects hang together: whoever sees one sees what is above and below it.
Status inherit(model::Common& child, const model::Common& parent) {
  if (child.project_id.empty()) child.project_id = parent.project_id;
  if (child.project_id == parent.project_id) return {};
  return invalid("project_id", fmt::format("must be that of what it belongs to, '{}', got '{}'", parent.project_id,
                                           child.project_id));
}

}  // namespace

Draft::Draft(const Model& base, model::Relations relations, const model::Node& node, const Clock& clock, Random& random,
             Rules rules)
    : base_(base),
      node_(node),
      clock_(clock),
      random_(random),
      rules_(rules),
      model_(base),
      relations_(std::move(relations)) {}

template <class T>
Result<std::shared_ptr<const T>> Draft::find(const Id& id) const {
  const auto it = model_.table<T>().find(id);
  if (it == model_.table<T>().end() || !sees(*it->second))
    return fail(ErrorCode::kNotFound, fmt::format("{} {} does not exist", model::to_string(kind_of<T>()), id));
  return it->second;
}

template <class T>
bool Draft::has(const Id& id) const {
  return find<T>(id).has_value();
}

template <class T>
void Draft::put(T resource) {
  auto next = std::make_shared<const T>(std::move(resource));
  auto& slot = model_.table<T>()[next->id];
  relations_.replace(slot, next);
  slot = next;
  touched_[kind_of<T>()].insert(next->id);
}

template <class T>
void Draft::erase(const Id& id) {
  if (const auto found = model_.table<T>().find(id); found != model_.table<T>().end())
    relations_.replace<T>(found->second, nullptr);
  model_.table<T>().erase(id);
  touched_[kind_of<T>()].insert(id);
}

template <class T>
void Draft::erased(std::vector<Change>& changes) const {
  const auto touched = touched_.find(kind_of<T>());
  if (touched == touched_.end()) return;
  for (const Id& id : touched->second)
    if (base_.table<T>().contains(id) && !model_.table<T>().contains(id)) changes.emplace_back(Erase{kind_of<T>(), id});
}

template <class T>
void Draft::written(std::vector<Change>& changes) const {
  const auto touched = touched_.find(kind_of<T>());
  if (touched == touched_.end()) return;
  for (const Id& id : touched->second)
    if (const auto found = model_.table<T>().find(id); found != model_.table<T>().end())
      changes.emplace_back(Put{*found->second});
}

int64_t Draft::now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
}

template <class T>
Result<Id> Draft::add(T resource) {
  if (resource.project_id.empty()) resource.project_id = home_;
  if (!sees(resource))
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", resource.project_id), "project_id");
  // A document may bring ids (docs/apply.md), so that what was exported comes back as itself. Nothing else is an id.
  if (!is_uuid(resource.id)) {
    resource.id = new_uuid(random_);
    if constexpr (std::is_same_v<T, Certificate>) std::erase(resource.id, '-');
  } else if (model_.table<T>().contains(resource.id)) {  // not whose: it may be another project's
    return fail(ErrorCode::kConflict, fmt::format("{} cannot be taken, another object has it", resource.id), "id");
  }
  resource.created_at = resource.updated_at = now();
  if (auto status = validate(resource); !status) return pass_on(status.error());
  Id id = resource.id;
  put(std::move(resource));
  return id;
}

Result<Id> Draft::create(LoadBalancer load_balancer, bool vip_given) {
  if (auto status = place_vip(load_balancer, vip_given, node_, relations_); !status) return pass_on(status.error());
  load_balancer.vip_port_id = new_uuid(random_);
  return add(std::move(load_balancer));
}

/// Nothing is accepted that nobody here would serve.
Status Draft::check_served(model::Protocol protocol) const {
  if (!model::is_l7(protocol) || node_.serves_http) return {};
  return fail(ErrorCode::kUnsupported, fmt::format("{}: not supported by this version", model::to_string(protocol)),
              "protocol");
}

Status Draft::check_references(const model::ListenerTls& tls) const {
  const auto check = [this](const Id& id, std::string field) -> Status {
    if (has<Certificate>(id)) return {};
    return fail(ErrorCode::kNotFound, fmt::format("certificate {} does not exist", id), std::move(field));
  };
  if (tls.certificate_id)
    if (auto status = check(*tls.certificate_id, "default_tls_container_ref"); !status) return status;
  if (tls.client_ca_id)
    if (auto status = check(*tls.client_ca_id, "client_ca_tls_container_ref"); !status) return status;
  for (size_t i = 0; i < tls.sni_ids.size(); ++i)
    if (auto status = check(tls.sni_ids[i], fmt::format("sni_container_refs[{}]", i)); !status) return status;
  return {};
}

Result<Id> Draft::create(Listener listener) {
  if (auto status = check_served(listener.protocol); !status) return pass_on(status.error());
  const auto lb = follow<LoadBalancer>(*this, listener.loadbalancer_id, "loadbalancer_id");
  if (!lb) return pass_on(lb.error());
  if (listener.default_pool_id)
    if (const auto pool = follow<Pool>(*this, *listener.default_pool_id, "default_pool_id"); !pool)
      return pass_on(pool.error());
  if (auto status = check_references(listener.tls); !status) return pass_on(status.error());
  if (auto status = inherit(listener, **lb); !status) return pass_on(status.error());
  if (listener.whitelist) listener.whitelist->id = new_uuid(random_);
  return add(std::move(listener));
}

Result<Id> Draft::create(Pool pool, const Id& listener_id) {
  if (auto status = check_served(pool.protocol); !status) return pass_on(status.error());
  std::shared_ptr<const Listener> listener;
  if (!listener_id.empty()) {
    const auto found = follow<Listener>(*this, listener_id, "listener_id");
    if (!found) return pass_on(found.error());
    listener = *found;
    if (pool.loadbalancer_id.empty()) pool.loadbalancer_id = listener->loadbalancer_id;
    if (pool.loadbalancer_id != listener->loadbalancer_id)
      return invalid("listener_id",
                     fmt::format("listener {} belongs to load balancer {}", listener_id, listener->loadbalancer_id));
    if (listener->default_pool_id)
      return fail(ErrorCode::kConflict,
                  fmt::format("listener {} already has default pool {}", listener_id, *listener->default_pool_id),
                  "listener_id");
    if (const auto needed = model::pool_protocol(listener->protocol); needed != pool.protocol)  // PL-02
      return invalid("protocol", fmt::format("a {} listener needs a {} pool", model::to_string(listener->protocol),
                                             model::to_string(needed)));
  }
  const auto lb = follow<LoadBalancer>(*this, pool.loadbalancer_id, "loadbalancer_id");
  if (!lb) return pass_on(lb.error());
  if (auto status = inherit(pool, **lb); !status) return pass_on(status.error());
  auto id = add(std::move(pool));
  if (id && listener) {
    Listener linked = *listener;
    linked.default_pool_id = *id;
    linked.updated_at = now();
    put(std::move(linked));
  }
  return id;
}

Result<Id> Draft::create(Member member) {
  const auto pool = follow<Pool>(*this, member.pool_id, "pool_id");
  if (!pool) return pass_on(pool.error());
  if (auto status = inherit(member, **pool); !status) return pass_on(status.error());
  if (auto status = check_reached("address", member.address); !status) return pass_on(status.error());
  if (auto status = check_monitored(member); !status) return pass_on(status.error());
  return add(std::move(member));
}

Status Draft::check_monitored(const Member& member) const {
  return member.monitor_address ? check_reached("monitor_address", *member.monitor_address) : Status();
}

Status Draft::check_reached(std::string_view field, const IpAddress& address) const {
  if (auto status = check_foreign(field, address, node_); !status) return status;
  const auto holds = [&](const model::Subnet& subnet) { return subnet.cidr.contains(address); };
  if (!rules_.strict_members || std::ranges::any_of(node_.subnets, holds)) return {};
  return invalid(std::string(field), fmt::format("{} is in no subnet of this node (--subnet), which --strict-members "
                                                 "asks of members",
                                                 address.to_string()));
}

Result<Id> Draft::create(HealthMonitor monitor) {
  const auto pool = follow<Pool>(*this, monitor.pool_id, "pool_id");
  if (!pool) return pass_on(pool.error());
  if (auto status = inherit(monitor, **pool); !status) return pass_on(status.error());
  return add(std::move(monitor));
}

Result<Id> Draft::create(Eip eip, bool address_given) {
  if (eip.loadbalancer_id) {
    const auto lb = follow<LoadBalancer>(*this, *eip.loadbalancer_id, "loadbalancer_id");
    if (!lb) return pass_on(lb.error());
    if (auto status = inherit(eip, **lb); !status) return pass_on(status.error());
  }
  if (auto status = place_eip(eip, address_given, node_, relations_); !status) return pass_on(status.error());
  eip.bandwidth_id = new_uuid(random_);
  return add(std::move(eip));
}

Result<Id> Draft::create(Certificate certificate) { return add(std::move(certificate)); }

Result<Id> Draft::create(L7Policy policy) {
  const auto listener = follow<Listener>(*this, policy.listener_id, "listener_id");
  if (!listener) return pass_on(listener.error());
  if (policy.redirect_pool_id)
    if (const auto pool = follow<Pool>(*this, *policy.redirect_pool_id, "redirect_pool_id"); !pool)
      return pass_on(pool.error());
  if (policy.redirect_listener_id)
    if (const auto target = follow<Listener>(*this, *policy.redirect_listener_id, "redirect_listener_id"); !target)
      return pass_on(target.error());
  if (auto status = inherit(policy, **listener); !status) return pass_on(status.error());
  policy.sequence = 1;
  for (const auto& other : relations_.policies_of(policy.listener_id))
    policy.sequence = std::max(policy.sequence, other->sequence + 1);
  if (policy.position == 0) policy.position = model::kPositionMax;
  const Id listener_id = policy.listener_id;
  auto id = add(std::move(policy));
  if (id) renumber(listener_id, *id);
  return id;
}

void Draft::renumber(const Id& listener_id, const Id& moved) {
  model::Relations::List<L7Policy> order;
  std::shared_ptr<const L7Policy> wanted;
  for (const auto& policy : relations_.policies_of(listener_id)) {
    if (policy->id == moved)
      wanted = policy;
    else
      order.push_back(policy);
  }
  if (wanted) {
    const size_t place = std::min(static_cast<size_t>(wanted->position) - 1, order.size());
    order.insert(order.begin() + static_cast<ptrdiff_t>(place), wanted);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    const int position = static_cast<int>(i) + 1;
    if (order[i]->position == position) continue;
    L7Policy changed = *order[i];
    changed.position = position;
    put(std::move(changed));
  }
}

Result<Id> Draft::create(L7Rule rule) {
  const auto policy = follow<L7Policy>(*this, rule.l7policy_id, "l7policy_id");
  if (!policy) return pass_on(policy.error());
  if (auto status = inherit(rule, **policy); !status) return pass_on(status.error());
  return add(std::move(rule));
}

std::vector<Change> Draft::changes() const {
  std::vector<Change> changes;
  erased<Eip>(changes);
  erased<L7Rule>(changes);
  erased<L7Policy>(changes);
  erased<HealthMonitor>(changes);
  erased<Member>(changes);
  erased<Listener>(changes);
  erased<Pool>(changes);
  erased<LoadBalancer>(changes);
  erased<Certificate>(changes);
  written<Certificate>(changes);
  written<LoadBalancer>(changes);
  written<Pool>(changes);
  written<Listener>(changes);
  written<Member>(changes);
  written<HealthMonitor>(changes);
  written<Eip>(changes);
  written<L7Policy>(changes);
  written<L7Rule>(changes);
  return changes;
}

// Used by the other two files and by callers.
#define ELB_INSTANTIATE(T)                                                      \
  template Result<std::shared_ptr<const T>> Draft::find<T>(const Id& id) const; \
  template bool Draft::has<T>(const Id& id) const;                              \
  template void Draft::put<T>(T resource);                                      \
  template void Draft::erase<T>(const Id& id);
ELB_INSTANTIATE(LoadBalancer)
ELB_INSTANTIATE(Listener)
ELB_INSTANTIATE(Pool)
ELB_INSTANTIATE(Member)
ELB_INSTANTIATE(HealthMonitor)
ELB_INSTANTIATE(Eip)
ELB_INSTANTIATE(Certificate)
ELB_INSTANTIATE(L7Policy)
ELB_INSTANTIATE(L7Rule)
#undef ELB_INSTANTIATE

}  // namespace elb::control
