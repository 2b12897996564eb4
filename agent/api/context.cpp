// SPDX-License-Identifier: Apache-2.0
#include "api/context.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/lookup.h"
#include "base/random.h"

namespace elb::api {

std::string Request::query(std::string_view key) const {
  std::string found;
  for (const auto& [name, value] : http.query) {
    if (name == key) found = value;
  }
  return found;
}

bool Request::has_query(std::string_view key) const {
  return std::any_of(http.query.begin(), http.query.end(), [key](const auto& pair) { return pair.first == key; });
}

Status Request::only_queries(std::initializer_list<std::string_view> allowed) const {
  for (const auto& [name, value] : http.query) {
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      return invalid(name, fmt::format("unknown query parameter '{}'", name));
    }
  }
  return {};
}

Result<codec::Value> Request::json() const {
  if (http.body.empty()) return invalid("", "the body is empty, a JSON document is required");
  return codec::Value::parse(http.body);
}

codec::Dialect Request::dialect() const {
  return http.dialect == "octavia" ? codec::Dialect::kOctavia : codec::Dialect::kVendor;
}

ApiState::ApiState(const ApiOptions& given, control::ConfigService& config, const Views& all, const Clock& time,
                   Random& randomness)
    : options(given),
      service(config),
      views(all),
      clock(time),
      random(randomness),
      changes(config.model()->revision),
      gate(options, views.identities, clock) {}

std::string ApiState::new_request_id() const { return "req-" + new_uuid(random); }

namespace {

constexpr size_t kPartsMax = 64;  // projects whose part of the model is kept

template <class T>
void follow_part(const model::Model& before, const model::Model& after, const std::string& project,
                 model::Model& part) {
  model::Table<T>::differences(before.table<T>(), after.table<T>(),
                               [&](const model::Id& id, const auto& old, const auto& now) {
                                 if (now && now->project_id == project)
                                   part.table<T>()[id] = now;
                                 else if (old && old->project_id == project)
                                   part.table<T>().erase(id);
                               });
}

/// `part`, the project's of `before`, becomes the project's of `after`.
void follow_part(const model::Model& before, const model::Model& after, const std::string& project,
                 model::Model& part) {
  part.revision = after.revision;
  follow_part<model::LoadBalancer>(before, after, project, part);
  follow_part<model::Listener>(before, after, project, part);
  follow_part<model::Pool>(before, after, project, part);
  follow_part<model::Member>(before, after, project, part);
  follow_part<model::HealthMonitor>(before, after, project, part);
  follow_part<model::Eip>(before, after, project, part);
  follow_part<model::Certificate>(before, after, project, part);
  follow_part<model::L7Policy>(before, after, project, part);
  follow_part<model::L7Rule>(before, after, project, part);
}

/// What a conflict says of another project's objects is none of this one's business: ids it cannot know are cut out.
Error without_ids_beyond(const model::Model& part, const model::Model& whole, Error error) {
  constexpr std::string_view kIdCharacters = "0123456789abcdef-";
  if (error.code == ErrorCode::kNotFound) return error;  // tells only what was asked for
  for (size_t begin = 0; (begin = error.message.find_first_of(kIdCharacters, begin)) != std::string::npos;) {
    const size_t end = std::min(error.message.find_first_not_of(kIdCharacters, begin), error.message.size());
    const std::string word = error.message.substr(begin, end - begin);
    const bool foreign = has_id(whole, word) && !has_id(part, word);
    if (foreign) error.message.replace(begin, word.size(), "of another project");
    begin = foreign ? begin + 1 : end;
  }
  return error;
}

}  // namespace

std::shared_ptr<const codec::Relations> ApiState::relations(const std::optional<std::string>& project) const {
  const control::ModelPtr model = service.model();
  Part before;
  {
    const std::lock_guard lock(mutex_);
    if (const auto part = parts_.find(project); part != parts_.end()) before = part->second;
  }
  if (before.whole == model) return before.relations;
  const model::Model none;
  std::shared_ptr<const model::Model> seen = model;
  if (project) {  // costs what differs from what was seen last
    auto part = std::make_shared<model::Model>(before.relations ? before.relations->model() : none);
    follow_part(before.whole ? *before.whole : none, *model, *project, *part);
    seen = std::move(part);
  }
  const auto relations = before.relations ? std::make_shared<const codec::Relations>(seen, *before.relations)
                                          : std::make_shared<const codec::Relations>(seen);
  const std::lock_guard lock(mutex_);
  if (parts_.size() >= kPartsMax) parts_.clear();
  parts_[project] = {model, relations};
  return relations;
}

View Context::view() const {
  const auto relations = state_.relations(project());
  return {relations, Observed(relations, state_.views.reconciler, state_.changes)};
}

Result<identity::Directory*> Context::directory() const {
  if (state_.views.identities != nullptr) return state_.views.identities;
  return fail(ErrorCode::kUnsupported, "this agent keeps no tokens, projects and quotas");
}

Result<store::AuditStore*> Context::audit() const {
  if (state_.views.audit != nullptr) return state_.views.audit;
  return fail(ErrorCode::kUnsupported, "this agent keeps no traces");
}

Result<store::History*> Context::history() const {
  if (state_.views.history != nullptr) return state_.views.history;
  return fail(ErrorCode::kUnsupported, "this agent keeps no history");
}

Result<const control::EventFeed*> Context::events() const {
  if (state_.views.events != nullptr) return state_.views.events;
  return fail(ErrorCode::kUnsupported, "this agent keeps no events");
}

identity::Quotas Context::quotas(const std::string& project_id) const {
  const identity::Directory* identities = state_.views.identities;
  return identities != nullptr ? identities->quotas(project_id) : identity::default_quotas();
}

Status Context::write(const std::function<Status(control::Draft&)>& edit) {
  std::vector<Change> touched;
  store::Origin author{caller_.user_id, caller_.user_name, caller_.project_id, call_};
  author.claim = claim_;
  const auto change = [&](control::Draft& draft) -> Status {
    const control::ModelPtr before = state_.service.model();  // we hold the write: nobody else can replace it now
    if (required_)
      if (Status status = required_(); !status) return status;
    if (const auto bounds = project())
      draft.bind_to(*bounds);
    else
      draft.create_in(caller_.project_id);
    if (Status status = edit(draft); !status) return status;
    touched = changes_between(*before, draft);
    return identity::check_quotas(*before, draft.model(), draft.changes(),
                                  [this](const std::string& project) { return quotas(project); });
  };
  const auto revision = state_.service.transact(change, author);
  if (!revision && caller_.bound())
    return pass_on(without_ids_beyond(view().model(), *state_.service.model(), revision.error()));
  if (!revision) return pass_on(revision.error());
  state_.changes.note(*revision, touched, state_.views.reconciler.applied_revision());
  return {};
}

Error below(std::string_view parent, Error error) {
  error.field = error.field.empty() ? std::string(parent) : fmt::format("{}.{}", parent, error.field);
  return error;
}

}  // namespace elb::api
