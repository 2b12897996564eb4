// SPDX-License-Identifier: Apache-2.0
// As much of Keystone's API as clients need to log in (docs/api.md): the password is a token of ours, and the token
// that they get is the same one, narrowed to the project they asked for. The catalog leads back to this server.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "api/handlers.h"
#include "base/clock.h"

namespace elb::api {
namespace {

using codec::Value;
using identity::Caller;
using identity::Role;

constexpr std::string_view kRegion = "RegionOne";

std::vector<std::string> roles_of(Role role) {
  switch (role) {
    case Role::kAdmin:
      return {"admin", "member", "reader", "load-balancer_admin"};
    case Role::kMember:
      return {"member", "reader", "load-balancer_member"};
    case Role::kObserver:
      return {"reader", "load-balancer_observer"};
    case Role::kQuotaAdmin:
      return {"load-balancer_quota_admin"};
  }
  return {};
}

Value domain_value() { return Value().set("id", "default").set("name", "Default"); }

Value role_value(std::string_view name) { return Value().set("id", name).set("name", name); }

Value identity_project_value(const identity::Project& project) {
  Value out = Value::object();
  out.set("id", project.id).set("name", project.name).set("description", project.description);
  out.set("domain_id", "default").set("parent_id", "default").set("enabled", true).set("is_domain", false);
  return std::move(out.set("tags", Value::array()));
}

Value service_value(std::string_view type, std::string_view name, const std::string& url) {
  Value endpoints = Value::array();
  for (const std::string_view interface : {"public", "internal", "admin"}) {
    Value endpoint = Value::object();
    endpoint.set("id", fmt::format("{}-{}", name, interface)).set("interface", interface).set("region", kRegion);
    endpoints.push(std::move(endpoint.set("region_id", kRegion).set("url", url)));
  }
  Value out = Value::object();
  out.set("id", name).set("type", type).set("name", name).set("endpoints", std::move(endpoints));
  return out;
}

std::string time_text(WallTime time) { return format_utc(time) + ".000000Z"; }

/// The project as a client is told of it; objects without one have "none".
identity::Project project_of(Context& context, const Caller& caller) {
  const auto directory = context.directory();
  const auto found = directory ? (*directory)->find_project(caller.project_id) : std::nullopt;
  return found ? *found : identity::Project{"none", "none", "", 0};
}

Value token_value(Context& context, const Request& request, const Caller& caller) {
  const WallTime now = context.clock().wall();
  const identity::Project project = project_of(context, caller);
  Value user = Value::object();
  user.set("id", caller.user_id).set("name", caller.user_name).set("domain", domain_value());
  user.set("password_expires_at", Value());
  Value roles = Value::array();
  for (const std::string& role : roles_of(caller.role)) roles.push(role_value(role));
  Value catalog = Value::array();
  catalog.push(service_value("load-balancer", "octavia", request.base_url + "/load-balancer"));
  catalog.push(service_value("network", "neutron", request.base_url));
  catalog.push(service_value("elb", "elb", request.base_url));
  catalog.push(service_value("identity", "keystone", request.base_url + "/identity/v3"));
  Value token = Value::object();
  token.set("methods", Value::array().push("password")).set("user", std::move(user)).set("is_domain", false);
  token.set("project", Value().set("id", project.id).set("name", project.name).set("domain", domain_value()));
  token.set("roles", std::move(roles)).set("catalog", std::move(catalog)).set("audit_ids", Value::array().push("elb"));
  token.set("issued_at", time_text(now)).set("expires_at", time_text(now + std::chrono::hours(24)));
  return Value().set("token", std::move(token));
}

Reply keystone_error(int status, std::string_view message,
                     std::vector<std::pair<std::string, std::string>> headers = {}) {
  Value error = Value::object();
  error.set("code", status).set("title", status == 401 ? "Unauthorized" : "Bad Request").set("message", message);
  return {status, Value().set("error", std::move(error)), std::move(headers)};
}

Reply answer(const Refusal& refusal) {
  return keystone_error(refusal.status, refusal.error.to_string(), refusal.headers);
}

/// What is shown as password, secret or token; empty if nothing is.
std::string secret_of(const Value& identity) {
  for (const Value& secret : {identity.get("password").get("user").get("password"),
                              identity.get("application_credential").get("secret"), identity.get("token").get("id")})
    if (secret.is_string()) return secret.as_string();
  return {};
}

}  // namespace

Result<Reply> identity_version(Context&, const Request& request) {
  Value links = Value::array();
  links.push(Value().set("rel", "self").set("href", request.base_url + "/identity/v3/"));
  Value media = Value::array();
  media.push(Value().set("base", "application/json").set("type", "application/vnd.openstack.identity-v3+json"));
  Value version = Value::object();
  version.set("id", "v3.14").set("status", "stable").set("updated", "2020-04-07T00:00:00Z");
  version.set("links", std::move(links)).set("media-types", std::move(media));
  return Reply{200, Value().set("version", std::move(version))};
}

Result<Reply> identity_login(Context& context, const Request& request) {
  const auto body = request.json();
  if (!body) return keystone_error(400, body.error().to_string());
  const Value auth = body->get("auth");
  std::string secret = secret_of(auth.get("identity"));
  if (secret.empty())
    return keystone_error(400, "auth.identity: a password, an application credential's secret or a token is required");
  auto caller = context.gate().check(request.http.peer, secret);
  if (!caller) return answer(caller.error());
  const Value wanted = auth.get("scope").get("project");
  const std::string word = wanted.has("id") ? wanted.get("id").as_string() : wanted.get("name").as_string();
  if (!word.empty() && word != "none") {
    const auto directory = context.directory();
    const auto project = directory ? (*directory)->find_project(word) : std::nullopt;
    if (!project || (caller->bound() && project->id != caller->project_id))
      return keystone_error(401, fmt::format("project {} does not exist, or is not that of the token", word));
    if (!caller->bound() && secret.find('@') == std::string::npos) secret += "@" + project->id;
    caller->project_id = project->id;
  }
  return Reply{201, token_value(context, request, *caller), {{"X-Subject-Token", secret}}};
}

Result<Reply> identity_token(Context& context, const Request& request) {
  const std::string& subject = request.http.subject_token;
  const auto caller = context.gate().check(request.http.peer, subject);
  if (!caller) return answer(caller.error());
  return Reply{200, token_value(context, request, *caller), {{"X-Subject-Token", subject}}};
}

Result<Reply> identity_projects(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const std::string name = request.query("name");
  Value projects = Value::array();
  for (const identity::Project& project : (*directory)->projects()) {
    const auto bounds = context.project();
    if (bounds && project.id != *bounds) continue;
    if (name.empty() || project.name == name) projects.push(identity_project_value(project));
  }
  return Reply{200, Value().set("projects", std::move(projects)).set("links", Value::object())};
}

Result<Reply> identity_project(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const auto project = (*directory)->find_project(request.ids[0]);
  const auto bounds = context.project();
  if (!project || (bounds && project->id != *bounds))
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", request.ids[0]));
  return Reply{200, Value().set("project", identity_project_value(*project))};
}

Result<Reply> identity_roles(Context&, const Request&) {
  Value roles = Value::array();
  for (const std::string& role : roles_of(Role::kAdmin)) roles.push(role_value(role));
  for (const std::string_view role : {"load-balancer_member", "load-balancer_observer", "load-balancer_quota_admin"})
    roles.push(role_value(role));
  return Reply{200, Value().set("roles", std::move(roles)).set("links", Value::object())};
}

Result<Reply> identity_role(Context&, const Request& request) {
  return Reply{200, Value().set("role", role_value(request.ids[0]))};
}

Result<Reply> identity_assignments(Context& context, const Request&) {
  const Caller& caller = context.caller();
  const identity::Project project = project_of(context, caller);
  Value assignments = Value::array();
  for (const std::string& role : roles_of(caller.role)) {
    Value item = Value::object();
    item.set("role", role_value(role)).set("user", Value().set("id", caller.user_id).set("name", caller.user_name));
    item.set("scope", Value().set("project", Value().set("id", project.id).set("name", project.name)));
    assignments.push(std::move(item.set("links", Value::object())));
  }
  return Reply{200, Value().set("role_assignments", std::move(assignments)).set("links", Value::object())};
}

}  // namespace elb::api
