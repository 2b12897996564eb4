// SPDX-License-Identifier: Apache-2.0
#include "api/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "api/lookup.h"
#include "codec/document.h"

namespace elb::api {
namespace {

using codec::Value;
using model::Id;
using model::Kind;
using model::Model;
using Action = PlanEntry::Action;

constexpr const char* kMaskedKey = "******";

std::string name_or(const model::Common& common, const std::string& otherwise) {
  return common.name.empty() ? otherwise : common.name;
}

std::string title(const model::LoadBalancer& lb) { return name_or(lb, lb.vip_address.to_string()); }
std::string title(const model::Listener& listener) {
  return name_or(listener, fmt::format("{} {}", listener.protocol_word(), listener.protocol_port));
}
std::string title(const model::Pool& pool) { return name_or(pool, pool.id); }
std::string title(const model::Member& member) {
  const std::string place = Endpoint{member.address, member.protocol_port}.to_string();
  return member.name.empty() ? place : fmt::format("{} ({})", member.name, place);
}
std::string title(const model::HealthMonitor& monitor) {
  return name_or(monitor, std::string(to_string(monitor.type)));
}
std::string title(const model::Eip& eip) { return name_or(eip, eip.address.to_string()); }
std::string title(const model::Certificate& certificate) { return name_or(certificate, certificate.id); }
std::string title(const model::L7Policy& policy) {
  return name_or(policy, fmt::format("{} {}", to_string(policy.action), policy.position));
}
std::string title(const model::L7Rule& rule) {
  return name_or(rule, fmt::format("{} {} {}", to_string(rule.type), to_string(rule.compare), rule.value));
}

template <class T>
std::string title_of(const Model& model, const Id& id) {
  const T* found = look_up<T>(model, id);
  return found != nullptr ? title(*found) : id;
}

std::string parent_title(const Model&, const model::LoadBalancer&) { return {}; }
std::string parent_title(const Model&, const model::Certificate&) { return {}; }
std::string parent_title(const Model& model, const model::Eip& eip) {
  return eip.loadbalancer_id ? title_of<model::LoadBalancer>(model, *eip.loadbalancer_id) : "";
}
std::string parent_title(const Model& model, const model::Listener& listener) {
  return title_of<model::LoadBalancer>(model, listener.loadbalancer_id);
}
std::string parent_title(const Model& model, const model::Pool& pool) {
  return title_of<model::LoadBalancer>(model, pool.loadbalancer_id);
}
std::string parent_title(const Model& model, const model::Member& member) {
  return title_of<model::Pool>(model, member.pool_id);
}
std::string parent_title(const Model& model, const model::HealthMonitor& monitor) {
  return title_of<model::Pool>(model, monitor.pool_id);
}
std::string parent_title(const Model& model, const model::L7Policy& policy) {
  return title_of<model::Listener>(model, policy.listener_id);
}
std::string parent_title(const Model& model, const model::L7Rule& rule) {
  return title_of<model::L7Policy>(model, rule.l7policy_id);
}

template <class T>
constexpr Kind kKindOf = Kind::kLoadBalancer;
template <>
constexpr Kind kKindOf<model::Listener> = Kind::kListener;
template <>
constexpr Kind kKindOf<model::Pool> = Kind::kPool;
template <>
constexpr Kind kKindOf<model::Member> = Kind::kMember;
template <>
constexpr Kind kKindOf<model::HealthMonitor> = Kind::kHealthMonitor;
template <>
constexpr Kind kKindOf<model::Eip> = Kind::kEip;
template <>
constexpr Kind kKindOf<model::Certificate> = Kind::kCertificate;
template <>
constexpr Kind kKindOf<model::L7Policy> = Kind::kL7Policy;
template <>
constexpr Kind kKindOf<model::L7Rule> = Kind::kL7Rule;

template <class T>
Value reference(const Model& model, const std::optional<Id>& id) {
  return id ? Value(title_of<T>(model, *id)) : Value();
}

/// Where two references have the same name, their ids tell them apart.
template <class T>
void add_references(const T& before, const T& after, std::vector<FieldChange>& fields) {
  const auto add = [&fields](std::string_view field, const std::optional<Id>& old, const std::optional<Id>& now) {
    const bool told = std::ranges::any_of(fields, [field](const FieldChange& one) { return one.field == field; });
    if (old != now && !told) fields.push_back({std::string(field), Value(old.value_or("")), Value(now.value_or(""))});
  };
  if constexpr (std::is_same_v<T, model::Listener>) add("default_pool", before.default_pool_id, after.default_pool_id);
  if constexpr (std::is_same_v<T, model::L7Policy>) {
    add("redirect_pool", before.redirect_pool_id, after.redirect_pool_id);
    add("redirect_listener", before.redirect_listener_id, after.redirect_listener_id);
  }
  if constexpr (std::is_same_v<T, model::Certificate>)
    if (before.private_key != after.private_key)
      fields.push_back({"private_key", before.private_key.empty() ? Value() : Value(kMaskedKey), kMaskedKey});
}

template <class T>
void plan_erase(const Model& before, const Model& after, const Id& id, const Notes& notes,
                std::vector<PlanEntry>& entries) {
  const T* old = look_up<T>(before, id);
  if (old == nullptr || notes.replaced.contains(id)) return;
  entries.push_back(entry_of<T>(old, nullptr, before, after));
}

void plan_erase(const Model& before, const Model& after, const model::Erase& erase, const Notes& notes,
                std::vector<PlanEntry>& entries) {
  switch (erase.kind) {
    case Kind::kLoadBalancer:
      return plan_erase<model::LoadBalancer>(before, after, erase.id, notes, entries);
    case Kind::kListener:
      return plan_erase<model::Listener>(before, after, erase.id, notes, entries);
    case Kind::kPool:
      return plan_erase<model::Pool>(before, after, erase.id, notes, entries);
    case Kind::kMember:
      return plan_erase<model::Member>(before, after, erase.id, notes, entries);
    case Kind::kHealthMonitor:
      return plan_erase<model::HealthMonitor>(before, after, erase.id, notes, entries);
    case Kind::kEip:
      return plan_erase<model::Eip>(before, after, erase.id, notes, entries);
    case Kind::kCertificate:
      return plan_erase<model::Certificate>(before, after, erase.id, notes, entries);
    case Kind::kL7Policy:
      return plan_erase<model::L7Policy>(before, after, erase.id, notes, entries);
    case Kind::kL7Rule:
      return plan_erase<model::L7Rule>(before, after, erase.id, notes, entries);
  }
}

std::string_view word_of(Action action) {
  switch (action) {
    case Action::kCreate:
      return "create";
    case Action::kUpdate:
      return "update";
    case Action::kReplace:
      return "replace";
    case Action::kDelete:
      return "delete";
  }
  return "update";
}

}  // namespace

template <class T>
Value shown(const Model& model, const T& resource) {
  Value out = codec::describe(resource);
  if constexpr (std::is_same_v<T, model::Listener>)
    out.set("default_pool", reference<model::Pool>(model, resource.default_pool_id));
  if constexpr (std::is_same_v<T, model::L7Policy>) {
    out.set("redirect_pool", reference<model::Pool>(model, resource.redirect_pool_id));
    out.set("redirect_listener", reference<model::Listener>(model, resource.redirect_listener_id));
  }
  if constexpr (std::is_same_v<T, model::Certificate>)
    if (!resource.private_key.empty()) out.set("private_key", kMaskedKey);
  return out;
}

template <class T>
PlanEntry entry_of(const T* before, const T* after, const Model& old_model, const Model& new_model) {
  PlanEntry entry;
  const T& one = after != nullptr ? *after : *before;
  const Model& its = after != nullptr ? new_model : old_model;
  entry.action = before == nullptr ? Action::kCreate : after == nullptr ? Action::kDelete : Action::kUpdate;
  entry.kind = kKindOf<T>;
  entry.id = one.id;
  entry.project_id = one.project_id;
  entry.name = title(one);
  entry.parent = parent_title(its, one);
  if (before == nullptr) {
    const Value now = shown(new_model, *after);
    const Value plain = codec::describe(T{});
    for (const std::string& key : now.keys())
      if (!(now.get(key) == plain.get(key))) entry.fields.push_back({key, Value(), now.get(key)});
  } else if (after != nullptr) {
    const Value old = shown(old_model, *before);
    const Value now = shown(new_model, *after);
    for (const std::string& key : now.keys())
      if (!(now.get(key) == old.get(key))) entry.fields.push_back({key, old.get(key), now.get(key)});
    for (const std::string& key : old.keys())
      if (!now.has(key)) entry.fields.push_back({key, old.get(key), Value()});
    add_references(*before, *after, entry.fields);
  }
  return entry;
}

#define ELB_INSTANTIATE(T)                                                     \
  template PlanEntry entry_of(const T*, const T*, const Model&, const Model&); \
  template Value shown(const Model&, const T&);
ELB_INSTANTIATE(model::LoadBalancer)
ELB_INSTANTIATE(model::Listener)
ELB_INSTANTIATE(model::Pool)
ELB_INSTANTIATE(model::Member)
ELB_INSTANTIATE(model::HealthMonitor)
ELB_INSTANTIATE(model::Eip)
ELB_INSTANTIATE(model::Certificate)
ELB_INSTANTIATE(model::L7Policy)
ELB_INSTANTIATE(model::L7Rule)
#undef ELB_INSTANTIATE

std::vector<PlanEntry> plan_of(const Model& before, const Model& after, std::span<const model::Change> changes,
                               const Notes& notes) {
  std::vector<PlanEntry> entries;
  std::map<Id, std::pair<Id, std::string>> replacing;  // new id: old id and reason
  for (const auto& [old_id, by] : notes.replaced) replacing[by.by] = {old_id, by.reason};
  for (const model::Change& change : changes) {
    if (const auto* erase = std::get_if<model::Erase>(&change)) {
      plan_erase(before, after, *erase, notes, entries);
      continue;
    }
    std::visit(
        [&]<class T>(const T& now) {
          const auto swap = replacing.find(now.id);
          const T* old = look_up<T>(before, swap == replacing.end() ? now.id : swap->second.first);
          PlanEntry entry = entry_of<T>(old, &now, before, after);
          if (swap != replacing.end() && old != nullptr) {
            entry.action = Action::kReplace;
            entry.replaced = swap->second.first;
            entry.reason = swap->second.second;
          }
          // An update that only touches what nobody sees (times) is none for people.
          if (entry.action != Action::kUpdate || !entry.fields.empty()) entries.push_back(std::move(entry));
        },
        std::get<model::Put>(change).resource);
  }
  for (PlanEntry& entry : entries)
    if (const auto path = notes.paths.find(entry.id); path != notes.paths.end()) entry.path = path->second;
  return entries;
}

std::string_view word_of(Kind kind) {
  constexpr std::array<std::string_view, 9> kWords = {
      "load_balancer", "listener", "pool", "member", "health_monitor", "eip", "certificate", "l7policy", "l7rule"};
  return kWords.at(static_cast<size_t>(kind));
}

Value encode(const PlanEntry& entry) {
  Value out = Value::object();
  out.set("action", word_of(entry.action)).set("kind", word_of(entry.kind)).set("id", entry.id);
  out.set("name", entry.name).set("parent", entry.parent.empty() ? Value() : Value(entry.parent));
  out.set("project_id", entry.project_id).set("path", entry.path.empty() ? Value() : Value(entry.path));
  if (!entry.replaced.empty()) out.set("replaces", entry.replaced).set("reason", entry.reason);
  Value fields = Value::array();
  for (const FieldChange& one : entry.fields)
    fields.push(Value().set("field", one.field).set("old", one.before).set("new", one.after));
  return out.set("fields", std::move(fields));
}

Value summary_of(std::span<const PlanEntry> entries) {
  std::array<int, 4> counts{};
  for (const PlanEntry& entry : entries) ++counts.at(static_cast<size_t>(entry.action));
  Value out = Value::object();
  for (const Action action : {Action::kCreate, Action::kUpdate, Action::kReplace, Action::kDelete})
    out.set(word_of(action), counts.at(static_cast<size_t>(action)));
  return out;
}

}  // namespace elb::api
