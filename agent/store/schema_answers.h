// SPDX-License-Identifier: Apache-2.0
// The table of answers to requests that showed an Idempotency-Key. A row is written with the change (status NULL), and
// gets the answer when there is one. `bytes` of one row are bounded by who writes them. Private to store/.
// Thread rule: a constant.
#pragma once

namespace elb::store {

inline constexpr const char* kAnswerTables = R"sql(
CREATE TABLE answer (
  number INTEGER PRIMARY KEY,
  scope TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  revision INTEGER,
  created TEXT NOT NULL DEFAULT '',
  status INTEGER,
  head TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX answer_by_time ON answer (time_ms);
)sql";

}  // namespace elb::store
