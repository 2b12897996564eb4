// SPDX-License-Identifier: Apache-2.0
#include "api/document_export.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "codec/document.h"

namespace elb::api {
namespace {

using codec::Relations;
using codec::Value;
using model::Id;

/// How often each name is there.
template <class List>
std::map<std::string, size_t> names_in(const List& list) {
  std::map<std::string, size_t> uses;
  for (const auto& one : list) ++uses[one->name];
  return uses;
}

class Writer {
 public:
  Writer(const Relations& relations, bool with_ids) : relations_(relations), with_ids_(with_ids) {
    for (const auto& [id, one] : relations.model().certificates) ++certificate_names_[one->name];
  }

  Value write(const model::LoadBalancer& lb, bool named);
  Value write(const model::Certificate& certificate) {
    return begin(certificate, certificate_names_[certificate.name] == 1 && !certificate.name.empty());
  }

 private:
  template <class T>
  Value begin(const T& resource, bool told) const {
    Value out = Value::object();
    if (with_ids_ || !told) out.set("id", resource.id);
    const Value fields = codec::describe_briefly(resource);
    for (const std::string& key : fields.keys()) out.set(key, fields.get(key));
    return out;
  }

  /// By name where that is enough.
  template <class T>
  Value reference(const Id& id, const std::map<std::string, size_t>& names) const {
    const auto found = relations_.model().table<T>().find(id);
    if (found == relations_.model().table<T>().end()) return id;
    const auto uses = names.find(found->second->name);
    const bool told = !found->second->name.empty() && uses != names.end() && uses->second == 1;
    return told ? Value(found->second->name) : Value(id);
  }

  Value certificate(const Value& id) const {
    return id.is_string() ? reference<model::Certificate>(id.as_string(), certificate_names_) : id;
  }

  Value write(const model::Pool& pool, bool told) const;
  Value write(const model::Listener& listener, bool told, const std::map<std::string, size_t>& pools,
              const std::map<std::string, size_t>& listeners) const;

  const Relations& relations_;
  const bool with_ids_;
  std::map<std::string, size_t> certificate_names_;
};

Value Writer::write(const model::Pool& pool, bool told) const {
  Value out = begin(pool, told);
  Value members = Value::array();
  for (const auto& member : relations_.members_of(pool.id)) members.push(begin(*member, true));
  const auto monitor = relations_.monitor_of(pool.id);
  out.set("healthmonitor", monitor ? begin(*monitor, true) : Value());
  return out.set("members", std::move(members));
}

Value Writer::write(const model::Listener& listener, bool told, const std::map<std::string, size_t>& pools,
                    const std::map<std::string, size_t>& listeners) const {
  Value out = begin(listener, told || listener.name.empty());  // its port tells a nameless one
  if (listener.default_pool_id) out.set("default_pool", reference<model::Pool>(*listener.default_pool_id, pools));
  for (const char* key : {"default_tls_container_ref", "client_ca_tls_container_ref"})
    if (out.has(key)) out.set(key, certificate(out.get(key)));
  if (out.has("sni_container_refs")) {
    const Value ids = out.get("sni_container_refs");
    Value names = Value::array();
    for (size_t i = 0; i < ids.size(); ++i) names.push(certificate(ids.at(i)));
    out.set("sni_container_refs", std::move(names));
  }
  if (!model::is_l7(listener.protocol)) return out;
  Value policies = Value::array();
  const auto& all = relations_.policies_of(listener.id);
  const auto names = names_in(all);
  for (const auto& policy : all) {
    // Nameless ones are told by their order.
    Value one = begin(*policy, policy->name.empty() || names.at(policy->name) == 1);
    one.set("position", policy->position);
    if (policy->redirect_pool_id) one.set("redirect_pool", reference<model::Pool>(*policy->redirect_pool_id, pools));
    if (policy->redirect_listener_id)
      one.set("redirect_listener", reference<model::Listener>(*policy->redirect_listener_id, listeners));
    Value rules = Value::array();
    for (const auto& rule : relations_.rules_of(policy->id)) rules.push(begin(*rule, true));
    policies.push(one.set("rules", std::move(rules)));
  }
  return out.set("l7policies", std::move(policies));
}

Value Writer::write(const model::LoadBalancer& lb, bool named) {
  Value out = begin(lb, named || lb.name.empty());  // its VIP tells a nameless one
  const auto& pools = relations_.pools_of(lb.id);
  const auto& listeners = relations_.listeners_of(lb.id);
  const auto pool_names = names_in(pools);
  const auto listener_names = names_in(listeners);
  Value pool_list = Value::array();
  for (const auto& pool : pools) pool_list.push(write(*pool, !pool->name.empty() && pool_names.at(pool->name) == 1));
  Value listener_list = Value::array();
  for (const auto& listener : listeners)
    listener_list.push(
        write(*listener, listener_names.at(listener->name) == 1 || listener->name.empty(), pool_names, listener_names));
  return out.set("pools", std::move(pool_list)).set("listeners", std::move(listener_list));
}

/// By name and then by id, so that two exports of one configuration are the same text.
template <class T>
std::vector<std::shared_ptr<const T>> ordered(const model::Table<T>& table) {
  std::vector<std::shared_ptr<const T>> all;
  for (const auto& [id, one] : table) all.push_back(one);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  return all;
}

}  // namespace

Result<Value> make_document(const Relations& relations, const std::vector<std::string>& wanted, bool with_ids) {
  const auto all = ordered(relations.model().load_balancers);
  std::vector<std::shared_ptr<const model::LoadBalancer>> chosen;
  if (wanted.empty()) chosen = all;
  for (const std::string& word : wanted) {
    const size_t before = chosen.size();
    for (const auto& lb : all)
      if (lb->id == word || lb->name == word) chosen.push_back(lb);
    if (chosen.size() == before)
      return fail(ErrorCode::kNotFound, fmt::format("load balancer '{}' does not exist", word.substr(0, 255)),
                  "load_balancer");
    if (chosen.size() > before + 1)
      return fail(ErrorCode::kConflict,
                  fmt::format("{} load balancers are called '{}'; give the id", chosen.size() - before, word),
                  "load_balancer");
  }
  const auto names = names_in(all);
  Writer writer(relations, with_ids);
  Value document = Value::object();
  document.set("version", 1);
  if (wanted.empty()) {
    Value certificates = Value::array();
    for (const auto& one : ordered(relations.model().certificates)) certificates.push(writer.write(*one));
    document.set("certificates", std::move(certificates));
  }
  Value list = Value::array();
  for (const auto& lb : chosen) list.push(writer.write(*lb, names.at(lb->name) == 1));
  return document.set("load_balancers", std::move(list));
}

}  // namespace elb::api
