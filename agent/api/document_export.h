// SPDX-License-Identifier: Apache-2.0
// The configuration as a document that apply takes. Private to api. Thread rule: a pure function.
#pragma once

#include <string>
#include <vector>

#include "codec/relations.h"
#include "codec/value.h"

namespace elb::api {

/// Of what `relations` has; `wanted`: names or ids of load balancers, empty: all. With an id where a name does not tell
/// an object from its siblings, or everywhere. kNotFound, kConflict: a wanted one is not there, or there twice.
Result<codec::Value> make_document(const codec::Relations& relations, const std::vector<std::string>& wanted,
                                   bool with_ids);

}  // namespace elb::api
