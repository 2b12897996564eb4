// SPDX-License-Identifier: Apache-2.0
// Writing the history, within the transaction of the commit that it tells of. Private to store/.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "model/resources.h"
#include "store/history.h"
#include "store/sqlite_db.h"

namespace elb::store {

/// Objects whose past is kept, of all revisions together: a thousand revisions of a large document would fill a disk.
inline constexpr int64_t kPastsKept = 500'000;

/// Before the changes are made: what they are about to replace, and who does it.
Status record(Db& db, uint64_t revision, std::span<const model::Change> changes, const Origin& origin);
/// Keeps the newest `keep` revisions at most.
Status prune_history(Db& db, uint64_t newest, uint64_t keep, int64_t pasts_kept = kPastsKept);

}  // namespace elb::store
