// SPDX-License-Identifier: Apache-2.0
// Writing the history, within the transaction of the commit that it tells of. Private to store/.
// Thread rule: one thread at a time.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resources.h"
#include "store/history.h"
#include "store/sqlite_db.h"

namespace elb::store {

/// Objects whose past is kept, of all revisions together: a thousand revisions of a large document would fill a disk.
inline constexpr int64_t kPastsKept = 500'000;

// SQLite's ->> ends a text at its first \u0000. So the JSON has U+0001 0 for a NUL, U+0001 1 for U+0001; and \u005c for
// a backslash, so that what looks like an escape is one.

/// The SQL expression `json` as it is kept.
inline std::string kept_json(std::string_view json) {
  return fmt::format(R"(replace(replace(replace({}, '\\', '\u005c'), '\u0001', '\u00011'), '\u0000', '\u00010'))",
                     json);
}
/// The SQL expression `value`, a text that came out of the JSON, as it was; a number becomes a text, NULL stays.
inline std::string plain_text(std::string_view value) {
  return fmt::format("replace(replace({}, char(1, 48), char(0)), char(1, 49), char(1))", value);
}

/// Before the changes are made: what they are about to replace, and who does it.
Status record(Db& db, uint64_t revision, std::span<const model::Change> changes, const Origin& origin);
/// Keeps the newest `keep` revisions at most.
Status prune_history(Db& db, uint64_t newest, uint64_t keep, int64_t pasts_kept = kPastsKept);

}  // namespace elb::store
