-- SPDX-License-Identifier: Apache-2.0
-- A store as elb-agent wrote it at schema version 1 (sqlite3 elb.db .dump), for the test of the migration.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES(1,1,2);
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
INSERT INTO load_balancer VALUES('637e8575-c1e4-40c9-9fe2-1563f87a6052','p','web','',1,1795490282,1795490282,'11111111-1111-4111-8111-111111111111','21111111-1111-4111-8111-111111111111','4f853861-d777-41b5-9d46-e18cac31679d','192.0.2.2','elb');
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
INSERT INTO pool VALUES('339422fa-25a1-462b-b165-e300bbc8ed91','p','back','',1,1795490283,1795490283,'637e8575-c1e4-40c9-9fe2-1563f87a6052','TCP','ROUND_ROBIN');
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
INSERT INTO listener VALUES('e232de09-78e4-472b-b4d4-d50ab3746908','p','','',1,1795490283,1795490283,'637e8575-c1e4-40c9-9fe2-1563f87a6052','TCP',80,'339422fa-25a1-462b-b165-e300bbc8ed91');
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
INSERT INTO member VALUES('581b5d5b-21de-43fe-ab2c-af636248e29b','p','','',1,1795490283,1795490283,'339422fa-25a1-462b-b165-e300bbc8ed91','198.51.100.10',8080,'','',3);
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
INSERT INTO health_monitor VALUES('d10f333b-bde7-4298-8bbe-3cad6810ab26','p','','',1,1795490283,1795490283,'339422fa-25a1-462b-b165-e300bbc8ed91','TCP',5,3,2,2,NULL);
CREATE TABLE load_balancer_tag (
  resource_id TEXT NOT NULL REFERENCES load_balancer (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO load_balancer_tag VALUES('637e8575-c1e4-40c9-9fe2-1563f87a6052',0,'a');
INSERT INTO load_balancer_tag VALUES('637e8575-c1e4-40c9-9fe2-1563f87a6052',1,'b');
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
CREATE INDEX pool_by_load_balancer ON pool (loadbalancer_id);
CREATE INDEX listener_by_pool ON listener (default_pool_id);
COMMIT;
