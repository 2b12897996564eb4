// SPDX-License-Identifier: Apache-2.0
#include "telemetry/alarm_store.h"

#include <cstdlib>

#include "base/log.h"
#include "telemetry/alarm_json.h"
#include "telemetry/own_file.h"

namespace elb::telemetry {
namespace {

constexpr const char* kAlarmSchema = R"sql(
CREATE TABLE alarm (
  id TEXT NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  value TEXT,
  told INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alarm TEXT NOT NULL,
  type TEXT NOT NULL,
  address TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;
)sql";

}  // namespace

Result<std::unique_ptr<AlarmStore>> AlarmStore::open(const std::string& path) {
  auto db = open_own_file(path, kAlarmSchema, true);
  if (!db) return pass_on(db.error());
  return std::unique_ptr<AlarmStore>(new AlarmStore(std::move(*db)));
}

Result<std::vector<Alarm>> AlarmStore::load() {
  auto select = db_.prepare("SELECT id, rule, state, since, value, told, created, updated FROM alarm ORDER BY id");
  if (!select) return pass_on(select.error());
  std::vector<Alarm> alarms;
  for (;;) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) return alarms;
    Alarm alarm;
    alarm.id = select->text();
    const auto rule = codec::Value::parse(select->text());
    const Status decoded = rule ? decode(*rule, alarm.rule) : pass_on(rule.error());
    alarm.state = parse_alarm_state(select->text()).value_or(AlarmState::kInsufficientData);
    alarm.since_s = select->integer();
    if (const auto value = select->optional_text()) alarm.value = std::strtod(value->c_str(), nullptr);
    alarm.told = select->integer() != 0;
    alarm.created_s = select->integer();
    alarm.updated_s = select->integer();
    if (decoded) {
      alarms.push_back(std::move(alarm));
    } else {
      log::error("alarm cannot be read and is left out id={} error={}", alarm.id, decoded.error().to_string());
    }
  }
}

Result<std::vector<Delivery>> AlarmStore::undelivered() {
  auto select = db_.prepare("SELECT id, alarm, type, address, payload FROM outbox ORDER BY id");
  if (!select) return pass_on(select.error());
  std::vector<Delivery> found;
  for (;;) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) return found;
    Delivery delivery;
    delivery.id = select->integer();
    delivery.alarm_id = select->text();
    const auto type = parse_target_type(select->text());
    delivery.target = {type.value_or(TargetType::kWebhook), select->text()};
    delivery.payload = select->text();
    if (type) found.push_back(std::move(delivery));
  }
}

Status AlarmStore::put_row(const Alarm& alarm) {
  auto row = db_.prepare("INSERT OR REPLACE INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!row) return pass_on(row.error());
  std::optional<std::string> value;
  if (alarm.value) value = fmt::format("{}", *alarm.value);
  row->bind(alarm.id).bind(encode_rule(alarm.rule).dump()).bind(to_string(alarm.state)).bind(alarm.since_s);
  row->bind_optional(value).bind(int64_t{alarm.told}).bind(alarm.created_s).bind(alarm.updated_s);
  return row->run();
}

Status AlarmStore::put(const Alarm& alarm, std::vector<Delivery>& deliveries) {
  auto transaction = store::Transaction::begin(db_, store::Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  if (auto status = put_row(alarm); !status) return status;
  for (Delivery& delivery : deliveries) {
    auto row = db_.prepare("INSERT INTO outbox (alarm, type, address, payload) VALUES (?, ?, ?, ?)");
    if (!row) return pass_on(row.error());
    row->bind(delivery.alarm_id).bind(to_string(delivery.target.type)).bind(delivery.target.address);
    if (auto status = row->bind(delivery.payload).run(); !status) return status;
    const auto id = db_.integer("SELECT last_insert_rowid()");
    if (!id) return pass_on(id.error());
    delivery.id = *id;
  }
  return transaction->commit();
}

Status AlarmStore::erase(const std::string& id) {
  auto transaction = store::Transaction::begin(db_, store::Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  for (const char* sql : {"DELETE FROM alarm WHERE id = ?", "DELETE FROM outbox WHERE alarm = ?"}) {
    auto row = db_.prepare(sql);
    if (!row) return pass_on(row.error());
    if (auto status = row->bind(id).run(); !status) return status;
  }
  return transaction->commit();
}

Status AlarmStore::delivered(int64_t delivery_id) {
  auto row = db_.prepare("DELETE FROM outbox WHERE id = ?");
  if (!row) return pass_on(row.error());
  return row->bind(delivery_id).run();
}

}  // namespace elb::telemetry
