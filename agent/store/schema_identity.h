// SPDX-License-Identifier: Apache-2.0
// The tables of who may use the API: projects, tokens (their hashes only), quotas that differ from the defaults. They
// refer to no other table: a project's objects name it freely. Private to store/. Thread rule: a constant.
#pragma once

namespace elb::store {

inline constexpr const char* kIdentityTables = R"sql(
CREATE TABLE project (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  project_id TEXT NOT NULL,
  role TEXT NOT NULL,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE quota (
  project_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  most INTEGER NOT NULL CHECK (most >= -1),
  PRIMARY KEY (project_id, resource)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace elb::store
