// SPDX-License-Identifier: Apache-2.0
// Alarms as JSON: of the API, of the file, and of notifications. Thread rule: pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"
#include "telemetry/alarm.h"

namespace elb::telemetry {

codec::Value encode_rule(const AlarmRule& rule);
/// The rule with its id, state, value and times.
codec::Value encode(const Alarm& alarm);

/// The fields given, over `rule`. Strict: unknown and read-only fields are errors, each names its field.
Status decode(const codec::Value& object, AlarmRule& rule);

/// What a webhook gets as its body, a command on its standard input, and a mail is made of.
std::string notification_of(const Alarm& alarm, AlarmState before, bool test, const std::string& node);

}  // namespace elb::telemetry
