// SPDX-License-Identifier: Apache-2.0
// Cookies (RFC 6265): finding one by name in requests and in members' responses, and writing Set-Cookie.
// Reading is lenient as section 5 asks, because cookies are the member's business; writing is strict.
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/header_table.h"
#include "http/out_buffer.h"

namespace elb::http {

/// Value of the first cookie of this name in a Cookie header's value. Names are compared with case. Quotes are part of
/// a value.
std::optional<std::string_view> find_cookie(std::string_view header_value, std::string_view name);

/// The same over all Cookie headers of a request.
std::optional<std::string_view> find_cookie(const HeaderTable& headers, std::string_view name);

/// Value of the last Set-Cookie of this name: what the client will send, unless the attributes end it at once.
std::optional<std::string_view> find_set_cookie(const HeaderTable& headers, std::string_view name);

enum class SameSite : uint8_t { kUnset, kLax, kStrict, kNone };

struct SetCookie {
  std::string_view name;   // token
  std::string_view value;  // cookie-octets
  std::string_view path = "/";
  std::string_view domain;                      // empty: this host only
  std::optional<std::chrono::seconds> max_age;  // none: until the browser closes
  std::string_view expires;                     // HttpDate; empty: none. For clients that do not know Max-Age
  bool secure = false;
  bool http_only = false;
  SameSite same_site = SameSite::kUnset;
};

/// The value of a Set-Cookie header. False, and nothing written, if a part holds what may not stand there; false too if
/// `out` is too small.
bool write_set_cookie(const SetCookie& cookie, OutBuffer& out);

}  // namespace elb::http
