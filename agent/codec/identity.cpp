// SPDX-License-Identifier: Apache-2.0
#include "codec/identity.h"

#include <time.h>  // strptime, timegm

#include <array>

#include "codec/fields.h"

namespace elb::codec {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOldSpellings = {
    {{"loadbalancer", "load_balancer"}, {"healthmonitor", "health_monitor"}}};

/// Of a project: what may stand in a path and in a URL as it is.
bool is_plain_name(std::string_view text) {
  return text.size() <= 64 && text.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.") == std::string_view::npos;
}

}  // namespace

std::optional<int64_t> parse_utc(std::string_view text) {
  struct tm time {};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr || (*end != '\0' && std::string_view(end) != "Z")) return std::nullopt;
  return static_cast<int64_t>(::timegm(&time));
}

Result<NewToken> decode_token(const Value& body) {
  const auto object = open_envelope(body, "token");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  NewToken token;
  std::string expires;
  fields.line("name", token.name).line("project_id", token.project_id).require("role").line("role", token.role);
  fields.line("expires_at", expires);
  if (!expires.empty()) {
    token.expires_at = parse_utc(expires);
    if (!token.expires_at)
      fields.fail(ErrorCode::kInvalid, "expires_at",
                  fmt::format("must be YYYY-MM-DDTHH:MM:SS (UTC), got '{}'", expires));
  }
  if (token.name.size() > 255) fields.fail(ErrorCode::kInvalid, "name", "must have at most 255 bytes");
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return token;
}

Result<NewProject> decode_project(const Value& body) {
  const auto object = open_envelope(body, "project");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  NewProject project;
  fields.line("id", project.id).require("name").line("name", project.name).line("description", project.description);
  if (!is_plain_name(project.id) || project.id == "none" || project.id == "defaults")
    fields.fail(ErrorCode::kInvalid, "id",
                "must be at most 64 letters, digits, '-', '_' and '.', not none or defaults");
  if (project.name.empty() || project.name.size() > 255)
    fields.fail(ErrorCode::kInvalid, "name", "must have 1 to 255 bytes");
  if (project.description.size() > 255) fields.fail(ErrorCode::kInvalid, "description", "must have at most 255 bytes");
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return project;
}

Result<QuotaChanges> decode_quotas(const Value& body, const std::vector<std::string>& names, int64_t max) {
  const auto object = open_envelope(body, "quota");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  QuotaChanges changes;
  const auto read = [&](const std::string& name, const std::string& key) {
    if (!fields.given(key)) return;
    int64_t most = -1;
    fields.integer<int64_t>(key, most, -1, max, -1);
    const std::optional<int64_t> value = fields.given_not_null(key) ? std::optional(most) : std::nullopt;
    const auto [at, fresh] = changes.emplace(name, value);
    if (!fresh && at->second != value) fields.fail(ErrorCode::kInvalid, key, "must be the same as " + name);
  };
  for (const std::string& name : names) {
    read(name, name);
    for (const auto& [word, old] : kOldSpellings)
      if (word == name) read(name, std::string(old));
  }
  // Kinds of the contract that we have no objects of; "any number" costs nothing.
  fields.neutral("ipgroup", {"-1"}).neutral("security_policy", {"-1"}).neutral("project_id").neutral("tenant_id");
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return changes;
}

Value encode_quotas(const std::map<std::string, int64_t, std::less<>>& quotas) {
  Value out = Value::object();
  for (const auto& [name, most] : quotas) {
    out.set(name, most);
    for (const auto& [word, old] : kOldSpellings)
      if (word == name) out.set(old, most);
  }
  return out;
}

}  // namespace elb::codec
