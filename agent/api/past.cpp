// SPDX-License-Identifier: Apache-2.0
#include "api/past.h"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "api/context.h"

namespace elb::api {
namespace {

using codec::Value;
using model::Id;
using model::Kind;
using model::Model;
using store::Past;

/// Calls `run` with a null pointer to the type of the kind: `run(static_cast<const T*>(nullptr))`.
template <class Run>
auto with_type(Kind kind, Run run) {
  switch (kind) {
    case Kind::kListener:
      return run(static_cast<const model::Listener*>(nullptr));
    case Kind::kPool:
      return run(static_cast<const model::Pool*>(nullptr));
    case Kind::kMember:
      return run(static_cast<const model::Member*>(nullptr));
    case Kind::kHealthMonitor:
      return run(static_cast<const model::HealthMonitor*>(nullptr));
    case Kind::kEip:
      return run(static_cast<const model::Eip*>(nullptr));
    case Kind::kCertificate:
      return run(static_cast<const model::Certificate*>(nullptr));
    case Kind::kL7Policy:
      return run(static_cast<const model::L7Policy*>(nullptr));
    case Kind::kL7Rule:
      return run(static_cast<const model::L7Rule*>(nullptr));
    case Kind::kLoadBalancer:
      break;
  }
  return run(static_cast<const model::LoadBalancer*>(nullptr));
}

template <class T>
const T* object_of(const Model& model, const Id& id) {
  const auto found = model.table<T>().find(id);
  return found == model.table<T>().end() ? nullptr : found->second.get();
}

template <class T>
Value shown_or_null(const Model& model, const Id& id) {
  const T* found = object_of<T>(model, id);
  return found != nullptr ? shown(model, *found) : Value();
}

bool discard(control::Draft& draft, const Past& past) {
  return with_type(past.kind, [&]<class T>(const T*) { return draft.discard<T>(past.id); });
}

Status restore(control::Draft& draft, const Past& past) {
  const auto done = std::visit([&](const auto& resource) { return draft.restore(resource); }, *past.resource);
  if (done) return {};
  return pass_on(below(fmt::format("{}[{}]", word_of(past.kind), past.id), done.error()));
}

}  // namespace

Model model_at(const Model& now, const std::vector<Past>& pasts) {
  Model then = now;
  for (const Past& past : pasts) {
    if (!past.resource)
      with_type(past.kind, [&]<class T>(const T*) { then.table<T>().erase(past.id); });
    else
      std::visit([&]<class T>(const T& resource) { then.table<T>()[past.id] = std::make_shared<const T>(resource); },
                 *past.resource);
  }
  return then;
}

std::vector<model::Change> changes_between(const Model& before, const Model& after, const std::vector<Past>& pasts) {
  std::vector<model::Change> changes;
  for (const Past& past : pasts) {
    with_type(past.kind, [&]<class T>(const T*) {
      const T* old = object_of<T>(before, past.id);
      const T* now = object_of<T>(after, past.id);
      if (now == nullptr && old != nullptr) changes.emplace_back(model::Erase{past.kind, past.id});
      if (now != nullptr && (old == nullptr || !(*old == *now))) changes.emplace_back(model::Put{*now});
    });
  }
  return changes;
}

Value encode_whole(const PlanEntry& entry, const Model& before, const Model& after) {
  Value out = encode(entry);
  with_type(entry.kind, [&]<class T>(const T*) {
    out.set("before", shown_or_null<T>(before, entry.id)).set("after", shown_or_null<T>(after, entry.id));
  });
  return out;
}

std::vector<Error> bring_back(control::Draft& draft, const std::vector<Past>& pasts) {
  std::vector<Error> errors;
  for (const Past& past : pasts)  // first what frees addresses and ports
    if (!past.resource) discard(draft, past);
  for (const Past& past : pasts) {
    if (!past.resource) continue;
    if (Status status = restore(draft, past); !status) errors.push_back(status.error());
  }
  return errors;
}

}  // namespace elb::api
