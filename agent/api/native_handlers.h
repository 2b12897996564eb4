// SPDX-License-Identifier: Apache-2.0
// Handlers of the configuration as a whole: /v1/apply, /v1/export. Private to api. Thread rule: as Context, any thread.
#pragma once

#include <string>

#include "api/context.h"

namespace elb::api {

inline constexpr size_t kDocumentBytes = 16 << 20;

// native_apply.cpp
Result<Reply> apply_document(Context& context, const Request& request);
Result<Reply> export_document(Context& context, const Request& request);
/// Of the query project_id, else the caller's own; kNotFound for a project that the caller does not see.
Result<std::string> project_of(const Context& context, const Request& request);

}  // namespace elb::api
