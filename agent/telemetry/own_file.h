// SPDX-License-Identifier: Apache-2.0
// A SQLite file of telemetry's own, made private and ready. Private to telemetry. Thread rule: one thread.
#pragma once

#include <string>

#include "base/result.h"
#include "store/sqlite_db.h"

namespace elb::telemetry {

/// Opens or creates; `schema` is run on a new file. A file that is damaged or of another version is moved aside
/// (".bad") and made anew, with a line in the log. `durable`: each transaction survives power loss.
Result<store::Db> open_own_file(const std::string& path, const std::string& schema, bool durable);

}  // namespace elb::telemetry
