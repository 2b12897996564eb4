// SPDX-License-Identifier: Apache-2.0
// Which series there are, and asking for one (MON-01 to MON-03). Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/resources.h"
#include "telemetry/metric.h"

namespace elb::telemetry {

/// What a series is of; both empty: the node.
struct Dimensions {
  model::Id load_balancer_id, listener_id;
  bool operator==(const Dimensions&) const = default;

  /// The name that its points are kept under.
  std::string object() const;
};

/// A listener is named together with its load balancer, MON-01. Errors name the dimension at fault.
Status check_dimensions(const model::Model& model, const Dimensions& dimensions);

/// Whether such an object has the metric; the error says who has.
Status check_metric(const model::Model& model, const Dimensions& dimensions, Metric metric);

/// Load balancers and listeners with their own dimensions, the node first.
std::vector<Dimensions> all_dimensions(const model::Model& model);

}  // namespace elb::telemetry
