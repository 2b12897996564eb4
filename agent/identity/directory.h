// SPDX-License-Identifier: Apache-2.0
// Directory: projects, tokens and quotas, in memory and written through to the store. A token is shown once, when it is
// made; what stays is its hash, and comparing takes the same time wherever the difference is.
// Thread rule: any thread; one lock, held over a write of the store.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "identity/caller.h"
#include "identity/quotas.h"
#include "store/identity_store.h"
#include "tls/keyed_hash.h"

namespace elb::identity {

using Project = store::ProjectRow;

struct Token {
  std::string id;
  std::string name;
  std::string project_id;  // empty: bound to none
  Role role = Role::kObserver;
  int64_t created_at = 0;
  std::optional<int64_t> expires_at;  // seconds since 1970; empty: never
};

struct IssuedToken {
  Token token;
  std::string secret;  // what the client shows; nowhere else to be had
};

class Directory {
 public:
  /// `defaults`: the quotas of projects that have none of their own.
  static Result<std::unique_ptr<Directory>> open(std::unique_ptr<store::IdentityStore> store, Quotas defaults,
                                                 const Clock& clock, Random& random);

  /// Empty: no such token, or it has expired.
  std::optional<Caller> authenticate(std::string_view secret) const;

  /// `id` and `created_at` are filled in. kNotFound: no such project. kInvalid: a member without a project, a time that
  /// has passed.
  Result<IssuedToken> issue(Token wanted);
  Status revoke(const std::string& id);
  std::vector<Token> tokens() const;

  /// An empty id is made up. kConflict: the id or the name is taken.
  Result<Project> add(Project project);
  /// kConflict while tokens belong to it.
  Status remove_project(const std::string& id);
  std::vector<Project> projects() const;
  /// By id, else by name.
  std::optional<Project> find_project(std::string_view word) const;

  Quotas defaults() const { return defaults_; }
  /// Those in force.
  Quotas quotas(const std::string& project_id) const;
  std::vector<std::string> projects_with_quotas() const;
  /// Changes some, or resets all to the defaults.
  Status set_quotas(const std::string& project_id, const Quotas& some);
  Status reset_quotas(const std::string& project_id);

 private:
  struct Stored {
    Token token;
    std::string hash;
  };
  Directory(std::unique_ptr<store::IdentityStore> store, Quotas defaults, const Clock& clock, Random& random);
  Status load();
  std::string hash_of(std::string_view secret) const;
  std::string hex(size_t words) const;
  int64_t now() const;
  const Project* find_locked(std::string_view word) const;

  const std::unique_ptr<store::IdentityStore> store_;
  const Quotas defaults_;
  const Clock& clock_;
  Random& random_;
  const tls::KeyedHash hash_;
  mutable std::mutex mutex_;
  std::map<std::string, Stored, std::less<>> tokens_;
  std::map<std::string, Project, std::less<>> projects_;
  std::map<std::string, std::map<std::string, int64_t>> quotas_;
};

}  // namespace elb::identity
