// SPDX-License-Identifier: Apache-2.0
// Resource: where one kind of object lives in the API, what it is called, and which columns its lists have.
// Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/render.h"

namespace elb::cli {

struct Resource {
  std::string noun;    // as typed: "loadbalancer"
  std::string title;   // as said: "load balancer"
  std::string key;     // envelope of one; empty: the API has none here
  std::string plural;  // envelope of a list
  std::string path;    // of the collection
  std::vector<Column> columns{};

  std::string path_of(std::string_view id) const;
  /// The object in an answer, and the body of a request.
  codec::Value open(const codec::Value& document) const;
  codec::Value close(codec::Value fields) const;
};

const Resource& load_balancers();
const Resource& listeners();
const Resource& pools();
const Resource& health_monitors();
const Resource& whitelists();
const Resource& logtanks();
const Resource& eips();
const Resource& alarms();
const Resource& certificates();
const Resource& l7policies();
const Resource& subnets();
Resource members_of(std::string_view pool_id);
Resource rules_of(std::string_view policy_id);

/// By noun; null for nouns without objects of their own and for members, which need a pool.
const Resource* find_resource(std::string_view noun);

}  // namespace elb::cli
