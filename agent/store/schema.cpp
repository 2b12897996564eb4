// SPDX-License-Identifier: Apache-2.0
// Foreign keys are deferred: a transaction may write in any order, COMMIT checks. Uniqueness is checked row by row, so
// a transaction erases before it writes (Draft::changes()). A migration is never edited once released; a new one is
// added.
#include "store/schema.h"

#include <iterator>

#include "store/schema_answers.h"
#include "store/schema_history.h"
#include "store/schema_identity.h"

namespace elb::store {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 1, 0);

CREATE TABLE load_balancer (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  vip_subnet_id TEXT NOT NULL,
  vip_network_id TEXT NOT NULL,
  vip_port_id TEXT NOT NULL,
  vip_address TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pool (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  loadbalancer_id TEXT NOT NULL REFERENCES load_balancer (id) DEFERRABLE INITIALLY DEFERRED,
  protocol TEXT NOT NULL,
  lb_algorithm TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pool_by_load_balancer ON pool (loadbalancer_id);

CREATE TABLE listener (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  loadbalancer_id TEXT NOT NULL REFERENCES load_balancer (id) DEFERRABLE INITIALLY DEFERRED,
  protocol TEXT NOT NULL,
  protocol_port INTEGER NOT NULL CHECK (protocol_port BETWEEN 1 AND 65535),
  default_pool_id TEXT REFERENCES pool (id) DEFERRABLE INITIALLY DEFERRED,
  UNIQUE (loadbalancer_id, protocol, protocol_port)
) STRICT, WITHOUT ROWID;
CREATE INDEX listener_by_pool ON listener (default_pool_id);

CREATE TABLE member (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  pool_id TEXT NOT NULL REFERENCES pool (id) DEFERRABLE INITIALLY DEFERRED,
  address TEXT NOT NULL,
  protocol_port INTEGER NOT NULL CHECK (protocol_port BETWEEN 1 AND 65535),
  subnet_id TEXT NOT NULL,
  availability_zone TEXT NOT NULL,
  weight INTEGER NOT NULL CHECK (weight >= 0),
  UNIQUE (pool_id, address, protocol_port)
) STRICT, WITHOUT ROWID;

CREATE TABLE health_monitor (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  pool_id TEXT NOT NULL UNIQUE REFERENCES pool (id) DEFERRABLE INITIALLY DEFERRED,
  type TEXT NOT NULL,
  delay INTEGER NOT NULL,
  timeout INTEGER NOT NULL,
  max_retries INTEGER NOT NULL,
  max_retries_down INTEGER NOT NULL,
  monitor_port INTEGER CHECK (monitor_port BETWEEN 1 AND 65535)
) STRICT, WITHOUT ROWID;

CREATE TABLE load_balancer_tag (
  resource_id TEXT NOT NULL REFERENCES load_balancer (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE listener_tag (
  resource_id TEXT NOT NULL REFERENCES listener (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE pool_tag (
  resource_id TEXT NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE member_tag (
  resource_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE health_monitor_tag (
  resource_id TEXT NOT NULL REFERENCES health_monitor (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion2 = R"sql(
ALTER TABLE load_balancer ADD COLUMN vip_bandwidth INTEGER CHECK (vip_bandwidth > 0);
ALTER TABLE pool ADD COLUMN persistence_type TEXT;
ALTER TABLE pool ADD COLUMN persistence_timeout INTEGER;
ALTER TABLE listener ADD COLUMN connection_limit INTEGER NOT NULL DEFAULT -1;
ALTER TABLE listener ADD COLUMN toa INTEGER NOT NULL DEFAULT 0 CHECK (toa IN (0, 1));
ALTER TABLE listener ADD COLUMN whitelist_id TEXT;
ALTER TABLE listener ADD COLUMN whitelist_enabled INTEGER NOT NULL DEFAULT 0 CHECK (whitelist_enabled IN (0, 1));
ALTER TABLE listener ADD COLUMN whitelist_entries TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX listener_by_whitelist ON listener (whitelist_id);

CREATE TABLE eip (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  address TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  loadbalancer_id TEXT REFERENCES load_balancer (id) DEFERRABLE INITIALLY DEFERRED,
  bandwidth INTEGER CHECK (bandwidth > 0),
  bandwidth_id TEXT NOT NULL,
  bandwidth_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX eip_by_load_balancer ON eip (loadbalancer_id);
CREATE TABLE eip_tag (
  resource_id TEXT NOT NULL REFERENCES eip (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion3 = R"sql(
CREATE TABLE certificate (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  type TEXT NOT NULL,
  domain TEXT NOT NULL,
  certificate TEXT NOT NULL,
  private_key TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE certificate_tag (
  resource_id TEXT NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;

ALTER TABLE pool ADD COLUMN cookie_name TEXT NOT NULL DEFAULT '';
ALTER TABLE health_monitor ADD COLUMN url_path TEXT NOT NULL DEFAULT '/';
ALTER TABLE health_monitor ADD COLUMN domain_name TEXT NOT NULL DEFAULT '';
ALTER TABLE health_monitor ADD COLUMN expected_codes TEXT NOT NULL DEFAULT '';
ALTER TABLE listener ADD COLUMN certificate_id TEXT REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE listener ADD COLUMN sni_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE listener ADD COLUMN client_ca_id TEXT REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE listener ADD COLUMN verify_clients INTEGER NOT NULL DEFAULT 0 CHECK (verify_clients IN (0, 1));
ALTER TABLE listener ADD COLUMN http2 INTEGER NOT NULL DEFAULT 0 CHECK (http2 IN (0, 1));
ALTER TABLE listener ADD COLUMN tls_policy TEXT NOT NULL DEFAULT '';
ALTER TABLE listener ADD COLUMN insert_headers TEXT NOT NULL DEFAULT '';
ALTER TABLE listener ADD COLUMN client_data_ms INTEGER;
ALTER TABLE listener ADD COLUMN member_connect_ms INTEGER;
ALTER TABLE listener ADD COLUMN member_data_ms INTEGER;
CREATE INDEX listener_by_certificate ON listener (certificate_id);
CREATE INDEX listener_by_client_ca ON listener (client_ca_id);

CREATE TABLE l7policy (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  listener_id TEXT NOT NULL REFERENCES listener (id) DEFERRABLE INITIALLY DEFERRED,
  action TEXT NOT NULL,
  position INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  redirect_pool_id TEXT REFERENCES pool (id) DEFERRABLE INITIALLY DEFERRED,
  redirect_listener_id TEXT REFERENCES listener (id) DEFERRABLE INITIALLY DEFERRED,
  redirect_url TEXT NOT NULL,
  redirect_prefix TEXT NOT NULL,
  redirect_http_code INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX l7policy_by_listener ON l7policy (listener_id);
CREATE INDEX l7policy_by_pool ON l7policy (redirect_pool_id);
CREATE INDEX l7policy_by_target ON l7policy (redirect_listener_id);
CREATE TABLE l7policy_tag (
  resource_id TEXT NOT NULL REFERENCES l7policy (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE l7rule (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL CHECK (admin_state_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  l7policy_id TEXT NOT NULL REFERENCES l7policy (id) DEFERRABLE INITIALLY DEFERRED,
  type TEXT NOT NULL,
  compare_type TEXT NOT NULL,
  invert INTEGER NOT NULL CHECK (invert IN (0, 1)),
  key TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX l7rule_by_policy ON l7rule (l7policy_id);
CREATE TABLE l7rule_tag (
  resource_id TEXT NOT NULL REFERENCES l7rule (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion4 = R"sql(
ALTER TABLE pool ADD COLUMN proxy_protocol TEXT NOT NULL DEFAULT 'none';
ALTER TABLE listener ADD COLUMN request_rate INTEGER CHECK (request_rate > 0);
ALTER TABLE listener ADD COLUMN request_burst INTEGER CHECK (request_burst > 0);
ALTER TABLE listener ADD COLUMN body_rate INTEGER CHECK (body_rate >= 0);
ALTER TABLE listener ADD COLUMN proxy_trusted TEXT NOT NULL DEFAULT '';
)sql";

constexpr const char* kAccessLog = R"sql(
ALTER TABLE load_balancer ADD COLUMN log_id TEXT;
ALTER TABLE load_balancer ADD COLUMN log_group TEXT NOT NULL DEFAULT '';
ALTER TABLE load_balancer ADD COLUMN log_stream TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX load_balancer_by_log ON load_balancer (log_id);
)sql";

constexpr const char* kOctaviaFields = R"sql(
ALTER TABLE load_balancer ADD COLUMN enterprise_project_id TEXT NOT NULL DEFAULT '0';
ALTER TABLE load_balancer ADD COLUMN deletion_protection INTEGER NOT NULL DEFAULT 0 CHECK (deletion_protection IN (0, 1));
ALTER TABLE member ADD COLUMN backup INTEGER NOT NULL DEFAULT 0 CHECK (backup IN (0, 1));
ALTER TABLE member ADD COLUMN monitor_address TEXT NOT NULL DEFAULT '';
ALTER TABLE member ADD COLUMN monitor_port INTEGER CHECK (monitor_port BETWEEN 1 AND 65535);
ALTER TABLE health_monitor ADD COLUMN http_method TEXT NOT NULL DEFAULT 'GET';
)sql";

constexpr const char* kProxyOptions = R"sql(
ALTER TABLE pool ADD COLUMN slow_start INTEGER NOT NULL DEFAULT 0 CHECK (slow_start IN (0, 1));
ALTER TABLE pool ADD COLUMN slow_start_s INTEGER NOT NULL DEFAULT 30 CHECK (slow_start_s > 0);
ALTER TABLE listener ADD COLUMN error_pages TEXT NOT NULL DEFAULT '';
)sql";

constexpr const char* kTracing = R"sql(
ALTER TABLE listener ADD COLUMN trace_sampling INTEGER CHECK (trace_sampling BETWEEN 0 AND 10000);
)sql";

/// kMigrations[n] leads from version n to n + 1.
constexpr const char* kMigrations[] = {kVersion1,       kVersion2,  kVersion3,      kVersion4,
                                       kIdentityTables, kAccessLog, kOctaviaFields, kProxyOptions,
                                       kHistoryTables,  kTracing,   kAnswerTables};
static_assert(std::size(kMigrations) == kSchemaVersion);

}  // namespace

Result<int64_t> stored_version(Db& db) {
  const auto application = db.integer("PRAGMA application_id");
  if (!application) return pass_on(application.error());
  const auto objects = db.integer("SELECT count(*) FROM sqlite_master");
  if (!objects) return pass_on(objects.error());
  if (*application == 0 && *objects == 0) return 0;
  if (*application != kApplicationId)
    return fail(ErrorCode::kStorage, "the file is an SQLite database, but not one of elb-agent");
  const auto version = db.integer("SELECT schema_version FROM meta");
  if (!version) return pass_on(version.error());
  if (*version > kSchemaVersion)
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the store has schema version {}, this elb-agent knows versions up to {}; use the newer one",
                    *version, kSchemaVersion));
  return *version;
}

Status migrate(Db& db) {
  auto transaction = Transaction::begin(db, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  const auto version = stored_version(db);  // again, now that nobody else can change it
  if (!version) return pass_on(version.error());
  if (*version == kSchemaVersion) return {};
  for (int64_t step = *version; step < kSchemaVersion; ++step)
    if (auto status = db.exec(kMigrations[step]); !status) return status;
  if (auto status = db.exec(fmt::format("PRAGMA application_id = {}; UPDATE meta SET schema_version = {}",
                                        kApplicationId, kSchemaVersion));
      !status)
    return status;
  return transaction->commit();
}

}  // namespace elb::store
