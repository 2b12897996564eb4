// SPDX-License-Identifier: Apache-2.0
// Caller: on whose behalf a request is served, and what that one may do (GEN-11). Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elb::identity {

enum class Role : uint8_t {
  kAdmin,       // everything, in all projects
  kMember,      // reads and writes its project
  kObserver,    // reads its project
  kQuotaAdmin,  // the quotas of all projects, and nothing else
};

std::string_view to_string(Role role);  // "quota-admin"
std::optional<Role> parse_role(std::string_view text);

/// What a route asks of its callers.
enum class Access : uint8_t {
  kPublic,   // nothing: version documents, login
  kProject,  // objects of projects: to read observer, to write member
  kQuota,    // to read any role, to write quota-admin
  kNode,     // facts of the node or of all projects: to read a role that is bound to no project, to write admin
  kAdmin,    // admin, to read too
};

struct Caller {
  Role role = Role::kObserver;
  std::string user_id;     // of the token; "uid:1000" at the Unix socket; "loopback"
  std::string user_name;   // for people
  std::string project_id;  // empty: bound to no project
  bool operator==(const Caller&) const = default;

  /// Whether it is kept within its project.
  bool bound() const { return role != Role::kAdmin && role != Role::kQuotaAdmin && !project_id.empty(); }
  /// Whether it may do this at all; which objects it sees there is another question.
  bool may(Access access, bool writes) const;
};

}  // namespace elb::identity
