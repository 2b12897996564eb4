// SPDX-License-Identifier: Apache-2.0
// The part of the table of answers that a commit writes, within its transaction. Private to store/.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/history.h"
#include "store/sqlite_db.h"

namespace elb::store {

/// After record(): the request of `origin.claim` made `revision`, whatever becomes of its answer.
Status claim(Db& db, uint64_t revision, const Origin& origin);
/// Of answers: what is too old, and the oldest of too many.
Status prune_answers(Db& db, int64_t now_ms);

}  // namespace elb::store
