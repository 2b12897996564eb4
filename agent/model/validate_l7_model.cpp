// SPDX-License-Identifier: Apache-2.0
// What must hold between listeners, certificates, l7policies and l7rules. Runs before every commit, like the rest of
// validate(Model): each table is walked once.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "model/validate_parts.h"

namespace elb::model {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Result<const Certificate*> certificate_of(const Model& model, const Id& id, CertificateType type, std::string field) {
  const Certificate* certificate = look_up(model.certificates, id);
  if (!certificate) return missing(std::move(field), Kind::kCertificate, id);
  if (certificate->type != type)
    return invalid(std::move(field), fmt::format("certificate {} is of type {}, {} is needed", id,
                                                 to_string(certificate->type), to_string(type)));
  return certificate;
}

Status check_certificates(const Model& model, const Listener& listener) {
  const ListenerTls& tls = listener.tls;
  if (tls.certificate_id)
    if (const auto found =
            certificate_of(model, *tls.certificate_id, CertificateType::kServer, "default_tls_container_ref");
        !found)
      return pass_on(found.error());
  if (tls.client_ca_id)
    if (const auto found =
            certificate_of(model, *tls.client_ca_id, CertificateType::kClient, "client_ca_tls_container_ref");
        !found)
      return pass_on(found.error());
  std::unordered_map<std::string_view, std::string_view> domains;
  for (size_t i = 0; i < tls.sni_ids.size(); ++i) {
    const std::string field = fmt::format("sni_container_refs[{}]", i);
    const auto found = certificate_of(model, tls.sni_ids[i], CertificateType::kServer, field);
    if (!found) return pass_on(found.error());
    const std::string_view domain = (*found)->domain;
    if (domain.empty())  // TLS-09
      return invalid(field, fmt::format("certificate {} has no domain, which SNI needs", tls.sni_ids[i]));
    if (const auto [it, fresh] = domains.emplace(domain, tls.sni_ids[i]); !fresh)
      return fail(ErrorCode::kConflict,
                  fmt::format("certificates {} and {} of listener {} both have the domain {}", it->second,
                              tls.sni_ids[i], listener.id, domain),
                  field);
  }
  return {};
}

/// FP-14.
Status check_policy_pool(const Model& model, const L7Policy& policy, const Listener& listener) {
  const Pool* pool = look_up(model.pools, *policy.redirect_pool_id);
  if (!pool) return missing("redirect_pool_id", Kind::kPool, *policy.redirect_pool_id);
  if (pool->loadbalancer_id != listener.loadbalancer_id)
    return invalid("redirect_pool_id", fmt::format("pool {} belongs to load balancer {}, the listener to {}", pool->id,
                                                   pool->loadbalancer_id, listener.loadbalancer_id));
  if (pool->protocol != Protocol::kHttp)
    return invalid("redirect_pool_id",
                   fmt::format("an l7policy needs an HTTP pool, pool {} is {}", pool->id, to_string(pool->protocol)));
  return {};
}

/// RD-01.
Status check_target_listener(const Model& model, const L7Policy& policy, const Listener& listener) {
  if (listener.protocol != Protocol::kHttp)
    return invalid("action", fmt::format("REDIRECT_TO_LISTENER is for HTTP listeners, listener {} is {}", listener.id,
                                         to_string(listener.protocol)));
  const Listener* target = look_up(model.listeners, *policy.redirect_listener_id);
  if (!target) return missing("redirect_listener_id", Kind::kListener, *policy.redirect_listener_id);
  if (target->protocol != Protocol::kHttps || target->loadbalancer_id != listener.loadbalancer_id)
    return invalid("redirect_listener_id", fmt::format("must be an HTTPS listener of load balancer {}, {} is {} of {}",
                                                       listener.loadbalancer_id, target->id,
                                                       to_string(target->protocol), target->loadbalancer_id));
  return {};
}

using RulesOf = std::unordered_map<std::string_view, std::vector<const L7Rule*>>;

/// FP-16: one host name and one path; a third of the guide's types can only be one of them again.
Status check_rules(const L7Policy& policy, const std::vector<const L7Rule*>& rules) {
  if (policy.action == L7Action::kListener && !rules.empty())
    return invalid("type",
                   fmt::format("l7policy {} redirects every request to a listener and has no rules", policy.id));
  if (rules.size() > kRulesMax)
    return fail(ErrorCode::kQuota, fmt::format("l7policy {} may have {} rules", policy.id, kRulesMax), "type");
  for (const RuleType type : {RuleType::kHostName, RuleType::kPath}) {
    const auto count = std::ranges::count_if(rules, [type](const L7Rule* rule) { return rule->type == type; });
    if (count > 1)
      return fail(ErrorCode::kConflict, fmt::format("l7policy {} may have one {} rule", policy.id, to_string(type)),
                  "type");
  }
  return {};
}

/// The condition that the rules state together, the same text for the same condition.
std::string condition_of(const std::vector<const L7Rule*>& rules) {
  std::vector<std::string> parts;
  for (const L7Rule* rule : rules) {
    const bool any_case = rule->type == RuleType::kHostName && rule->compare != RuleCompare::kRegex;
    parts.push_back(fmt::format("{} {} {} {} {}\n", to_string(rule->type), to_string(rule->compare), rule->invert,
                                rule->type == RuleType::kHeader ? lower(rule->key) : rule->key,
                                any_case ? lower(rule->value) : rule->value));
  }
  std::ranges::sort(parts);
  std::string condition;
  for (const std::string& part : parts) condition += part;
  return condition;
}

struct Seen {
  size_t policies = 0;
  const L7Policy* redirect = nullptr;
  std::map<std::string, const L7Policy*> conditions;
};

Status check_among_others(Seen& seen, const L7Policy& policy, const std::vector<const L7Rule*>& rules) {
  if (++seen.policies > kPoliciesMax)  // FP-02
    return fail(ErrorCode::kQuota, fmt::format("listener {} may have {} l7policies", policy.listener_id, kPoliciesMax),
                "listener_id");
  if (policy.action == L7Action::kListener) {  // RD-05
    if (seen.redirect)
      return fail(
          ErrorCode::kConflict,
          fmt::format("listener {} is already redirected by l7policy {}", policy.listener_id, seen.redirect->id),
          "listener_id");
    seen.redirect = &policy;
  }
  if (rules.empty()) return {};
  const auto [it, fresh] = seen.conditions.emplace(condition_of(rules), &policy);
  if (fresh) return {};
  return fail(ErrorCode::kConflict,  // FP-10
              fmt::format("l7policies {} and {} of listener {} have the same rules", it->second->id, policy.id,
                          policy.listener_id),
              "value");
}

Status check_policies(const Model& model) {
  RulesOf rules_of;
  for (const auto& [id, rule] : model.l7rules) {
    if (!look_up(model.l7policies, rule->l7policy_id))
      return missing("l7policy_id", Kind::kL7Policy, rule->l7policy_id);
    rules_of[rule->l7policy_id].push_back(rule.get());
  }
  std::unordered_map<std::string_view, Seen> listeners;
  for (const auto& [id, policy] : model.l7policies) {
    const Listener* listener = look_up(model.listeners, policy->listener_id);
    if (!listener) return missing("listener_id", Kind::kListener, policy->listener_id);
    if (!is_l7(listener->protocol))  // FP-01
      return invalid("listener_id", fmt::format("l7policies are for HTTP and HTTPS listeners, listener {} is {}",
                                                listener->id, to_string(listener->protocol)));
    if (policy->action == L7Action::kPool)
      if (auto status = check_policy_pool(model, *policy, *listener); !status) return status;
    if (policy->action == L7Action::kListener)
      if (auto status = check_target_listener(model, *policy, *listener); !status) return status;
    const auto& rules = rules_of[id];
    if (auto status = check_rules(*policy, rules); !status) return status;
    if (auto status = check_among_others(listeners[policy->listener_id], *policy, rules); !status) return status;
  }
  return {};
}

}  // namespace

Status check_l7(const Model& model) {
  for (const auto& [id, listener] : model.listeners)
    if (auto status = check_certificates(model, *listener); !status) return status;
  return check_policies(model);
}

}  // namespace elb::model
