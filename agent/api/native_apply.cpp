// SPDX-License-Identifier: Apache-2.0
// POST /v1/apply and GET /v1/export: the configuration of a project as one document (docs/apply.md).
#include <fmt/core.h>

#include <optional>

#include "api/applier.h"
#include "api/change_report.h"
#include "api/document_export.h"
#include "api/native_handlers.h"

namespace elb::api {
namespace {

using codec::Value;

Result<bool> flag(const Request& request, std::string_view key) {
  if (!request.has_query(key)) return false;
  const std::string value = request.query(key);
  if (value == "true" || value == "True" || value == "1" || value.empty()) return true;
  if (value == "false" || value == "False" || value == "0") return false;
  return invalid(std::string(key), fmt::format("must be true or false, got '{}'", value.substr(0, 80)));
}

Result<Prune> prune_of(const Request& request) {
  const std::string value = request.query("prune");
  if (value == "all") return Prune::kAll;
  const auto on = flag(request, "prune");
  if (!on) return invalid("prune", fmt::format("must be true, all or false, got '{}'", value.substr(0, 80)));
  return *on ? Prune::kNamed : Prune::kNone;
}

/// The revision that the caller has seen a plan of, if it says so.
Result<std::optional<uint64_t>> base_of(const Request& request) {
  if (!request.has_query("base_revision")) return std::nullopt;
  const auto number = parse_revision(request.query("base_revision"), "base_revision");
  if (!number) return pass_on(number.error());
  return *number;
}

template <class T>
void copy_part(const model::Model& from, const std::string& project, model::Model& to) {
  for (const auto& [id, resource] : from.table<T>())
    if (resource->project_id == project) to.table<T>().emplace_hint(to.table<T>().end(), id, resource);
}

/// What the project has of the newest model.
std::shared_ptr<const codec::Relations> relations_of(const Context& context, const std::string& project) {
  const auto all = context.view().relations;
  if (context.caller().bound()) return all;  // a bound caller's view is of its project
  auto part = std::make_shared<model::Model>();
  part->revision = all->model().revision;
  copy_part<model::LoadBalancer>(all->model(), project, *part);
  copy_part<model::Listener>(all->model(), project, *part);
  copy_part<model::Pool>(all->model(), project, *part);
  copy_part<model::Member>(all->model(), project, *part);
  copy_part<model::HealthMonitor>(all->model(), project, *part);
  copy_part<model::Eip>(all->model(), project, *part);
  copy_part<model::Certificate>(all->model(), project, *part);
  copy_part<model::L7Policy>(all->model(), project, *part);
  copy_part<model::L7Rule>(all->model(), project, *part);
  return std::make_shared<const codec::Relations>(std::move(part));
}

}  // namespace

Result<std::string> project_of(const Context& context, const Request& request) {
  const std::string own = context.caller().project_id;
  if (!request.has_query("project_id")) return own;
  std::string asked = request.query("project_id");
  if (context.caller().bound() && asked != own)
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", asked.substr(0, 80)), "project_id");
  return asked;
}

Result<Reply> apply_document(Context& context, const Request& request) {
  if (Status status = request.only_queries({"dry_run", "prune", "project_id", "base_revision"}); !status)
    return pass_on(status.error());
  const auto dry_run = flag(request, "dry_run");
  if (!dry_run) return pass_on(dry_run.error());
  const auto prune = prune_of(request);
  if (!prune) return pass_on(prune.error());
  const auto project = project_of(context, request);
  if (!project) return pass_on(project.error());
  const auto base = base_of(request);
  if (!base) return pass_on(base.error());
  if (request.http.body.empty()) return invalid("", "the body is empty, a JSON document is required");
  const auto document = Value::parse(request.http.body, kDocumentBytes);
  if (!document) return pass_on(document.error());

  std::vector<PlanEntry> plan;
  std::vector<Error> errors;
  size_t unchanged = 0;
  bool passed = false;  // a dry run
  const Status done = context.write([&](control::Draft& draft) -> Status {
    if (!context.caller().bound()) draft.bind_to(*project);  // the document's bounds, whoever applies it
    const auto present = relations_of(context, *project);
    if (Status status = check_base(*base, present->model().revision); !status) return status;
    Applier applier(draft, present, *prune, context.clock().wall());
    applier.run(*document);
    errors = applier.take_errors();
    unchanged = applier.unchanged();
    if (errors.empty())
      if (Status status = model::validate(draft.model()); !status) errors.push_back(applier.placed(status.error()));
    if (context.caller().bound())
      for (Error& error : errors) error = without_foreign_ids(std::move(error), present->model(), request.http.body);
    if (!errors.empty()) return pass_on(errors.front());
    plan = plan_of(present->model(), draft.model(), draft.changes(), applier.notes());
    return *dry_run ? judge(context, present->model(), draft, passed) : Status();
  });
  if (!done && errors.size() > 1) return refusal(errors);
  if (!done && !passed) return pass_on(done.error());

  Value changes = Value::array();
  for (const PlanEntry& entry : plan) changes.push(encode(entry));
  Value body = Value::object();
  body.set("dry_run", *dry_run).set("revision", context.view().model().revision);
  body.set("summary", summary_of(plan).set("unchanged", unchanged)).set("changes", std::move(changes));
  return Reply{200, std::move(body)};
}

Result<Reply> export_document(Context& context, const Request& request) {
  if (Status status = request.only_queries({"project_id", "load_balancer", "ids"}); !status)
    return pass_on(status.error());
  const auto project = project_of(context, request);
  if (!project) return pass_on(project.error());
  const auto ids = flag(request, "ids");
  if (!ids) return pass_on(ids.error());
  std::vector<std::string> wanted;
  for (const auto& [key, value] : request.http.query)
    if (key == "load_balancer") wanted.push_back(value);
  auto document = make_document(*relations_of(context, *project), wanted, *ids);
  if (!document) return pass_on(document.error());
  return Reply{200, std::move(*document)};
}

}  // namespace elb::api
