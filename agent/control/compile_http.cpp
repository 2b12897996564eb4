// SPDX-License-Identifier: Apache-2.0
#include "control/compile_http.h"

#include <algorithm>
#include <set>

namespace elb::control {
namespace {

using model::Certificate;
using model::L7Action;
using model::L7Policy;
using model::L7Rule;
using model::Listener;
using model::Model;
using model::PolicyAction;
using model::RuleCompare;
using model::RuleType;
using model::SnapshotPolicy;
using model::SnapshotRule;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Whole seconds, rounded up: nobody is cut off earlier than asked for.
int seconds_of(const std::optional<int>& milliseconds, int otherwise) {
  return milliseconds ? std::max(1, (*milliseconds + 999) / 1000) : otherwise;
}

model::HttpTimeouts timeouts_of(const model::ListenerHttp& http) {
  model::HttpTimeouts timeouts;
  timeouts.idle_s = seconds_of(http.client_data_ms, timeouts.idle_s);
  timeouts.body_s = seconds_of(http.client_data_ms, timeouts.body_s);
  timeouts.connect_s = seconds_of(http.member_connect_ms, timeouts.connect_s);
  timeouts.response_s = seconds_of(http.member_data_ms, timeouts.response_s);
  return timeouts;
}

std::string_view header_of(const model::ListenerHttp& http, std::string_view name) {
  const auto found = http.insert_headers.find(std::string(name));
  return found == http.insert_headers.end() ? "true" : std::string_view(found->second);
}

model::ForwardedFor forwarded_for(std::string_view word) {
  if (word == "replace") return model::ForwardedFor::kReplace;
  return word == "false" || word == "remove" ? model::ForwardedFor::kRemove : model::ForwardedFor::kAppend;
}

PolicyAction action_of(L7Action action) {
  switch (action) {
    case L7Action::kUrl:
      return PolicyAction::kRedirectUrl;
    case L7Action::kPrefix:
      return PolicyAction::kRedirectPrefix;
    case L7Action::kReject:
      return PolicyAction::kReject;
    case L7Action::kPool:
    case L7Action::kListener:  // never among the policies: redirect_https_port says it
      break;
  }
  return PolicyAction::kPool;
}

SnapshotRule rule_of(const L7Rule& rule) {
  const bool any_case = rule.type == RuleType::kHostName && rule.compare != RuleCompare::kRegex;
  return {rule.type, rule.compare, rule.invert, rule.key, any_case ? lower(rule.value) : rule.value};
}

}  // namespace

HttpCompiler::HttpCompiler(const Model& model) : model_(model) {
  for (const auto& [id, rule] : model.l7rules)
    if (rule->admin_state_up) rules_[rule->l7policy_id].push_back(rule.get());
  for (const auto& [id, policy] : model.l7policies) {
    // Without a condition it describes no request, but the redirect takes them all.
    if (!policy->admin_state_up || (policy->action != L7Action::kListener && !rules_.contains(id))) continue;
    policies_[policy->listener_id].push_back(policy.get());
  }
  for (auto& [listener, policies] : policies_)
    std::ranges::sort(policies, [](const L7Policy* a, const L7Policy* b) { return comes_before(*a, *b); });
}

const std::vector<const L7Policy*>& HttpCompiler::policies_of(const Listener& listener) const {
  static const std::vector<const L7Policy*> kNone;
  const auto found = policies_.find(listener.id);
  return found == policies_.end() ? kNone : found->second;
}

std::vector<std::string_view> HttpCompiler::pools_of(const Listener& listener) const {
  std::vector<std::string_view> pools;
  for (const L7Policy* policy : policies_of(listener))
    if (policy->redirect_pool_id) pools.emplace_back(*policy->redirect_pool_id);
  return pools;
}

void HttpCompiler::add_certificates(const std::vector<const Listener*>& listeners, model::Snapshot& snapshot) {
  std::set<std::string_view> used;
  for (const Listener* listener : listeners) {
    if (listener->tls.certificate_id) used.insert(*listener->tls.certificate_id);
    used.insert(listener->tls.sni_ids.begin(), listener->tls.sni_ids.end());
  }
  for (const std::string_view id : used) {
    const auto found = model_.certificates.find(std::string(id));
    if (found == model_.certificates.end()) continue;
    certificates_.emplace(found->first, snapshot.certificates.size());
    snapshot.certificates.push_back({found->first, found->second->certificate, found->second->private_key});
  }
}

SnapshotPolicy HttpCompiler::compile(const L7Policy& policy, const PoolIndex& pools) const {
  SnapshotPolicy compiled;
  compiled.id = policy.id;
  compiled.position = policy.position;
  compiled.action = action_of(policy.action);
  if (policy.redirect_pool_id)
    if (const auto pool = pools.find(*policy.redirect_pool_id); pool != pools.end()) compiled.pool = pool->second;
  compiled.redirect = policy.action == L7Action::kPrefix ? policy.redirect_prefix : policy.redirect_url;
  compiled.redirect_code = static_cast<uint16_t>(policy.redirect_http_code.value_or(model::kUrlRedirectCode));
  if (const auto rules = rules_.find(policy.id); rules != rules_.end())
    for (const L7Rule* rule : rules->second) compiled.rules.push_back(rule_of(*rule));
  return compiled;
}

model::SnapshotTls HttpCompiler::compile(const model::ListenerTls& tls) const {
  model::SnapshotTls compiled;
  compiled.policy = tls.policy.empty() ? std::string(model::kDefaultTlsPolicy) : tls.policy;
  compiled.http2 = tls.http2;
  if (tls.certificate_id)
    if (const auto found = certificates_.find(*tls.certificate_id); found != certificates_.end())
      compiled.certificate = found->second;
  for (const model::Id& id : tls.sni_ids)
    if (const auto found = certificates_.find(id); found != certificates_.end())
      compiled.sni.push_back({model_.certificates.at(id)->domain, found->second});
  if (tls.verify_clients && tls.client_ca_id)
    if (const auto found = model_.certificates.find(*tls.client_ca_id); found != model_.certificates.end())
      compiled.client_ca = found->second->certificate;
  return compiled;
}

model::SnapshotHttp HttpCompiler::compile(const Listener& listener, const PoolIndex& pools) const {
  model::SnapshotHttp compiled;
  for (const L7Policy* policy : policies_of(listener)) {
    if (policy->action != L7Action::kListener) {
      compiled.policies.push_back(compile(*policy, pools));
      continue;
    }
    const auto target = model_.listeners.find(policy->redirect_listener_id.value_or(model::Id()));
    if (target != model_.listeners.end()) compiled.redirect_https_port = target->second->protocol_port;
  }
  if (listener.protocol == model::Protocol::kHttps) compiled.tls = compile(listener.tls);
  compiled.timeouts = timeouts_of(listener.http);
  compiled.forwarded_for = forwarded_for(header_of(listener.http, model::kForwardedFor));
  compiled.forwarded_port = header_of(listener.http, model::kForwardedPort) == "true";
  compiled.forwarded_proto = header_of(listener.http, model::kForwardedProto) == "true";
  compiled.request_rate = static_cast<uint32_t>(listener.http.request_rate.value_or(0));
  compiled.request_burst =
      static_cast<uint32_t>(listener.http.request_burst.value_or(listener.http.request_rate.value_or(0)));
  compiled.body_rate = static_cast<uint32_t>(listener.http.body_rate.value_or(model::kBodyRateDefault));
  if (listener.http.trace_sampling) compiled.trace_sampling = static_cast<uint16_t>(*listener.http.trace_sampling);
  compiled.proxy_trusted = listener.http.proxy_trusted;
  if (const auto owner = model_.load_balancers.find(listener.loadbalancer_id);
      owner != model_.load_balancers.end() && owner->second->access_log)
    compiled.log = {owner->second->access_log->stream, owner->second->project_id};
  compiled.error_pages = listener.http.error_pages;
  return compiled;
}

model::SnapshotCookie HttpCompiler::cookie_of(const model::Pool& pool) {
  model::SnapshotCookie cookie;
  if (!pool.persistence || pool.algorithm != model::Algorithm::kRoundRobin) return cookie;
  switch (pool.persistence->type) {
    case model::PersistenceType::kHttpCookie:
      cookie.kind = model::CookieKind::kLoadBalancer;
      cookie.duration_s = pool.sticky_minutes() * 60;
      break;
    case model::PersistenceType::kAppCookie:
      cookie.kind = model::CookieKind::kApplication;
      cookie.name = pool.persistence->cookie_name;
      break;
    case model::PersistenceType::kSourceIp:
      break;
  }
  return cookie;
}

}  // namespace elb::control
