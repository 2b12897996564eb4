// SPDX-License-Identifier: Apache-2.0
// What only HTTP and HTTPS listeners have. Which of it goes with which protocol is the model's to say.
#include <fmt/core.h>

#include <algorithm>

#include "base/random.h"
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_sni(Fields& fields, model::ListenerTls& tls) {
  Value list;
  fields.array("sni_container_refs", list);
  if (!fields.ok() || !fields.given("sni_container_refs")) return;
  tls.sni_ids.clear();
  for (size_t i = 0; i < list.size(); ++i) {
    const auto id = certificate_id(list.at(i).as_string());
    if (!id) {
      fields.fail(ErrorCode::kInvalid, fmt::format("sni_container_refs[{}]", i),
                  fmt::format("must be the id of a certificate, got {}", list.at(i).dump().substr(0, 80)));
      return;
    }
    tls.sni_ids.push_back(*id);
  }
}

/// The vendor's authority alone switches it on; Octavia has a word for it. What is said last counts.
void read_client_authentication(Fields& fields, model::ListenerTls& tls) {
  read_certificate_ref(fields, "client_ca_tls_container_ref", tls.client_ca_id);
  if (fields.ok() && fields.given("client_ca_tls_container_ref")) tls.verify_clients = tls.client_ca_id.has_value();
  if (!fields.given_not_null("client_authentication")) {
    fields.neutral("client_authentication");
    return;
  }
  std::string word;
  fields.word("client_authentication", word, {"NONE", "MANDATORY"}, {"OPTIONAL"});
  if (fields.ok()) tls.verify_clients = word == "MANDATORY";
}

/// http2_enable, or Octavia's list of protocols that are offered. HTTP/1.1 always is.
void read_http2(Fields& fields, model::ListenerTls& tls) {
  fields.flag("http2_enable", tls.http2, false);
  Value list;
  fields.array("alpn_protocols", list);
  if (!fields.ok() || list.is_null()) return;
  bool http2 = false;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string word = list.at(i).as_string();
    http2 = http2 || word == "h2";
    if (word == "h2" || word == "http/1.1" || word == "http/1.0") continue;
    fields.fail(ErrorCode::kInvalid, fmt::format("alpn_protocols[{}]", i),
                fmt::format("must be h2, http/1.1 or http/1.0, got {}", list.at(i).dump().substr(0, 80)));
    return;
  }
  if (fields.given_not_null("http2_enable") && http2 != tls.http2) {
    fields.fail(ErrorCode::kInvalid, "alpn_protocols", "must not say something else than http2_enable");
    return;
  }
  tls.http2 = http2;
}

void read_tls_policy(Fields& fields, model::ListenerTls& tls) {
  if (!fields.given_not_null("tls_ciphers_policy")) {
    fields.neutral("tls_ciphers_policy");
    if (fields.given("tls_ciphers_policy")) tls.policy.clear();
    return;
  }
  fields.word("tls_ciphers_policy", tls.policy, {"tls-1-0", "tls-1-1", "tls-1-2", "tls-1-2-strict"},
              {"tls-1-0-inherit"});
}

/// {"X-Forwarded-For": "true"}; Octavia takes booleans as well.
void read_insert_headers(Fields& fields, std::map<std::string, std::string>& headers) {
  Value object;
  fields.object("insert_headers", object);
  if (!fields.ok() || !fields.given("insert_headers")) return;
  headers.clear();
  for (const std::string& name : object.keys()) {
    const Value value = object.get(name);
    if (name.starts_with("X-SSL-Client-")) {
      fields.fail(ErrorCode::kUnsupported, "insert_headers." + name, std::string(kNotSupported));
      return;
    }
    if (!value.is_string() && value.type() != Value::Type::kBool) {
      fields.fail(ErrorCode::kInvalid, "insert_headers." + name, "expected a string or a boolean");
      return;
    }
    headers[name] = value.text();
  }
}

/// The whole list, replaced at once; [] and null take all away.
void read_error_pages(Fields& fields, std::vector<model::ErrorPage>& pages) {
  Value list;
  fields.array("error_pages", list);
  if (!fields.ok() || !fields.given("error_pages")) return;
  pages.clear();
  for (size_t i = 0; i < list.size() && fields.ok(); ++i) {
    Fields inner(list.at(i), fmt::format("{}[{}]", fields.path_of("error_pages"), i));
    model::ErrorPage page{"", "text/html; charset=utf-8", ""};
    inner.require("status").line("status", page.status);
    inner.line("content_type", page.content_type);
    inner.require("body").text("body", page.body);
    if (Status status = inner.finish(); !status) fields.adopt(status.error());
    pages.push_back(std::move(page));
  }
  std::ranges::sort(pages, {}, &model::ErrorPage::status);
}

}  // namespace

std::optional<model::Id> certificate_id(std::string_view reference) {
  if (const size_t slash = reference.rfind('/'); slash != std::string_view::npos) reference.remove_prefix(slash + 1);
  if (!is_uuid(reference)) return std::nullopt;
  model::Id id(reference);
  std::erase(id, '-');
  std::ranges::transform(id, id.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return id;
}

void read_certificate_ref(Fields& fields, std::string_view key, std::optional<model::Id>& out) {
  std::string text;
  fields.line(key, text);
  if (!fields.ok() || !fields.given(key)) return;
  out.reset();
  if (text.empty()) return;
  out = certificate_id(text);
  if (!out)
    fields.fail(ErrorCode::kInvalid, key,
                fmt::format("must be the id of a certificate, got {}", Value(text).dump().substr(0, 80)));
}

void read_l7(Fields& fields, model::Listener& listener) {
  model::ListenerTls& tls = listener.tls;
  model::ListenerHttp& http = listener.http;
  read_certificate_ref(fields, "default_tls_container_ref", tls.certificate_id);
  read_sni(fields, tls);
  read_client_authentication(fields, tls);
  read_http2(fields, tls);
  read_tls_policy(fields, tls);
  read_insert_headers(fields, http.insert_headers);
  read_optional(fields, "timeout_client_data", http.client_data_ms, 1, model::kHttpTimeoutMaxMs);
  read_optional(fields, "timeout_member_connect", http.member_connect_ms, 1, model::kHttpTimeoutMaxMs);
  read_optional(fields, "timeout_member_data", http.member_data_ms, 1, model::kHttpTimeoutMaxMs);
  read_optional(fields, "request_rate_limit", http.request_rate, 1, model::kRequestRateMax);
  read_optional(fields, "request_rate_burst", http.request_burst, 1, model::kRequestRateMax);
  read_optional(fields, "min_body_rate", http.body_rate, 0, model::kBodyRateMax);
  read_optional(fields, "trace_sampling", http.trace_sampling, 0, model::kTraceSamplingMax);
  fields.cidrs("proxy_protocol_trusted", http.proxy_trusted);
  read_error_pages(fields, http.error_pages);
  fields.neutral("timeout_tcp_inspect", {"0"}).neutral("client_crl_container_ref", {"\"\""});
  fields.neutral("tls_ciphers").neutral("tls_versions", {"[]"});
  fields.neutral("hsts_max_age").neutral("hsts_include_subdomains", {"false"}).neutral("hsts_preload", {"false"});
}

}  // namespace elb::codec
