// SPDX-License-Identifier: Apache-2.0
// What requests about metrics and alarms have in common: dimensions, metric names, periods. Private to api.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "telemetry/query.h"

namespace elb::api {

/// [{"name": "lbaas_instance_id", "value": ID}, ...], the monitoring service's form.
codec::Value encode_dimensions(const telemetry::Dimensions& dimensions);

/// One of the two dimensions; the error names `field`.
Status set_dimension(telemetry::Dimensions& dimensions, std::string_view field, std::string_view name,
                     std::string_view value);
/// The array of a body; `path` is where it stands.
Result<telemetry::Dimensions> decode_dimensions(const codec::Value& list, const std::string& path);

Result<telemetry::Metric> parse_metric(const std::string& field, std::string_view id);
Result<int64_t> parse_period(const std::string& field, int64_t seconds);
Status check_namespace(const std::string& field, std::string_view text);

}  // namespace elb::api
