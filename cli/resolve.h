// SPDX-License-Identifier: Apache-2.0
// Names to objects. A UUID is an id; anything else is looked up as a name and then, since subnets are named by the
// administrator, as an id; a member may also be given as ADDRESS:PORT. Failures: kNotFound, kConflict with the
// candidates. Thread rule: as Api.
#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"
#include "cli/resource.h"

namespace elb::cli {

/// The object as the API shows it.
Outcome<codec::Value> find_object(Context& context, const Resource& resource, std::string_view name);

/// Only its id: no request at all when `name` is a UUID.
Outcome<std::string> find_id(Context& context, const Resource& resource, std::string_view name);

}  // namespace elb::cli
