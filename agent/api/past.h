// SPDX-License-Identifier: Apache-2.0
// The configuration at a revision, made of the newest one and of what the history tells; and what differs between two
// revisions, as plans have it. Private to api. Thread rule: pure functions; a Difference is one thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plan.h"
#include "codec/value.h"
#include "control/draft.h"
#include "model/resources.h"
#include "store/history.h"

namespace elb::api {

/// `now` with each of `pasts` as it was. What none of them names is shared with `now`.
model::Model model_at(const model::Model& now, const std::vector<store::Past>& pasts);

/// What leads from one model to the other, of the objects that `pasts` name (no other may differ), by kind and id.
std::vector<model::Change> changes_between(const model::Model& before, const model::Model& after,
                                           const std::vector<store::Past>& pasts);

/// As encode(entry), with the whole objects as "before" and "after" (null: not there). Keys of certificates are masked.
codec::Value encode_whole(const PlanEntry& entry, const model::Model& before, const model::Model& after);

/// Makes the draft's objects be what they were; what was not there goes. Every error of every object is told; the
/// fields begin with the object, as "member[ID].address".
std::vector<Error> bring_back(control::Draft& draft, const std::vector<store::Past>& pasts);

}  // namespace elb::api
