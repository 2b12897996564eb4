// SPDX-License-Identifier: Apache-2.0
// What telemetry reads of the rest of the agent. Everything outlives whoever holds it. Thread rule: every view and
// function is safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/http_traffic.h"
#include "model/resources.h"
#include "model/views.h"

namespace elb::telemetry {

struct Sources {
  const model::ReconcilerView& reconciler;
  const model::TrafficView& traffic;
  const model::HttpTrafficView* http_traffic = nullptr;  // nullptr: there is no proxy
  std::function<std::shared_ptr<const model::Model>()> model;
  std::function<uint64_t()> store_errors;  // writes that the configuration's store failed; empty: not known
  std::string version = "0.1.0";
};

}  // namespace elb::telemetry
