// SPDX-License-Identifier: Apache-2.0
#include "logs/otlp_json.h"

#include <fmt/format.h>

#include <iterator>

#include "http/log_escape.h"

namespace elb::logs {

void OtlpJson::text(std::string_view value) {
  out += '"';
  http::append_json_text(out, value);
  out += '"';
}

void OtlpJson::attribute(std::string_view name, std::string_view type, std::string_view value, bool bare) {
  if (out.back() != '[') out += ',';
  out += "{\"key\":";
  text(name);
  fmt::format_to(std::back_inserter(out), ",\"value\":{{\"{}\":", type);
  if (bare) {
    out += value;
  } else {
    text(value);
  }
  out += "}}";
}

std::pair<std::string_view, std::string_view> split_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, {}};
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return {address, text.substr(colon + 1)};
}

}  // namespace elb::logs
