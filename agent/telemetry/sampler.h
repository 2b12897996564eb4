// SPDX-License-Identifier: Apache-2.0
// Sampler: counters become series. observe() looks at everything every few seconds; close() ends a minute and gives one
// point for each object. Rates are exact over the minute: what was counted, divided by the time between the looks.
// A load balancer is the sum of its listeners' differences, so that a listener that goes takes nothing away.
// Thread rule: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/metric.h"
#include "telemetry/sources.h"

namespace elb::telemetry {

class Sampler {
 public:
  explicit Sampler(const Sources& sources);
  ~Sampler();

  void observe(SteadyTime now, WallTime wall);
  std::vector<ObjectPoint> close();

 private:
  struct Totals;
  struct Gathered;
  struct Look;

  void add_listener(Look& look, const model::Listener& listener);
  void add_servers(Look& look) const;
  void add_node(Look& look);

  const Sources sources_;
  bool begun_ = false;  // there is a look to compare with
  SteadyTime last_{};
  std::map<std::string, Totals> before_;       // of each listener and the node, at the last look
  std::map<std::string, Gathered> gathering_;  // since the minute began
};

}  // namespace elb::telemetry
