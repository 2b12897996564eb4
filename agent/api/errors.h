// SPDX-License-Identifier: Apache-2.0
// The error body: one document that the clients of every dialect can read. Private to api. Thread rule: pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"

namespace elb::api {

int http_status(ErrorCode code);
codec::Value error_body(int status, const Error& error, const std::string& request_id);

}  // namespace elb::api
