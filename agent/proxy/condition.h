// SPDX-License-Identifier: Apache-2.0
// Condition: one l7rule that no table answers, asked by itself. Hosts are compared without case, all else with it. A
// path's regex has to match the whole of it (FP-06), other regexes any part, as Octavia's do. A header rule holds if
// one of the headers of that name does. File type: what follows the last dot of the path's last segment.
// Thread rule: immutable.
#pragma once

#include <optional>

#include "proxy/regex.h"
#include "proxy/router.h"

namespace elb::proxy {

/// Value of a path rule in the form that requests have (url.h), so that "/a%7eb" means "/a~b"; as it stands if it has
/// none, such as a prefix that ends within an escape.
std::string normal_path_value(const model::SnapshotRule& rule);

class Condition {
 public:
  /// kInvalid: the regex is refused.
  static Result<Condition> compile(const model::SnapshotRule& rule);

  /// `host` is in lower case.
  bool holds(const RouteRequest& request, std::string_view host) const { return found(request, host) != invert_; }

 private:
  bool found(const RouteRequest& request, std::string_view host) const;
  bool compare(std::string_view text) const;

  model::RuleType type_ = model::RuleType::kPath;
  model::RuleCompare compare_ = model::RuleCompare::kEqualTo;
  bool invert_ = false;
  std::string key_;
  http::HeaderId header_ = http::HeaderId::kOther;  // of key_
  std::string value_;
  std::optional<Regex> regex_;
};

}  // namespace elb::proxy
