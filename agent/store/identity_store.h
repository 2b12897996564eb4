// SPDX-License-Identifier: Apache-2.0
// IdentityStore: where projects, tokens and quotas are durable: tables beside the configuration's in the same file,
// over a connection of their own, so that they are no part of the model and its revisions. Of a token only its hash is
// there. Thread rule: calls are serialised by the caller (identity::Directory).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace elb::store {

struct ProjectRow {
  std::string id;
  std::string name;
  std::string description;
  int64_t created_at = 0;  // seconds since 1970
};

struct TokenRow {
  std::string id;
  std::string name;
  std::string project_id;  // empty: of all projects
  std::string role;
  std::string hash;  // 64 hex digits
  int64_t created_at = 0;
  std::optional<int64_t> expires_at;
};

struct Identities {
  std::vector<ProjectRow> projects;
  std::vector<TokenRow> tokens;
  std::map<std::string, std::map<std::string, int64_t>> quotas;  // project -> resource -> most
};

class IdentityStore {
 public:
  virtual ~IdentityStore() = default;

  virtual Result<Identities> load() = 0;
  virtual Status add(const ProjectRow& project) = 0;
  virtual Status add(const TokenRow& token) = 0;
  virtual Status remove_project(const std::string& id) = 0;  // with its quotas
  virtual Status remove_token(const std::string& id) = 0;
  /// Replaces what the project has; empty: the defaults.
  virtual Status set_quotas(const std::string& project_id, const std::map<std::string, int64_t>& quotas) = 0;
};

/// `path` as for open_sqlite(), which must have opened (and migrated) it before.
Result<std::unique_ptr<IdentityStore>> open_identities(const std::string& path);

}  // namespace elb::store
