// SPDX-License-Identifier: Apache-2.0
// POST /v1/rollback: the configuration as it was at a revision, as a new one (docs/history.md).
#include <fmt/core.h>

#include "api/change_report.h"
#include "api/native_handlers.h"
#include "api/past.h"

namespace elb::api {
namespace {

using codec::Value;

struct WantedRollback {
  uint64_t revision = 0;
  bool dry_run = false;
  std::optional<uint64_t> base;
  std::optional<std::string> project_id;
};

Result<std::optional<uint64_t>> number_in(const Value& body, std::string_view key) {
  if (!body.has(key)) return std::nullopt;
  const auto number = body.get(key).integer();
  if (!number || *number < 0) return invalid(std::string(key), "must be the number of a revision");
  return static_cast<uint64_t>(*number);
}

Result<WantedRollback> read_wanted(const Request& request) {
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  if (!body->is_object()) return invalid("", "the body must be an object such as {\"revision\": 7}");
  for (const std::string& key : body->keys())
    if (key != "revision" && key != "dry_run" && key != "base_revision" && key != "project_id")
      return invalid(key.substr(0, 80), "is unknown; there are revision, dry_run, base_revision and project_id");
  WantedRollback wanted;
  const auto revision = number_in(*body, "revision");
  if (!revision) return pass_on(revision.error());
  if (!*revision) return invalid("revision", "is required: the number of the revision to go back to");
  wanted.revision = **revision;
  const auto base = number_in(*body, "base_revision");
  if (!base) return pass_on(base.error());
  wanted.base = *base;
  if (const Value dry_run = body->get("dry_run"); body->has("dry_run")) {
    if (dry_run.type() != Value::Type::kBool) return invalid("dry_run", "must be true or false");
    wanted.dry_run = dry_run.as_bool();
  }
  if (const Value project = body->get("project_id"); body->has("project_id")) {
    if (!project.is_string()) return invalid("project_id", "must be the id of a project");
    wanted.project_id = project.as_string();
  }
  return wanted;
}

/// The ids that the caller knows of: those of its own objects of the past.
std::string ids_of(const std::vector<store::Past>& pasts) {
  std::string ids;
  for (const store::Past& past : pasts) ids += past.id + ' ';
  return ids;
}

/// What an attempt comes to.
struct Outcome {
  std::vector<PlanEntry> plan;
  std::vector<Error> errors;
  size_t unchanged = 0;
  bool passed = false;  // of a dry run
};

Status attempt(Context& context, const WantedRollback& wanted, const std::optional<std::string>& project,
               control::Draft& draft, Outcome& out) {
  const auto history = context.history();
  if (!history) return pass_on(history.error());
  if (project) draft.bind_to(*project);
  const model::Model before = draft.model();  // shares all objects
  if (Status status = check_base(wanted.base, before.revision); !status) return status;
  const auto pasts = (*history)->at(wanted.revision, project);
  if (!pasts) return pass_on(below("revision", pasts.error()));
  out.errors = bring_back(draft, *pasts);
  if (out.errors.empty())
    if (Status status = model::validate(draft.model()); !status) out.errors.push_back(status.error());
  if (context.caller().bound()) {
    const auto known = context.view();
    const std::string ids = ids_of(*pasts);
    for (Error& error : out.errors) error = without_foreign_ids(std::move(error), known.model(), ids);
  }
  if (!out.errors.empty()) return pass_on(out.errors.front());
  out.plan = plan_of(before, draft.model(), draft.changes());
  out.unchanged = pasts->size() - out.plan.size();
  return wanted.dry_run ? judge(context, before, draft, out.passed) : Status();
}

}  // namespace

Result<Reply> roll_back(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto wanted = read_wanted(request);
  if (!wanted) return pass_on(wanted.error());
  const auto project = bounds_of(context, wanted->project_id);
  if (!project) return pass_on(project.error());

  Outcome outcome;
  const Status done =
      context.write([&](control::Draft& draft) { return attempt(context, *wanted, *project, draft, outcome); });
  if (!done && outcome.errors.size() > 1) return refusal(outcome.errors);
  if (!done && !outcome.passed) return pass_on(done.error());

  Value changes = Value::array();
  for (const PlanEntry& entry : outcome.plan) changes.push(encode(entry));
  Value body = Value::object();
  body.set("dry_run", wanted->dry_run).set("to", wanted->revision).set("revision", context.view().model().revision);
  body.set("summary", summary_of(outcome.plan).set("unchanged", outcome.unchanged)).set("changes", std::move(changes));
  return Reply{200, std::move(body)};
}

}  // namespace elb::api
