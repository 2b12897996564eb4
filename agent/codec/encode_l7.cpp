// SPDX-License-Identifier: Apache-2.0
// What only HTTP and HTTPS have, as the API shows it.
#include <fmt/core.h>

#include <algorithm>

#include "codec/encode_parts.h"
#include "model/snapshot_http.h"

namespace elb::codec {
namespace {

constexpr size_t kNamedMax = 5;  // policies in a warning

Value id_or_null(const std::optional<model::Id>& id) { return id ? Value(*id) : Value(); }

/// "2026-11-23 23:07:52", the vendor's form.
std::string vendor_time(int64_t seconds) {
  std::string text = time_text(seconds);
  text[10] = ' ';
  return text;
}

void set_tls(Value& out, const model::Listener& listener) {
  const model::ListenerTls& tls = listener.tls;
  const bool https = listener.protocol == model::Protocol::kHttps;
  Value sni = Value::array();
  for (const model::Id& id : tls.sni_ids) sni.push(id);
  out.set("default_tls_container_ref", id_or_null(tls.certificate_id)).set("sni_container_refs", std::move(sni));
  out.set("client_ca_tls_container_ref", id_or_null(tls.client_ca_id)).set("client_crl_container_ref", Value());
  out.set("client_authentication", tls.verify_clients ? "MANDATORY" : "NONE");
  out.set("tls_ciphers", Value()).set("tls_versions", Value::array());
  Value alpn = Value::array();
  if (tls.http2) alpn.push("h2");
  if (https) alpn.push("http/1.1");
  out.set("alpn_protocols", std::move(alpn)).set("http2_enable", tls.http2);
  const std::string policy = tls.policy.empty() ? std::string(model::kDefaultTlsPolicy) : tls.policy;
  out.set("tls_ciphers_policy", https ? Value(policy) : Value());
  out.set("hsts_max_age", Value()).set("hsts_include_subdomains", false).set("hsts_preload", false);
}

/// Octavia's defaults where there is no proxy.
void set_times(Value& out, const model::Listener& listener) {
  const model::ListenerHttp& http = listener.http;
  const model::HttpTimeouts defaults;
  const bool l7 = model::is_l7(listener.protocol);
  out.set("timeout_client_data", l7 ? http.client_data_ms.value_or(defaults.idle_s * 1000) : 50000);
  out.set("timeout_member_connect", l7 ? http.member_connect_ms.value_or(defaults.connect_s * 1000) : 5000);
  out.set("timeout_member_data", l7 ? http.member_data_ms.value_or(defaults.response_s * 1000) : 50000);
  out.set("timeout_tcp_inspect", 0);
}

/// null and [] for others than HTTP and HTTPS.
void set_rates(Value& out, const model::Listener& listener) {
  const model::ListenerHttp& http = listener.http;
  const bool l7 = model::is_l7(listener.protocol);
  out.set("request_rate_limit", number_or_null(http.request_rate));
  out.set("request_rate_burst", number_or_null(http.request_burst ? http.request_burst : http.request_rate));
  out.set("min_body_rate", l7 ? Value(http.body_rate.value_or(model::kBodyRateDefault)) : Value());
  out.set("trace_sampling", number_or_null(http.trace_sampling));
  Value trusted = Value::array();
  for (const Cidr& block : http.proxy_trusted) trusted.push(block.to_string());
  out.set("proxy_protocol_trusted", std::move(trusted));
  Value pages = Value::array();
  for (const model::ErrorPage& page : http.error_pages)
    pages.push(
        Value::object().set("status", page.status).set("content_type", page.content_type).set("body", page.body));
  out.set("error_pages", std::move(pages));
}

/// The host that a policy is about; empty: any.
std::string host_of(const model::L7Policy& policy, const Relations& relations) {
  for (const auto& rule : relations.rules_of(policy.id))
    if (rule->admin_state_up && rule->type == model::RuleType::kHostName && !rule->invert) return rule->value;
  return {};
}

bool has_regex(const model::L7Policy& policy, const Relations& relations) {
  if (!policy.admin_state_up) return false;
  const auto& rules = relations.rules_of(policy.id);
  return std::ranges::any_of(
      rules, [](const auto& rule) { return rule->admin_state_up && rule->compare == model::RuleCompare::kRegex; });
}

/// FP-11: whether two expressions have a text in common is not asked; that their order may decide is told.
Value warnings_value(const model::L7Policy& policy, const Relations& relations) {
  Value warnings = Value::array();
  if (!has_regex(policy, relations)) return warnings;
  const std::string host = host_of(policy, relations);
  std::string others;
  size_t count = 0;
  for (const auto& other : relations.policies_of(policy.listener_id)) {
    if (other->id == policy.id || !has_regex(*other, relations) || host_of(*other, relations) != host) continue;
    if (++count <= kNamedMax)
      others += fmt::format("{}{} (position {})", others.empty() ? "" : ", ",
                            other->name.empty() ? other->id : other->name, other->position);
  }
  if (count == 0) return warnings;
  if (count > kNamedMax) others += fmt::format(" and {} more", count - kNamedMax);
  return warnings.push(
      fmt::format("position decides: requests{} that its regular expressions describe may be described by those of {} "
                  "too; the policy with the smallest position gets them",
                  host.empty() ? "" : " to " + host, others));
}

Value code_of(const model::L7Policy& policy) {
  switch (policy.action) {
    case model::L7Action::kListener:
      return model::kListenerRedirectCode;
    case model::L7Action::kUrl:
    case model::L7Action::kPrefix:
      return policy.redirect_http_code.value_or(model::kUrlRedirectCode);
    case model::L7Action::kPool:
    case model::L7Action::kReject:
      break;
  }
  return {};
}

}  // namespace

void set_l7(Value& out, const model::Listener& listener) {
  Value headers = Value::object();
  for (const auto& [name, value] : listener.http.insert_headers) headers.set(name, value);
  out.set("insert_headers", std::move(headers));
  set_times(out, listener);
  set_rates(out, listener);
  set_tls(out, listener);
}

Value encode(const model::L7Policy& policy, const Relations& relations, const ShownStatus& status) {
  Value out = start(policy);
  out.set("description", policy.description).set("listener_id", policy.listener_id);
  out.set("action", std::string(to_string(policy.action))).set("position", policy.position);
  out.set("redirect_pool_id", id_or_null(policy.redirect_pool_id));
  out.set("redirect_listener_id", id_or_null(policy.redirect_listener_id));
  out.set("redirect_url", text_or_null(policy.redirect_url));
  out.set("redirect_prefix", text_or_null(policy.redirect_prefix));
  out.set("redirect_http_code", code_of(policy)).set("rules", references(relations.rules_of(policy.id)));
  out.set("warnings", warnings_value(policy, relations));
  finish(out, policy, status);
  return out;
}

Value encode(const model::L7Rule& rule, const Relations& relations, const ShownStatus& status) {
  Value out = start(rule);
  out.set("description", rule.description).set("type", std::string(to_string(rule.type)));
  out.set("compare_type", std::string(to_string(rule.compare))).set("invert", rule.invert);
  out.set("key", text_or_null(rule.key)).set("value", rule.value).set("l7policy_id", rule.l7policy_id);
  const auto policy = relations.model().l7policies.find(rule.l7policy_id);
  const bool regex = rule.compare == model::RuleCompare::kRegex && policy != relations.model().l7policies.end();
  out.set("warnings", regex ? warnings_value(*policy->second, relations) : Value::array());
  finish(out, rule, status);
  return out;
}

Value encode(const model::Certificate& certificate, const Relations&, const ShownStatus& status) {
  Value out = start(certificate);
  out.set("description", certificate.description).set("type", std::string(to_string(certificate.type)));
  out.set("domain", text_or_null(certificate.domain)).set("certificate", certificate.certificate);
  out.set("expire_time", vendor_time(certificate.expires_at));
  out.set("create_time", vendor_time(certificate.created_at)).set("update_time", vendor_time(certificate.updated_at));
  finish(out, certificate, status);
  return out;
}

}  // namespace elb::codec
