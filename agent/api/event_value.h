// SPDX-License-Identifier: Apache-2.0
// An event of the journal as GET /v1/events shows it. Private to api. Thread rule: pure function.
#pragma once

#include "codec/value.h"
#include "control/event_journal.h"

namespace elb::api {

codec::Value event_value(const control::Event& event);

}  // namespace elb::api
