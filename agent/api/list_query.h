// SPDX-License-Identifier: Apache-2.0
// Lists: filters (any field; tags), fields=, sort, and pages with links, over encoded resources.
// Private to api. Thread rule: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "base/result.h"
#include "codec/value.h"

namespace elb::api {

struct ListSpec {
  std::string_view collection;                      // "listeners": the envelope, and the prefix of "listeners_links"
  std::vector<std::string> fields;                  // what an item has; anything else in the query is refused
  std::map<std::string, std::string> aliases = {};  // filter -> field that it is compared with
};

/// {"listeners": [...], "listeners_links": [...]}. Errors name the query parameter.
Result<codec::Value> render_list(const Request& request, const ListSpec& spec, std::vector<codec::Value> items);

/// `item` with only the fields that fields= asks for; everything without it.
Result<codec::Value> select_fields(const Request& request, codec::Value item);

/// "true"/"false" in any case; anything else is kInvalid.
Result<bool> parse_flag(std::string_view key, std::string_view text);

}  // namespace elb::api
