// SPDX-License-Identifier: Apache-2.0
// TelemetryService: metrics and alarms as the agent's options want them. Thread rule: made and destroyed by the main
// thread, while all that it reads from still exists.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "main/options.h"
#include "telemetry/telemetry.h"

namespace elb {

class TelemetryService {
 public:
  /// Starts its thread.
  TelemetryService(const Options& options, telemetry::Sources sources, const Clock& clock, Random& random);
  telemetry::Telemetry* get() const { return telemetry_.get(); }

 private:
  std::unique_ptr<telemetry::Telemetry> telemetry_;
};

}  // namespace elb
