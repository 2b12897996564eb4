// SPDX-License-Identifier: Apache-2.0
// validate() of a model that differs little from one that has passed it: looks only at what the difference can break.
// Thread rule: pure.
#pragma once

#include "base/result.h"
#include "model/relations.h"
#include "model/resources.h"

namespace elb::model {

/// `relations` are those of `model`.
Status validate_change(const Model& base, const Model& model, const Relations& relations);

}  // namespace elb::model
