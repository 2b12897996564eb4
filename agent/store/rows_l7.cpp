// SPDX-License-Identifier: Apache-2.0
// Rows of what only HTTP and HTTPS have. Lists lie in one column as text: they are read and written as a whole, and
// nobody asks SQL for an entry.
#include <algorithm>
#include <charconv>

#include "store/row_parts.h"
#include "store/rows.h"

namespace elb::store {
namespace {

/// Calls `each` with the pieces between the commas; an empty text has none.
template <class Each>
void split(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    each(piece);
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
  }
}

std::string join(const std::vector<model::Id>& ids) {
  std::string text;
  for (const model::Id& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

/// "X-Forwarded-For=replace,X-Forwarded-Port=false": names and values that validate() knows have neither sign.
std::string join(const std::map<std::string, std::string>& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  return text;
}

/// Three texts for each page, every one behind its length: a body may hold any mark.
std::string join(const std::vector<model::ErrorPage>& pages) {
  std::string text;
  const auto put = [&text](const std::string& piece) { text += fmt::format("{}:{}", piece.size(), piece); };
  for (const model::ErrorPage& page : pages) {
    put(page.status);
    put(page.content_type);
    put(page.body);
  }
  return text;
}

Status read_error_pages(std::string_view text, std::vector<model::ErrorPage>& pages) {
  bool whole = true;
  const auto take = [&] {
    size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const auto at = static_cast<size_t>(end - text.data());
    whole = whole && error == std::errc() && at < text.size() && text[at] == ':' && size < text.size() - at;
    if (!whole) return std::string();
    const std::string piece(text.substr(at + 1, size));
    text.remove_prefix(at + 1 + size);
    return piece;
  };
  while (whole && !text.empty()) {
    model::ErrorPage page;
    page.status = take();
    page.content_type = take();
    page.body = take();
    pages.push_back(std::move(page));
  }
  return whole ? Status() : unreadable("error_pages", text.substr(0, 80));
}

}  // namespace

void bind_l7(Statement& row, const model::Listener& listener) {
  const model::ListenerTls& tls = listener.tls;
  const model::ListenerHttp& http = listener.http;
  row.bind_optional(tls.certificate_id).bind(join(tls.sni_ids)).bind_optional(tls.client_ca_id);
  row.bind(int64_t{tls.verify_clients}).bind(int64_t{tls.http2}).bind(tls.policy).bind(join(http.insert_headers));
  row.bind_optional(wide(http.client_data_ms)).bind_optional(wide(http.member_connect_ms));
  row.bind_optional(wide(http.member_data_ms)).bind_optional(wide(http.request_rate));
  row.bind_optional(wide(http.request_burst)).bind_optional(wide(http.body_rate)).bind(join(http.proxy_trusted));
  row.bind(join(http.error_pages)).bind_optional(wide(http.trace_sampling));
}

Status read_l7(Statement& row, model::Listener& listener) {
  model::ListenerTls& tls = listener.tls;
  model::ListenerHttp& http = listener.http;
  tls.certificate_id = row.optional_text();
  split(row.text(), [&](std::string_view id) { tls.sni_ids.emplace_back(id); });
  tls.client_ca_id = row.optional_text();
  tls.verify_clients = row.integer() != 0;
  tls.http2 = row.integer() != 0;
  tls.policy = row.text();
  split(row.text(), [&](std::string_view pair) {
    const size_t sign = std::min(pair.find('='), pair.size());
    http.insert_headers[std::string(pair.substr(0, sign))] = pair.substr(std::min(sign + 1, pair.size()));
  });
  http.client_data_ms = narrow(row.optional_integer());
  http.member_connect_ms = narrow(row.optional_integer());
  http.member_data_ms = narrow(row.optional_integer());
  http.request_rate = narrow(row.optional_integer());
  http.request_burst = narrow(row.optional_integer());
  http.body_rate = narrow(row.optional_integer());
  if (auto status = split("proxy_trusted", row.text(), http.proxy_trusted); !status) return status;
  if (auto status = read_error_pages(row.text(), http.error_pages); !status) return status;
  http.trace_sampling = narrow(row.optional_integer());
  return {};
}

void Rows<model::Certificate>::bind(Statement& row, const model::Certificate& certificate) {
  row.bind(to_string(certificate.type))
      .bind(certificate.domain)
      .bind(certificate.certificate)
      .bind(certificate.private_key)
      .bind(certificate.expires_at);
}

Status Rows<model::Certificate>::read(Statement& row, model::Certificate& certificate) {
  if (auto status = read_word(row, "type", model::parse_certificate_type, certificate.type); !status) return status;
  certificate.domain = row.text();
  certificate.certificate = row.text();
  certificate.private_key = row.text();
  certificate.expires_at = row.integer();
  return {};
}

void Rows<model::L7Policy>::bind(Statement& row, const model::L7Policy& policy) {
  row.bind(policy.listener_id)
      .bind(to_string(policy.action))
      .bind(int64_t{policy.position})
      .bind(policy.sequence)
      .bind_optional(policy.redirect_pool_id)
      .bind_optional(policy.redirect_listener_id)
      .bind(policy.redirect_url)
      .bind(policy.redirect_prefix)
      .bind_optional(wide(policy.redirect_http_code));
}

Status Rows<model::L7Policy>::read(Statement& row, model::L7Policy& policy) {
  policy.listener_id = row.text();
  if (auto status = read_word(row, "action", model::parse_l7_action, policy.action); !status) return status;
  policy.position = static_cast<int>(row.integer());
  policy.sequence = row.integer();
  policy.redirect_pool_id = row.optional_text();
  policy.redirect_listener_id = row.optional_text();
  policy.redirect_url = row.text();
  policy.redirect_prefix = row.text();
  policy.redirect_http_code = narrow(row.optional_integer());
  return {};
}

void Rows<model::L7Rule>::bind(Statement& row, const model::L7Rule& rule) {
  row.bind(rule.l7policy_id)
      .bind(to_string(rule.type))
      .bind(to_string(rule.compare))
      .bind(int64_t{rule.invert})
      .bind(rule.key)
      .bind(rule.value);
}

Status Rows<model::L7Rule>::read(Statement& row, model::L7Rule& rule) {
  rule.l7policy_id = row.text();
  if (auto status = read_word(row, "type", model::parse_rule_type, rule.type); !status) return status;
  if (auto status = read_word(row, "compare_type", model::parse_rule_compare, rule.compare); !status) return status;
  rule.invert = row.integer() != 0;
  rule.key = row.text();
  rule.value = row.text();
  return {};
}

}  // namespace elb::store
