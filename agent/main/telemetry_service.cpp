// SPDX-License-Identifier: Apache-2.0
#include "main/telemetry_service.h"

namespace elb {

TelemetryService::TelemetryService(const Options& options, telemetry::Sources sources, const Clock& clock,
                                   Random& random) {
  sources.version = ELB_RELEASE;
  telemetry::TelemetryOptions own;
  own.series_file = options.store + ".metrics";
  own.series_bytes = options.metrics_mb << 20;
  own.alarm_file = options.store + ".alarms";
  own.channels = {options.alarms.command, options.alarms.mail_relay, options.alarms.mail_from};
  telemetry_ = std::make_unique<telemetry::Telemetry>(std::move(sources), clock, random, std::move(own));
  telemetry_->start();
}

}  // namespace elb
