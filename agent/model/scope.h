// SPDX-License-Identifier: Apache-2.0
// The part of a model that the rules between resources have to be looked at again in, after a change: the load
// balancers that it touches with all that is under them, and who leads there from elsewhere. Every rule but those of
// addresses holds within such a part or nowhere. Private to model/. Thread rule: pure.
#pragma once

#include "model/relations.h"
#include "model/resources.h"

namespace elb::model {

/// `relations` are those of `after`.
Model changed_part(const Model& before, const Model& after, const Relations& relations);

}  // namespace elb::model
