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

Context::Context(const ApiOptions& options, control::ConfigService& service, const Views& views, const Clock& clock,
                 Random& random)
    : options_(options),
      service_(service),
      views_(views),
      clock_(clock),
      random_(random),
      changes_(service.model()->revision) {}

View Context::view() const {
  const control::ModelPtr model = service_.model();
  std::shared_ptr<const codec::Relations> relations;
  {
    const std::lock_guard lock(relations_mutex_);
    relations = relations_;
  }
  if (!relations || &relations->model() != model.get()) {
    relations = std::make_shared<const codec::Relations>(model);
    const std::lock_guard lock(relations_mutex_);
    relations_ = relations;
  }
  return {relations, Observed(relations, views_.reconciler, changes_)};
}

Status Context::write(const std::function<Status(control::Draft&)>& edit) {
  std::vector<Change> touched;
  const auto revision = service_.transact([&](control::Draft& draft) -> Status {
    const control::ModelPtr before = service_.model();  // we hold the write: nobody else can replace it now
    if (Status status = edit(draft); !status) return status;
    touched = changes_between(*before, draft);
    return {};
  });
  if (!revision) return pass_on(revision.error());
  changes_.note(*revision, touched, views_.reconciler.applied_revision());
  return {};
}

std::string Context::new_request_id() const { return "req-" + new_uuid(random_); }

Error below(std::string_view parent, Error error) {
  error.field = error.field.empty() ? std::string(parent) : fmt::format("{}.{}", parent, error.field);
  return error;
}

}  // namespace elb::api
