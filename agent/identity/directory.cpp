// SPDX-License-Identifier: Apache-2.0
// A token reads "elb_ID_SECRET": ID finds its hash, SECRET is 256 random bits, so that a plain hash is as good as a
// slow one. The hash's key is no secret; it only keeps the hash from being that of anything else.
#include "identity/directory.h"

#include <algorithm>

namespace elb::identity {
namespace {

constexpr std::string_view kPrefix = "elb_";
constexpr size_t kIdDigits = 16;
constexpr size_t kSecretWords = 4;
constexpr std::string_view kHashKey = "elb api token, version 1";

tl::unexpected<Error> no_token(const std::string& id) {
  return fail(ErrorCode::kNotFound, fmt::format("token {} does not exist", id));
}

tl::unexpected<Error> no_project(const std::string& id, std::string field = {}) {
  return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", id), std::move(field));
}

/// The ID in the text of a token; empty if it is none.
std::string_view id_of(std::string_view secret) {
  const size_t expected = kPrefix.size() + kIdDigits + 1 + kSecretWords * 16;
  if (secret.size() != expected || !secret.starts_with(kPrefix)) return {};
  return secret.substr(kPrefix.size(), kIdDigits);
}

}  // namespace

Directory::Directory(std::unique_ptr<store::IdentityStore> store, Quotas defaults, const Clock& clock, Random& random)
    : store_(std::move(store)),
      defaults_(std::move(defaults)),
      clock_(clock),
      random_(random),
      hash_({reinterpret_cast<const uint8_t*>(kHashKey.data()), kHashKey.size()}) {}

Result<std::unique_ptr<Directory>> Directory::open(std::unique_ptr<store::IdentityStore> store, Quotas defaults,
                                                   const Clock& clock, Random& random) {
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<Directory> directory(new Directory(std::move(store), std::move(defaults), clock, random));
  if (Status status = directory->load(); !status) return pass_on(status.error());
  return directory;
}

Status Directory::load() {
  auto all = store_->load();
  if (!all) return pass_on(all.error());
  for (store::ProjectRow& project : all->projects) {
    std::string id = project.id;
    projects_.emplace(std::move(id), std::move(project));
  }
  for (store::TokenRow& row : all->tokens) {
    const auto role = parse_role(row.role);
    if (!role)
      return fail(ErrorCode::kStorage, fmt::format("the store has a token with role '{}', which this elb-agent does "
                                                   "not know",
                                                   row.role));
    Token token{row.id, std::move(row.name), std::move(row.project_id), *role, row.created_at, row.expires_at};
    tokens_.emplace(row.id, Stored{std::move(token), std::move(row.hash)});
  }
  quotas_ = std::move(all->quotas);
  return {};
}

std::string Directory::hash_of(std::string_view secret) const {
  std::string text;
  for (const uint8_t byte : hash_.digest({secret})) text += fmt::format("{:02x}", byte);
  return text;
}

std::string Directory::hex(size_t words) const {
  std::string text;
  for (size_t i = 0; i < words; ++i) text += fmt::format("{:016x}", random_.next());
  return text;
}

int64_t Directory::now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
}

std::optional<Caller> Directory::authenticate(std::string_view secret) const {
  const std::string_view id = id_of(secret);
  const std::string hash = hash_of(secret);  // before the look-up: an unknown id takes as long as a wrong secret
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(id);
  const std::string nothing(hash.size(), '0');
  const bool right = tls::equal_secrets(found == tokens_.end() ? nothing : found->second.hash, hash);
  if (found == tokens_.end() || !right) return std::nullopt;
  const Token& token = found->second.token;
  if (token.expires_at && *token.expires_at <= now()) return std::nullopt;
  return Caller{token.role, token.id, token.name, token.project_id};
}

Result<IssuedToken> Directory::issue(Token wanted) {
  const std::lock_guard lock(mutex_);
  if (!wanted.project_id.empty()) {
    const Project* project = find_locked(wanted.project_id);
    if (project == nullptr) return no_project(wanted.project_id, "project_id");
    wanted.project_id = project->id;
  } else if (wanted.role == Role::kMember) {
    return invalid("project_id", "is required for a member");
  }
  if (wanted.expires_at && *wanted.expires_at <= now()) return invalid("expires_at", "has passed");
  wanted.id = hex(1);
  wanted.created_at = now();
  IssuedToken issued{wanted, fmt::format("{}{}_{}", kPrefix, wanted.id, hex(kSecretWords))};
  const std::string hash = hash_of(issued.secret);
  const store::TokenRow row{wanted.id, wanted.name,       wanted.project_id, std::string(to_string(wanted.role)),
                            hash,      wanted.created_at, wanted.expires_at};
  if (Status status = store_->add(row); !status) return pass_on(status.error());
  tokens_.emplace(wanted.id, Stored{wanted, hash});
  return issued;
}

Status Directory::revoke(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!tokens_.contains(id)) return no_token(id);
  if (Status status = store_->remove_token(id); !status) return status;
  tokens_.erase(id);
  return {};
}

std::vector<Token> Directory::tokens() const {
  const std::lock_guard lock(mutex_);
  std::vector<Token> all;
  for (const auto& [id, stored] : tokens_) all.push_back(stored.token);
  return all;
}

const Project* Directory::find_locked(std::string_view word) const {
  if (const auto found = projects_.find(word); found != projects_.end()) return &found->second;
  for (const auto& [id, project] : projects_)
    if (project.name == word) return &project;
  return nullptr;
}

Result<Project> Directory::add(Project project) {
  const std::lock_guard lock(mutex_);
  if (project.name.empty()) return invalid("name", "is required");
  if (project.id.empty()) project.id = hex(2);
  if (const Project* there = find_locked(project.id); there != nullptr)
    return fail(ErrorCode::kConflict, fmt::format("'{}' is project {} already", project.id, there->id), "id");
  if (const Project* there = find_locked(project.name); there != nullptr)
    return fail(ErrorCode::kConflict, fmt::format("'{}' is project {} already", project.name, there->id), "name");
  project.created_at = now();
  if (Status status = store_->add(project); !status) return pass_on(status.error());
  projects_.emplace(project.id, project);
  return project;
}

Status Directory::remove_project(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!projects_.contains(id)) return no_project(id);
  const auto users = std::count_if(tokens_.begin(), tokens_.end(),
                                   [&](const auto& entry) { return entry.second.token.project_id == id; });
  if (users > 0)
    return fail(ErrorCode::kConflict, fmt::format("cannot delete project {}: {} tokens belong to it", id, users));
  if (Status status = store_->remove_project(id); !status) return status;
  projects_.erase(id);
  quotas_.erase(id);
  return {};
}

std::vector<Project> Directory::projects() const {
  const std::lock_guard lock(mutex_);
  std::vector<Project> all;
  for (const auto& [id, project] : projects_) all.push_back(project);
  return all;
}

std::optional<Project> Directory::find_project(std::string_view word) const {
  const std::lock_guard lock(mutex_);
  const Project* found = find_locked(word);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Quotas Directory::quotas(const std::string& project_id) const {
  Quotas quotas = defaults_;
  const std::lock_guard lock(mutex_);
  if (const auto own = quotas_.find(project_id); own != quotas_.end())
    for (const auto& [resource, most] : own->second) quotas[resource] = most;
  return quotas;
}

std::vector<std::string> Directory::projects_with_quotas() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [project, quotas] : quotas_) all.push_back(project);
  return all;
}

Status Directory::set_quotas(const std::string& project_id, const Quotas& some) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, int64_t> next;
  if (const auto own = quotas_.find(project_id); own != quotas_.end()) next = own->second;
  for (const auto& [resource, most] : some) next[resource] = most;
  if (Status status = store_->set_quotas(project_id, next); !status) return status;
  quotas_[project_id] = std::move(next);
  return {};
}

Status Directory::reset_quotas(const std::string& project_id) {
  const std::lock_guard lock(mutex_);
  if (Status status = store_->set_quotas(project_id, {}); !status) return status;
  quotas_.erase(project_id);
  return {};
}

}  // namespace elb::identity
