// SPDX-License-Identifier: Apache-2.0
// Quotas of projects (LB-20). Objects without a project have quotas too: their project is called "none" in paths.
#include "identity/quotas.h"

#include <algorithm>
#include <set>

#include "api/handlers.h"
#include "api/list_query.h"
#include "codec/identity.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr std::string_view kNone = "none";

std::vector<std::string> names() {
  std::vector<std::string> all;
  all.reserve(std::size(identity::kQuotaKinds));
  for (const identity::QuotaKind& kind : identity::kQuotaKinds) all.emplace_back(kind.name);
  return all;
}

/// Whose quotas the path means. Another project's do not exist for a caller that is bound to one.
Result<std::string> project_of(const Context& context, const Request& request) {
  const std::string& word = request.ids[0];
  if (const auto bounds = context.project(); bounds && word != *bounds)
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", word));
  return word == kNone ? std::string() : word;
}

Value quota_value(const Context& context, const std::string& project) {
  return codec::encode_quotas(context.quotas(project));
}

}  // namespace

Result<Reply> list_quotas(Context& context, const Request& request) {
  const auto directory = context.directory();
  std::vector<std::string> projects;
  if (const auto bounds = context.project()) {
    projects.push_back(*bounds);
  } else if (directory) {
    projects = (*directory)->projects_with_quotas();
  }
  std::vector<Value> items;
  items.reserve(projects.size());
  for (const std::string& project : projects)
    items.push_back(quota_value(context, project).set("project_id", project).set("tenant_id", project));
  std::vector<std::string> fields = codec::encode_quotas(identity::default_quotas()).keys();
  fields.insert(fields.end(), {"project_id", "tenant_id"});
  auto list = render_list(request, {"quotas", std::move(fields)}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> show_default_quotas(Context& context, const Request&) {
  const auto directory = context.directory();
  const auto quotas = directory ? (*directory)->defaults() : identity::default_quotas();
  return Reply{200, Value().set("quota", codec::encode_quotas(quotas))};
}

Result<Reply> show_quotas(Context& context, const Request& request) {
  const auto project = project_of(context, request);
  if (!project) return pass_on(project.error());
  auto item = select_fields(request, quota_value(context, *project));
  if (!item) return pass_on(item.error());
  return Reply{200, Value().set("quota", std::move(*item))};
}

Result<Reply> update_quotas(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto project = project_of(context, request);
  if (!project) return pass_on(project.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto changes = codec::decode_quotas(*body, names(), identity::kQuotaMax);
  if (!changes) return pass_on(changes.error());
  const identity::Quotas defaults = (*directory)->defaults();
  identity::Quotas some;
  for (const auto& [name, most] : *changes) some[name] = most ? *most : defaults.at(name);
  if (Status status = (*directory)->set_quotas(*project, some); !status) return pass_on(status.error());
  return Reply{202, Value().set("quota", quota_value(context, *project))};
}

Result<Reply> reset_quotas(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto project = project_of(context, request);
  if (!project) return pass_on(project.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  if (Status status = (*directory)->reset_quotas(*project); !status) return pass_on(status.error());
  return Reply{204, {}};
}

}  // namespace elb::api
