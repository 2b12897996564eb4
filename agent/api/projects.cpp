// SPDX-License-Identifier: Apache-2.0
// /v1/projects: whom tokens may belong to. Objects name their project freely; a project goes only when it has neither
// objects nor tokens left.
#include "api/handlers.h"
#include "api/list_query.h"
#include "base/clock.h"
#include "codec/identity.h"
#include "identity/quotas.h"

namespace elb::api {
namespace {

using codec::Value;

Value project_value(const identity::Project& project) {
  Value out = Value::object();
  out.set("id", project.id).set("name", project.name).set("description", project.description);
  return std::move(out.set("created_at", format_utc(WallTime(std::chrono::seconds(project.created_at)))));
}

}  // namespace

Result<Reply> list_projects(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  std::vector<Value> items;
  for (const identity::Project& project : (*directory)->projects()) items.push_back(project_value(project));
  auto list = render_list(request, {"projects", project_value({}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_project(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto wanted = codec::decode_project(*body);
  if (!wanted) return pass_on(wanted.error());
  const auto made = (*directory)->add({wanted->id, wanted->name, wanted->description, 0});
  if (!made) return pass_on(made.error());
  return Reply{201, Value().set("project", project_value(*made))};
}

Result<Reply> show_project(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const auto project = (*directory)->find_project(request.ids[0]);
  if (!project) return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", request.ids[0]));
  return Reply{200, Value().set("project", project_value(*project))};
}

Result<Reply> delete_project(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const std::string& id = request.ids[0];
  const View view = context.view();
  for (const identity::QuotaKind& kind : identity::kQuotaKinds)
    if (const int64_t left = identity::count(view.model(), kind.kind, id); left > 0)
      return fail(ErrorCode::kConflict,
                  fmt::format("cannot delete project {}: it still has {} {}s", id, left, model::to_string(kind.kind)));
  if (Status status = (*directory)->remove_project(id); !status) return pass_on(status.error());
  return Reply{204, {}};
}

}  // namespace elb::api
