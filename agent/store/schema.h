// SPDX-License-Identifier: Apache-2.0
// The store's tables and their history. Private to store/. Thread rule: one thread at a time.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/sqlite_db.h"

namespace elb::store {

inline constexpr int64_t kSchemaVersion = 11;          // the newest, what this build reads and writes
inline constexpr int64_t kApplicationId = 0x454C4253;  // "ELBS" in the SQLite header: file(1) and we know it is ours

/// Version of what lies in the file; 0: empty. kStorage for another program's database, kUnsupported for a newer
/// schema.
Result<int64_t> stored_version(Db& db);

/// Brings an empty or older database to kSchemaVersion, in one transaction.
Status migrate(Db& db);

}  // namespace elb::store
