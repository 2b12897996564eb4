// SPDX-License-Identifier: Apache-2.0
// The few things elbctl needs of URLs: taking an endpoint apart and encoding names into paths and queries (RFC 3986).
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/failure.h"

namespace elb::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Url {
  std::string host;  // without brackets
  uint16_t port = 80;
  std::string prefix;  // "" or "/load-balancer", no slash at the end

  std::string to_string() const;
};

/// "http://host[:port][/prefix]"; a usage failure says what is wrong with anything else.
Outcome<Url> parse_endpoint(std::string_view text);

/// Percent-encodes everything but the unreserved characters.
std::string percent_encode(std::string_view text);

/// path?key=value&...; the path is taken as it is.
std::string with_query(std::string_view path, const Query& query);

}  // namespace elb::cli
