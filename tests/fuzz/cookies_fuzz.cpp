// SPDX-License-Identifier: Apache-2.0
// Cookies and log escapes. Input: a name, a line feed, the rest. A cookie that is found lies where it should; a
// Set-Cookie that is written holds one line and is read back; whatever is logged stays one line and one string (S12).
#include <nlohmann/json.hpp>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/char_class.h"
#include "http/cookie.h"
#include "http/log_escape.h"

namespace elb::fuzz {
namespace {

std::string strip(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// RFC 6265 5.2 by copying.
std::optional<std::string> reference_cookie(std::string header, const std::string& name) {
  header += ';';
  for (size_t at = 0, end; (end = header.find(';', at)) != std::string::npos; at = end + 1) {
    const std::string pair = header.substr(at, end - at);
    const size_t equal = pair.find('=');
    if (equal != std::string::npos && strip(pair.substr(0, equal)) == name) return strip(pair.substr(equal + 1));
  }
  return std::nullopt;
}

void write_and_read(std::string_view name, std::string_view value, std::string_view input) {
  std::string memory(input.size() + 200, '\0');
  http::OutBuffer out(memory);
  http::SetCookie cookie;
  cookie.name = name;
  cookie.value = value;
  cookie.max_age = std::chrono::seconds(60);
  cookie.http_only = true;
  cookie.same_site = http::SameSite::kLax;
  if (!http::write_set_cookie(cookie, out)) {
    claim(out.written().empty(), "a refused cookie leaves nothing", input);
    return;
  }
  claim(http::all(http::kFieldByte, out.written()), "a cookie is one line", input);
  http::HeaderTable headers;
  headers.add(http::HeaderId::kSetCookie, "Set-Cookie", out.written());
  claim(http::find_set_cookie(headers, name) == value, "a cookie is read back", input);
}

void log(std::string_view input) {
  std::string text, json;
  http::append_log_text(text, input);
  claim(http::all(http::kFieldByte, text) && text.find('"') == std::string::npos, "log text", input);
  http::append_json_text(json, input);
  const auto parsed = nlohmann::json::parse(fmt::format("\"{}\"", json), nullptr, false);
  claim(parsed.is_string() && json.find('\n') == std::string::npos, "JSON text", input);
  if (const auto given =
          nlohmann::json(std::string(input)).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
      given == nlohmann::json(std::string(input)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    claim(parsed.get<std::string>() == input, "JSON text says what was given", input);
}

}  // namespace

void cookies(std::string_view input) {
  const size_t line = std::min(input.find('\n'), input.size());
  const Exactly name(input.substr(0, line));
  const Exactly value(input.substr(std::min(line + 1, input.size())));
  const auto found = http::find_cookie(value.view(), name.view());
  claim(found == reference_cookie(std::string(value.view()), std::string(name.view())),
        "finds what the reference finds", input);
  write_and_read(name.view(), value.view(), input);
  log(input);
}

}  // namespace elb::fuzz
