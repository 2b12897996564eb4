// SPDX-License-Identifier: Apache-2.0
#include "identity/caller.h"

#include <array>

namespace elb::identity {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"admin", "member", "observer", "quota-admin"};

}  // namespace

std::string_view to_string(Role role) { return kNames[static_cast<size_t>(role)]; }

std::optional<Role> parse_role(std::string_view text) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

bool Caller::may(Access access, bool writes) const {
  if (role == Role::kAdmin) return true;
  switch (access) {
    case Access::kPublic:
      return true;
    case Access::kProject:
      return role == Role::kMember || (role == Role::kObserver && !writes);
    case Access::kQuota:
      return role == Role::kQuotaAdmin || !writes;
    case Access::kNode:
      return role != Role::kQuotaAdmin && project_id.empty() && !writes;
    case Access::kAdmin:
      return false;
  }
  return false;
}

}  // namespace elb::identity
