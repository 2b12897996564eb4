// SPDX-License-Identifier: Apache-2.0
// The tables of the revisions: who made each, how many objects of each project it wrote, and what each of these was
// before, as a JSON object of the columns of its row (NULL: it was not there). Private to store/.
// Thread rule: a constant.
#pragma once

namespace elb::store {

inline constexpr const char* kHistoryTables = R"sql(
CREATE TABLE revision (
  number INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  project_id TEXT NOT NULL,
  call TEXT NOT NULL,
  changes INTEGER NOT NULL
) STRICT;
INSERT INTO revision SELECT revision, CAST(strftime('%s', 'now') AS INTEGER) * 1000, '', '', '', '', 0 FROM meta;

CREATE TABLE revision_project (
  revision INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  changes INTEGER NOT NULL,
  PRIMARY KEY (revision, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX revision_by_project ON revision_project (project_id, revision);

CREATE TABLE revision_change (
  revision INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  before TEXT,
  PRIMARY KEY (revision, kind, id)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace elb::store
