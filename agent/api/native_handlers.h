// SPDX-License-Identifier: Apache-2.0
// Handlers of the configuration as a whole: /v1/apply, /v1/export, /v1/revisions, /v1/rollback,
// /v1/events. Private to api. Thread
// rule: as Context, any thread.
#pragma once

#include <optional>
#include <string>

#include "api/context.h"

namespace elb::api {

inline constexpr size_t kDocumentBytes = 16 << 20;

// native_apply.cpp
Result<Reply> apply_document(Context& context, const Request& request);
Result<Reply> export_document(Context& context, const Request& request);
/// Of the query project_id, else the caller's own; kNotFound for a project that the caller does not see.
Result<std::string> project_of(const Context& context, const Request& request);

// native_revisions.cpp
Result<Reply> list_revisions(Context& context, const Request& request);
Result<Reply> show_revision(Context& context, const Request& request);
Result<Reply> diff_revisions(Context& context, const Request& request);
// native_events.cpp
Result<Reply> list_events(Context& context, const Request& request);
// native_rollback.cpp
Result<Reply> roll_back(Context& context, const Request& request);
/// The project that a call is about; empty: all. A bound caller's own, else of `asked`, if it was.
Result<std::optional<std::string>> bounds_of(const Context& context, const std::optional<std::string>& asked);

}  // namespace elb::api
