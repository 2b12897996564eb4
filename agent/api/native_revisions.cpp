// SPDX-License-Identifier: Apache-2.0
// GET /v1/revisions, /v1/revisions/N and /v1/diff: what changed, when and by whom (docs/history.md).
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "api/change_report.h"
#include "api/native_handlers.h"
#include "api/past.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kRevisionsMax = 1000, kRevisionsShown = 100;
constexpr size_t kChangesMax = 10'000, kChangesShown = 1000;

Result<size_t> limit_of(const Request& request, size_t usual, size_t most) {
  if (!request.has_query("limit")) return usual;
  const std::string text = request.query("limit");
  size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= most) return limit;
  return invalid("limit", fmt::format("must be 1 to {}, got '{}'", most, text.substr(0, 80)));
}

std::optional<std::string> asked_project(const Request& request) {
  return request.has_query("project_id") ? std::optional(request.query("project_id")) : std::nullopt;
}

Value revision_value(const store::Revision& revision) {
  const store::Origin& origin = revision.origin;
  Value out = Value::object();
  out.set("number", revision.number);
  out.set("time", format_utc(WallTime(std::chrono::milliseconds(origin.time_ms))));
  out.set("user", Value().set("id", origin.user_id).set("name", origin.user_name));
  out.set("project_id", origin.project_id.empty() ? Value() : Value(origin.project_id));
  out.set("call", origin.call.empty() ? Value() : Value(origin.call)).set("changes", revision.changes);
  return out;
}

/// The page of `plan` that the query asks for, and where the next begins, into `out`.
Status add_changes(const Request& request, const std::vector<PlanEntry>& plan, const model::Model& before,
                   const model::Model& after, Value& out) {
  const auto limit = limit_of(request, kChangesShown, kChangesMax);
  if (!limit) return pass_on(limit.error());
  size_t at = 0;
  if (request.has_query("marker")) {
    const std::string marker = request.query("marker");
    while (at < plan.size() && plan[at].id != marker) ++at;
    if (at == plan.size()) return invalid("marker", "must be the id of an object that is in the list");
    ++at;
  }
  Value changes = Value::array();
  const size_t end = std::min(plan.size(), at + *limit);
  for (; at < end; ++at) changes.push(encode_whole(plan[at], before, after));
  out.set("summary", summary_of(plan)).set("changes", std::move(changes));
  out.set("marker", end < plan.size() && end > 0 ? Value(plan[end - 1].id) : Value());
  return {};
}

/// What leads from one revision to a later or an earlier one.
Status add_difference(Context& context, const Request& request, const std::optional<std::string>& project,
                      uint64_t from, uint64_t to, Value& out) {
  const auto history = context.history();
  if (!history) return pass_on(history.error());
  const auto relations = context.view().relations;  // before the history: it may be older, the history never
  const auto at_from = (*history)->at(from, project);
  if (!at_from) return pass_on(below("from", at_from.error()));
  const auto at_to = (*history)->at(to, project);
  if (!at_to) return pass_on(below("to", at_to.error()));
  if (const uint64_t newest = std::max(from, to); newest > relations->model().revision)  // stored, and not shown yet
    return fail(ErrorCode::kUnavailable, fmt::format("revision {} is just being made; try again", newest));
  const model::Model before = model_at(relations->model(), *at_from), after = model_at(relations->model(), *at_to);
  const auto changes = changes_between(before, after, from < to ? *at_from : *at_to);
  return add_changes(request, plan_of(before, after, changes), before, after, out);
}

}  // namespace

Result<std::optional<std::string>> bounds_of(const Context& context, const std::optional<std::string>& asked) {
  const auto own = context.project();
  if (!own) return asked;
  if (asked && *asked != *own)
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", asked->substr(0, 80)), "project_id");
  return own;
}

Result<Reply> list_revisions(Context& context, const Request& request) {
  if (Status status = request.only_queries({"limit", "marker", "project_id"}); !status) return pass_on(status.error());
  const auto history = context.history();
  if (!history) return pass_on(history.error());
  const auto project = bounds_of(context, asked_project(request));
  if (!project) return pass_on(project.error());
  const auto limit = limit_of(request, kRevisionsShown, kRevisionsMax);
  if (!limit) return pass_on(limit.error());
  store::RevisionFilter filter{.project_id = *project, .limit = *limit};
  if (request.has_query("marker")) {
    const auto marker = parse_revision(request.query("marker"), "marker");
    if (!marker) return pass_on(marker.error());
    filter.before = *marker;
  }
  const auto found = (*history)->list(filter);
  if (!found) return pass_on(found.error());
  Value revisions = Value::array();
  for (const store::Revision& one : *found) revisions.push(revision_value(one));
  Value meta = Value::object();
  meta.set("count", found->size()).set("marker", found->size() < *limit ? Value() : Value(found->back().number));
  return Reply{200, Value().set("revisions", std::move(revisions)).set("meta_data", std::move(meta))};
}

Result<Reply> show_revision(Context& context, const Request& request) {
  if (Status status = request.only_queries({"limit", "marker", "project_id"}); !status) return pass_on(status.error());
  const auto history = context.history();
  if (!history) return pass_on(history.error());
  const auto number = parse_revision(request.ids[0], "revision");
  if (!number) return pass_on(number.error());
  const auto project = bounds_of(context, asked_project(request));
  if (!project) return pass_on(project.error());
  const auto found = (*history)->find(*number, *project);
  if (!found) return pass_on(found.error());
  Value out = revision_value(*found);
  const uint64_t before = found->changes == 0 ? *number : *number - 1;  // 0: the history begins there
  if (Status status = add_difference(context, request, *project, before, *number, out); !status)
    return pass_on(status.error());
  return Reply{200, Value().set("revision", std::move(out))};
}

Result<Reply> diff_revisions(Context& context, const Request& request) {
  if (Status status = request.only_queries({"from", "to", "limit", "marker", "project_id"}); !status)
    return pass_on(status.error());
  if (!request.has_query("from")) return invalid("from", "is required: the number of a revision");
  const auto from = parse_revision(request.query("from"), "from");
  if (!from) return pass_on(from.error());
  const auto to = request.has_query("to") ? parse_revision(request.query("to"), "to")
                                          : Result<uint64_t>(context.view().model().revision);
  if (!to) return pass_on(to.error());
  const auto project = bounds_of(context, asked_project(request));
  if (!project) return pass_on(project.error());
  Value out = Value::object();
  out.set("from", *from).set("to", *to);
  if (Status status = add_difference(context, request, *project, *from, *to, out); !status)
    return pass_on(status.error());
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
