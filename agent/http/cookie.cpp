// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include "http/char_class.h"

namespace elb::http {
namespace {

struct Pair {
  std::string_view name;
  std::string_view value;
};

// RFC 6265 5.2, steps 2 to 5: a pair without '=' is no cookie.
std::optional<Pair> split_pair(std::string_view text) {
  const size_t equal = text.find('=');
  if (equal == std::string_view::npos) return std::nullopt;
  return Pair{trim(text.substr(0, equal)), trim(text.substr(equal + 1))};
}

// Path and Domain: anything but what ends an attribute or a line (RFC 6265 4.1.1, av-octet).
bool is_attribute_value(std::string_view text) {
  return all(kFieldByte, text) && text.find(';') == std::string_view::npos;
}

std::string_view name_of(SameSite same_site) {
  switch (same_site) {
    case SameSite::kLax:
      return "Lax";
    case SameSite::kStrict:
      return "Strict";
    default:
      return "None";
  }
}

void put_attribute(std::string_view name, std::string_view value, OutBuffer& out) {
  out.put("; ");
  out.put(name);
  out.put('=');
  out.put(value);
}

}  // namespace

std::optional<std::string_view> find_cookie(std::string_view header_value, std::string_view name) {
  while (!header_value.empty()) {
    const size_t end = header_value.find(';');
    if (const auto pair = split_pair(header_value.substr(0, end)); pair && pair->name == name) return pair->value;
    header_value.remove_prefix(end == std::string_view::npos ? header_value.size() : end + 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(const HeaderTable& headers, std::string_view name) {
  if (!headers.has(HeaderId::kCookie)) return std::nullopt;
  for (const Header& header : headers) {
    if (header.id != HeaderId::kCookie) continue;
    if (const auto value = find_cookie(header.value, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_set_cookie(const HeaderTable& headers, std::string_view name) {
  std::optional<std::string_view> last;
  if (!headers.has(HeaderId::kSetCookie)) return last;
  for (const Header& header : headers) {
    if (header.id != HeaderId::kSetCookie) continue;
    const auto pair = split_pair(header.value.substr(0, header.value.find(';')));
    if (pair && pair->name == name) last = pair->value;
  }
  return last;
}

bool write_set_cookie(const SetCookie& cookie, OutBuffer& out) {
  if (cookie.name.empty() || !all(kToken, cookie.name) || !all(kCookieByte, cookie.value)) return false;
  if (!is_attribute_value(cookie.path) || !is_attribute_value(cookie.domain) || !is_attribute_value(cookie.expires))
    return false;
  if (cookie.max_age && cookie.max_age->count() < 0) return false;
  out.put(cookie.name);
  out.put('=');
  out.put(cookie.value);
  if (!cookie.path.empty()) put_attribute("Path", cookie.path, out);
  if (!cookie.domain.empty()) put_attribute("Domain", cookie.domain, out);
  if (!cookie.expires.empty()) put_attribute("Expires", cookie.expires, out);
  if (cookie.max_age) {
    out.put("; Max-Age=");
    out.put_number(static_cast<uint64_t>(cookie.max_age->count()));
  }
  if (cookie.secure) out.put("; Secure");
  if (cookie.http_only) out.put("; HttpOnly");
  if (cookie.same_site != SameSite::kUnset) put_attribute("SameSite", name_of(cookie.same_site), out);
  return out.fits();
}

}  // namespace elb::http
