// SPDX-License-Identifier: Apache-2.0
// Plan: what leads from one model to another, object by object and field by field, for people and programs. Apply shows
// it before or after it is done, revisions show it afterwards. Private to api. Thread rule: pure functions.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "codec/value.h"
#include "model/resources.h"

namespace elb::api {

struct FieldChange {
  std::string field;
  codec::Value before, after;
};

struct PlanEntry {
  enum class Action { kCreate, kUpdate, kReplace, kDelete };
  Action action = Action::kUpdate;
  model::Kind kind = model::Kind::kLoadBalancer;
  model::Id id;
  std::string project_id;
  std::string name;      // or what tells it from its siblings
  std::string parent;    // the load balancer, listener or pool above, likewise
  std::string path{};    // in the document; empty: the document does not name it
  model::Id replaced{};  // of kReplace: the object that goes
  std::string reason{};  // of kReplace
  std::vector<FieldChange> fields{};
};

/// What a document said of the objects that it touched.
struct Notes {
  std::map<model::Id, std::string> paths{};
  struct Replaced {
    model::Id by;
    std::string reason;
  };
  std::map<model::Id, Replaced> replaced{};  // by the old id
};

/// One entry for each object that `changes`, which lead from `before` to `after`, touch.
std::vector<PlanEntry> plan_of(const model::Model& before, const model::Model& after,
                               std::span<const model::Change> changes, const Notes& notes = {});

/// The change of one object; null: it is not there. Keys of certificates are masked.
template <class T>
PlanEntry entry_of(const T* before, const T* after, const model::Model& old_model, const model::Model& new_model);

/// The whole object, with the names of what it leads to. Keys of certificates are masked.
template <class T>
codec::Value shown(const model::Model& model, const T& resource);

/// "load_balancer", "l7policy": how the kind is called in documents of /v1.
std::string_view word_of(model::Kind kind);
codec::Value encode(const PlanEntry& entry);
/// {"create": 1, "update": 0, "replace": 0, "delete": 0}
codec::Value summary_of(std::span<const PlanEntry> entries);

}  // namespace elb::api
