// SPDX-License-Identifier: Apache-2.0
#include "api/context.h"

#include <fmt/core.h>

#include <algorithm>

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
void copy_part(const model::Model& from, const std::string& project, model::Model& to) {
  for (const auto& [id, resource] : from.table<T>())
    if (resource->project_id == project) to.table<T>().emplace_hint(to.table<T>().end(), id, resource);
}

std::shared_ptr<const model::Model> part_of(const model::Model& model, const std::string& project) {
  auto part = std::make_shared<model::Model>();
  part->revision = model.revision;
  copy_part<model::LoadBalancer>(model, project, *part);
  copy_part<model::Listener>(model, project, *part);
  copy_part<model::Pool>(model, project, *part);
  copy_part<model::Member>(model, project, *part);
  copy_part<model::HealthMonitor>(model, project, *part);
  copy_part<model::Eip>(model, project, *part);
  copy_part<model::Certificate>(model, project, *part);
  copy_part<model::L7Policy>(model, project, *part);
  copy_part<model::L7Rule>(model, project, *part);
  return part;
}

bool has_id(const model::Model& model, const model::Id& id) {
  return model.load_balancers.contains(id) || model.eips.contains(id) || model.listeners.contains(id) ||
         model.pools.contains(id) || model.members.contains(id) || model.health_monitors.contains(id) ||
         model.certificates.contains(id) || model.l7policies.contains(id) || model.l7rules.contains(id);
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
  Cached found;
  {
    const std::lock_guard lock(mutex_);
    if (!project) {
      if (whole_ && &whole_->model() == model.get()) found = whole_;
    } else if (const auto part = parts_.find(*project); part != parts_.end() && part->second.first == model) {
      found = part->second.second;
    }
  }
  if (found) return found;
  found = std::make_shared<const codec::Relations>(project ? part_of(*model, *project) : model);
  const std::lock_guard lock(mutex_);
  if (!project) return whole_ = found;
  if (parts_.size() >= kPartsMax) parts_.clear();
  parts_[*project] = {model, found};
  return found;
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

identity::Quotas Context::quotas(const std::string& project_id) const {
  const identity::Directory* identities = state_.views.identities;
  return identities != nullptr ? identities->quotas(project_id) : identity::default_quotas();
}

Status Context::write(const std::function<Status(control::Draft&)>& edit) {
  std::vector<Change> touched;
  const auto author = store::Origin{caller_.user_id, caller_.user_name, caller_.project_id, call_};
  const auto revision = state_.service.transact(
      [&](control::Draft& draft) -> Status {
        const control::ModelPtr before = state_.service.model();  // we hold the write: nobody else can replace it now
        if (const auto bounds = project())
          draft.bind_to(*bounds);
        else
          draft.create_in(caller_.project_id);
        if (Status status = edit(draft); !status) return status;
        touched = changes_between(*before, draft);
        return identity::check_quotas(*before, draft.model(), draft.changes(),
                                      [this](const std::string& project) { return quotas(project); });
      },
      author);
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
