// SPDX-License-Identifier: Apache-2.0
// What a resource of HTTP and HTTPS must satisfy by itself. Rules between them are in validate_l7_model.cpp.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "model/validate_parts.h"

namespace elb::model {
namespace {

constexpr std::array<std::string_view, 4> kTlsPolicies = {"tls-1-0", "tls-1-1", "tls-1-2", "tls-1-2-strict"};

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Neither blanks, control characters nor bytes beyond ASCII.
bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

template <class List>
bool contains(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != std::end(list);
}

/// The first of the TLS fields that is set; empty: none is.
std::string_view first_tls_field(const ListenerTls& tls) {
  if (tls.certificate_id) return "default_tls_container_ref";
  if (!tls.sni_ids.empty()) return "sni_container_refs";
  if (tls.client_ca_id) return "client_ca_tls_container_ref";
  if (tls.verify_clients) return "client_authentication";
  if (tls.http2) return "http2_enable";
  return tls.policy.empty() ? "" : "tls_ciphers_policy";
}

std::string_view first_http_field(const ListenerHttp& http) {
  if (!http.insert_headers.empty()) return "insert_headers";
  if (http.client_data_ms) return "timeout_client_data";
  if (http.member_connect_ms) return "timeout_member_connect";
  if (http.member_data_ms) return "timeout_member_data";
  if (http.request_rate) return "request_rate_limit";
  if (http.request_burst) return "request_rate_burst";
  if (http.body_rate) return "min_body_rate";
  if (http.trace_sampling) return "trace_sampling";
  if (!http.error_pages.empty()) return "error_pages";
  return http.proxy_trusted.empty() ? "" : "proxy_protocol_trusted";
}

Status check_tls(const ListenerTls& tls) {
  if (!tls.certificate_id)  // LS-06, TLS-11
    return invalid("default_tls_container_ref",
                   "is required: an HTTPS listener needs a server certificate (TLS that passes through to the members "
                   "is a TCP listener)");
  if (tls.verify_clients && !tls.client_ca_id)  // LS-08
    return invalid("client_authentication", "MANDATORY needs client_ca_tls_container_ref");
  if (tls.sni_ids.size() > kSniMax)
    return invalid("sni_container_refs",
                   fmt::format("at most {} certificates are allowed, got {}", kSniMax, tls.sni_ids.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < tls.sni_ids.size(); ++i)
    if (!seen.insert(tls.sni_ids[i]).second)
      return invalid(fmt::format("sni_container_refs[{}]", i), fmt::format("{} is given twice", tls.sni_ids[i]));
  if (!tls.policy.empty() && !contains(kTlsPolicies, tls.policy))
    return invalid("tls_ciphers_policy",
                   fmt::format("must be {}, is '{}'", fmt::join(kTlsPolicies, " or "), tls.policy));
  return {};
}

Status check_headers(const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    const std::string field = fmt::format("insert_headers.{}", name);
    const bool with_modes = name == kForwardedFor;
    if (!with_modes && name != kForwardedPort && name != kForwardedProto)
      return invalid(field, fmt::format("must be one of {}, {}, {}", kForwardedFor, kForwardedPort, kForwardedProto));
    if (value == "true" || value == "false") continue;
    if (with_modes && (value == "append" || value == "replace" || value == "remove")) continue;
    return invalid(field, fmt::format("must be true or false{}, is '{}'",
                                      with_modes ? ", or append, replace or remove" : "", value));
  }
  return {};
}

Status check_time(std::string_view field, const std::optional<int>& milliseconds) {
  return milliseconds ? check_range(field, *milliseconds, 1, kHttpTimeoutMaxMs) : Status();
}

/// An absolute URL of http or https that fits into a header as it is.
Status check_url(std::string_view field, std::string_view url) {
  if (url.empty()) return invalid(std::string(field), "is required for this action");
  if (url.size() > kRedirectMax)
    return invalid(std::string(field), fmt::format("must have at most {} bytes, has {}", kRedirectMax, url.size()));
  std::string_view rest = url;
  for (const std::string_view scheme : {"http://", "https://"})
    if (url.starts_with(scheme)) rest = url.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  constexpr std::string_view kRefused = "\"<>\\^`{|}";
  if (rest.size() == url.size() || authority.empty() || !is_visible(url) ||
      url.find_first_of(kRefused) != std::string_view::npos || authority.find('@') != std::string_view::npos)
    return invalid(std::string(field), fmt::format("must be a URL such as https://www.example.com/path, with escapes "
                                                   "for what is not ASCII, is '{}'",
                                                   url));
  return {};
}

Status check_absent(std::string_view field, bool given, L7Action action) {
  if (!given) return {};
  return invalid(std::string(field), fmt::format("does not belong to action {}", to_string(action)));
}

Status check_code(const L7Policy& policy) {
  if (!policy.redirect_http_code) return {};
  const int code = *policy.redirect_http_code;
  const bool redirects = policy.action == L7Action::kUrl || policy.action == L7Action::kPrefix;
  if (policy.action == L7Action::kListener && code == kListenerRedirectCode) return {};
  if (policy.action == L7Action::kListener)
    return invalid("redirect_http_code",
                   fmt::format("must be {} for REDIRECT_TO_LISTENER, is {}", kListenerRedirectCode, code));
  if (!redirects) return check_absent("redirect_http_code", true, policy.action);
  if (code == 301 || code == 302 || code == 303 || code == 307 || code == 308) return {};
  return invalid("redirect_http_code", fmt::format("must be 301, 302, 303, 307 or 308, is {}", code));
}

Status check_host_value(const L7Rule& rule) {
  const std::string_view value = rule.value;
  if (value.size() > kDomainMax)
    return invalid("value", fmt::format("a host name has at most {} characters, got {}", kDomainMax, value.size()));
  if (rule.compare == RuleCompare::kEqualTo && !is_host_name(value))  // FP-04
    return invalid("value", fmt::format("must be a host name of letters, digits, '-' and '.', beginning with a letter "
                                        "or digit, is '{}'",
                                        value));
  return {};
}

Status check_path_value(const L7Rule& rule) {
  if (auto status = check_text("value", rule.value, kPathMax); !status) return status;  // FP-05
  const bool whole = rule.compare == RuleCompare::kEqualTo || rule.compare == RuleCompare::kStartsWith;
  if (whole && !rule.value.starts_with('/'))
    return invalid("value", fmt::format("must begin with '/', is '{}'", rule.value));
  if (rule.compare != RuleCompare::kRegex && rule.value.find('?') != std::string::npos)
    return invalid("value", fmt::format("is compared with the path alone, which has no '?', is '{}'", rule.value));
  return {};
}

}  // namespace

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

namespace {

Status check_rates(const ListenerHttp& http) {
  if (http.request_rate)
    if (auto status = check_range("request_rate_limit", *http.request_rate, 1, kRequestRateMax); !status) return status;
  if (http.request_burst) {
    if (!http.request_rate) return invalid("request_rate_burst", "needs request_rate_limit");
    if (auto status = check_range("request_rate_burst", *http.request_burst, 1, kRequestRateMax); !status)
      return status;
  }
  if (http.trace_sampling)
    if (auto status = check_range("trace_sampling", *http.trace_sampling, 0, kTraceSamplingMax); !status) return status;
  if (http.body_rate) return check_range("min_body_rate", *http.body_rate, 0, kBodyRateMax);
  return {};
}

}  // namespace

bool is_host_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

Status check_error_pages(const std::vector<ErrorPage>& pages) {
  if (pages.size() > kErrorPagesMax)
    return invalid("error_pages", fmt::format("at most {} pages are allowed, got {}", kErrorPagesMax, pages.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < pages.size(); ++i) {
    const ErrorPage& page = pages[i];
    const auto field = [&](std::string_view name) { return fmt::format("error_pages[{}].{}", i, name); };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool known = page.status.size() == 3 && (page.status[0] == '4' || page.status[0] == '5');
    const bool one = known && is_digit(page.status[1]) && is_digit(page.status[2]);
    if (!one && !(known && page.status.substr(1) == "xx"))
      return invalid(field("status"),
                     fmt::format("must be a status from 400 to 599, 4xx or 5xx, is '{}'", page.status));
    if (!seen.insert(page.status).second)
      return invalid(field("status"), fmt::format("{} has a page already", page.status));
    if (page.body.empty() || page.body.size() > kErrorPageMax)
      return invalid(field("body"), fmt::format("must have 1 to {} bytes, has {}", kErrorPageMax, page.body.size()));
    const std::string& type = page.content_type;
    const auto is_text = [](char c) { return c >= 0x20 && c < 0x7F; };
    const size_t slash = type.find('/');
    if (type.size() > 100 || slash == 0 || slash >= type.size() - 1 || !std::ranges::all_of(type, is_text) ||
        type.front() == ' ' || type.back() == ' ')
      return invalid(field("content_type"), fmt::format("must be a media type such as text/html, is '{}'", type));
  }
  return {};
}

const ErrorPage* find_error_page(const std::vector<ErrorPage>& pages, uint16_t status) {
  const std::string exact = std::to_string(status);
  const ErrorPage* of_class = nullptr;
  for (const ErrorPage& page : pages) {
    if (page.status == exact) return &page;
    if (page.status[0] == exact[0] && page.status.ends_with("xx")) of_class = &page;
  }
  return of_class;
}

Status check_l7(const Listener& listener) {
  if (listener.protocol != Protocol::kHttps)
    if (const auto field = first_tls_field(listener.tls); !field.empty())  // LS-07, LS-08
      return invalid(std::string(field),
                     fmt::format("needs an HTTPS listener, this one is {}", to_string(listener.protocol)));
  if (!is_l7(listener.protocol))
    if (const auto field = first_http_field(listener.http); !field.empty())
      return invalid(std::string(field),
                     fmt::format("needs an HTTP or HTTPS listener, this one is {}", to_string(listener.protocol)));
  if (listener.protocol == Protocol::kHttps)
    if (auto status = check_tls(listener.tls); !status) return status;
  const ListenerHttp& http = listener.http;
  if (auto status = check_headers(http.insert_headers); !status) return status;
  if (auto status = check_time("timeout_client_data", http.client_data_ms); !status) return status;
  if (auto status = check_time("timeout_member_connect", http.member_connect_ms); !status) return status;
  if (auto status = check_time("timeout_member_data", http.member_data_ms); !status) return status;
  if (auto status = check_rates(http); !status) return status;
  if (http.proxy_trusted.size() > kWhitelistMax)
    return invalid("proxy_protocol_trusted",
                   fmt::format("at most {} blocks are allowed, got {}", kWhitelistMax, http.proxy_trusted.size()));
  return check_error_pages(http.error_pages);
}

Status validate(const Certificate& certificate) {
  if (auto status = check_common(certificate); !status) return status;
  if (certificate.certificate.empty()) return invalid("certificate", "is required");
  const bool server = certificate.type == CertificateType::kServer;
  if (server == certificate.private_key.empty())  // TLS-01
    return invalid("private_key", server ? "is required for a server certificate" : "belongs to server certificates");
  if (!server && !certificate.domain.empty()) return invalid("domain", "belongs to server certificates");
  return check_text("domain", certificate.domain, kDomainMax);
}

Status validate(const L7Policy& policy) {
  if (auto status = check_common(policy); !status) return status;
  if (auto status = check_range("position", policy.position, 1, kPositionMax); !status) return status;
  const L7Action action = policy.action;
  if (action == L7Action::kPool && !policy.redirect_pool_id)
    return invalid("redirect_pool_id", "is required for REDIRECT_TO_POOL");
  if (action == L7Action::kListener && !policy.redirect_listener_id)
    return invalid("redirect_listener_id", "is required for REDIRECT_TO_LISTENER");
  if (action != L7Action::kPool)
    if (auto status = check_absent("redirect_pool_id", policy.redirect_pool_id.has_value(), action); !status)
      return status;
  if (action != L7Action::kListener)
    if (auto status = check_absent("redirect_listener_id", policy.redirect_listener_id.has_value(), action); !status)
      return status;
  if (auto status = action == L7Action::kUrl ? check_url("redirect_url", policy.redirect_url)
                                             : check_absent("redirect_url", !policy.redirect_url.empty(), action);
      !status)
    return status;
  if (auto status = action == L7Action::kPrefix
                        ? check_url("redirect_prefix", policy.redirect_prefix)
                        : check_absent("redirect_prefix", !policy.redirect_prefix.empty(), action);
      !status)
    return status;
  return check_code(policy);
}

Status validate(const L7Rule& rule) {
  if (auto status = check_common(rule); !status) return status;
  const bool keyed = rule.type == RuleType::kHeader || rule.type == RuleType::kCookie;
  if (keyed && (!is_token(rule.key) || rule.key.size() > kRuleValueMax))
    return invalid("key", fmt::format("must be the name of a {}, is '{}'",
                                      rule.type == RuleType::kHeader ? "header" : "cookie", rule.key));
  if (!keyed && !rule.key.empty())
    return invalid("key", fmt::format("belongs to types HEADER and COOKIE, not to {}", to_string(rule.type)));
  if (rule.value.empty()) return invalid("value", "is required");
  const bool regex = rule.compare == RuleCompare::kRegex;
  if (rule.type == RuleType::kFileType && !regex && rule.compare != RuleCompare::kEqualTo)
    return invalid("compare_type",
                   fmt::format("must be EQUAL_TO or REGEX for FILE_TYPE, is {}", to_string(rule.compare)));
  if (auto status = check_text("value", rule.value, kRuleValueMax); !status) return status;
  if (!regex && rule.type != RuleType::kHeader && rule.value.find(' ') != std::string::npos)
    return invalid("value", fmt::format("must not contain blanks, is '{}'", rule.value));
  if (rule.type == RuleType::kHostName)
    if (auto status = check_host_value(rule); !status) return status;
  if (rule.type == RuleType::kPath)
    if (auto status = check_path_value(rule); !status) return status;
  return regex ? check_regex("value", rule.value) : Status();
}

}  // namespace elb::model
