// SPDX-License-Identifier: Apache-2.0
// validate() of a model that differs little from one that has passed it: what both share by pointer is not looked at
// again by itself, only the rules between resources are. Thread rule: pure.
#pragma once

#include "base/result.h"
#include "model/resources.h"

namespace elb::model {

Status validate_change(const Model& base, const Model& model);

}  // namespace elb::model
