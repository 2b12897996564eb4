// SPDX-License-Identifier: Apache-2.0
// The table of routes and the spellings of paths that lead to it: /v2.0/lbaas, /v2/lbaas, /v2/{project}/elb, with or
// without a /load-balancer before them. Private to api. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"

namespace elb::api {

struct Match {
  Handler handler = nullptr;  // null: no such route
  std::string_view pattern;   // the route's path in the table, or that of another method of it; empty: no such path
  identity::Access access = identity::Access::kNode;
  std::vector<std::string> ids;
  std::vector<std::string> allowed;  // methods that the path has; empty: no such path
};

/// A line of the table, for who describes it.
struct RouteName {
  std::string_view method;
  std::string_view path;  // canonical, {} for an id
  identity::Access access;
};
std::vector<RouteName> route_names();

Match find_route(std::string_view method, std::string_view path);

}  // namespace elb::api
