// SPDX-License-Identifier: Apache-2.0
// Bodies of projects, tokens and quotas. Roles and the names of quotas are the caller's to judge: codec does not know
// them. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace elb::codec {

struct NewToken {
  std::string name;
  std::string project_id;
  std::string role;
  std::optional<int64_t> expires_at;  // seconds since 1970
};
/// {"token": {...}}; expires_at is "2026-11-28T12:00:00", UTC.
Result<NewToken> decode_token(const Value& body);

struct NewProject {
  std::string id;  // empty: to be made up
  std::string name;
  std::string description;
};
Result<NewProject> decode_project(const Value& body);

/// What a PUT of quotas says of each: a number, or nothing for the default. Old spellings (load_balancer,
/// health_monitor) are accepted; given twice they must agree.
using QuotaChanges = std::map<std::string, std::optional<int64_t>>;
Result<QuotaChanges> decode_quotas(const Value& body, const std::vector<std::string>& names, int64_t max);

/// {"loadbalancer": 50, ...} with both spellings.
Value encode_quotas(const std::map<std::string, int64_t, std::less<>>& quotas);

/// "2026-11-28T12:00:00", with a Z or without; empty for anything else.
std::optional<int64_t> parse_utc(std::string_view text);

}  // namespace elb::codec
