// SPDX-License-Identifier: Apache-2.0
#include "telemetry/alarm_book.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "telemetry/alarm_json.h"
#include "telemetry/deliver.h"

namespace elb::telemetry {
namespace {

std::string node_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

AlarmBook::AlarmBook(const std::string& path, ChannelOptions channels, const Clock& clock, Random& random)
    : channels_(std::move(channels)),
      clock_(clock),
      random_(random),
      node_(node_name()),
      notifier_(
          clock,
          [this](const Target& target, const std::string& payload) { return deliver(channels_, target, payload); },
          [this](int64_t id) {
            const std::lock_guard lock(mutex_);
            if (const Status status = store_ ? store_->delivered(id) : Status{}; !status)
              log::warn("a delivered notification stays in the file: {}", status.error().to_string());
          }) {
  auto store = AlarmStore::open(path);
  if (!store) {
    log::error("alarms cannot be kept, none are judged: {}", store.error().to_string());
    return;
  }
  auto alarms = (*store)->load();
  auto deliveries = (*store)->undelivered();
  if (!alarms || !deliveries) {
    log::error("alarms cannot be read: {}", (alarms ? deliveries.error() : alarms.error()).to_string());
    return;
  }
  store_ = std::move(*store);
  for (Alarm& alarm : *alarms) entries_[alarm.id].alarm = std::move(alarm);
  for (Delivery& delivery : *deliveries) notifier_.push(std::move(delivery));
}

AlarmBook::~AlarmBook() { stop(); }

void AlarmBook::start() { notifier_.start(); }
void AlarmBook::stop() { notifier_.stop(); }

int64_t AlarmBook::now_s() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
}

std::vector<Alarm> AlarmBook::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Alarm> alarms;
  for (const auto& [id, entry] : entries_) alarms.push_back(entry.alarm);
  return alarms;
}

Result<Alarm> AlarmBook::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(ErrorCode::kNotFound, fmt::format("there is no alarm {}", id));
  return found->second.alarm;
}

Status AlarmBook::check_name(const std::string& name, const std::string& own_id) const {
  for (const auto& [id, entry] : entries_)
    if (id != own_id && entry.alarm.rule.name == name)
      return fail(ErrorCode::kConflict, fmt::format("alarm {} has the name '{}' already", id, name), "name");
  return {};
}

Status AlarmBook::write(const Alarm& alarm, std::vector<Delivery>& deliveries) {
  if (!store_) return fail(ErrorCode::kStorage, "alarms cannot be kept: their file could not be opened at the start");
  return store_->put(alarm, deliveries);
}

Result<Alarm> AlarmBook::create(const AlarmRule& rule) {
  if (auto status = validate(rule, channels_); !status) return pass_on(status.error());
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kAlarmsMax)
    return fail(ErrorCode::kQuota, fmt::format("there are {} alarms already, and that is the most", kAlarmsMax));
  if (auto status = check_name(rule.name, ""); !status) return pass_on(status.error());
  Alarm alarm;
  alarm.id = new_uuid(random_);
  alarm.rule = rule;
  alarm.created_s = alarm.updated_s = alarm.since_s = now_s();
  std::vector<Delivery> none;
  if (auto status = write(alarm, none); !status) return pass_on(status.error());
  entries_[alarm.id].alarm = alarm;
  return alarm;
}

Result<Alarm> AlarmBook::update(const std::string& id, const AlarmRule& rule) {
  if (auto status = validate(rule, channels_); !status) return pass_on(status.error());
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(ErrorCode::kNotFound, fmt::format("there is no alarm {}", id));
  if (auto status = check_name(rule.name, id); !status) return pass_on(status.error());
  Alarm alarm = found->second.alarm;
  const AlarmRule& before = alarm.rule;
  const bool another = before.metric != rule.metric || before.dimensions != rule.dimensions;
  alarm.rule = rule;
  alarm.updated_s = now_s();
  if (another || !rule.enabled) {  // what was known is not of this series
    if (alarm.state != AlarmState::kInsufficientData) alarm.since_s = alarm.updated_s;
    alarm.state = AlarmState::kInsufficientData;
    alarm.value.reset();
    alarm.told = false;
  }
  std::vector<Delivery> none;
  if (auto status = write(alarm, none); !status) return pass_on(status.error());
  found->second.alarm = alarm;
  found->second.streak = 0;
  ++found->second.version;
  return alarm;
}

Status AlarmBook::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!entries_.contains(id)) return fail(ErrorCode::kNotFound, fmt::format("there is no alarm {}", id));
  if (auto status = store_->erase(id); !status) return status;
  entries_.erase(id);
  notifier_.forget(id);
  return {};
}

void AlarmBook::evaluate(int64_t end_s, const Look& look) {
  struct Due {
    std::string id;
    AlarmRule rule;
    uint64_t version;
  };
  std::vector<Due> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_)
      if (entry.alarm.rule.enabled && end_s % entry.alarm.rule.period_s == 0)
        due.push_back({id, entry.alarm.rule, entry.version});
  }
  std::vector<Delivery> deliveries;
  for (const Due& one : due) {
    const std::optional<double> value = look(one.rule, end_s);
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(one.id);
    if (entry == entries_.end() || entry->second.version != one.version) continue;  // changed meanwhile
    settle(entry->second, value, deliveries);
  }
  for (Delivery& delivery : deliveries) notifier_.push(std::move(delivery));
}

void AlarmBook::settle(Entry& entry, std::optional<double> value, std::vector<Delivery>& out) {
  Alarm& alarm = entry.alarm;
  const AlarmState before = alarm.state;
  alarm.value = value;
  alarm.state = judge(alarm.rule, before, value, entry.streak);
  const bool tell_alarm = alarm.rule.notify && alarm.state == AlarmState::kAlarm && !alarm.told;
  const bool tell_ok = alarm.state == AlarmState::kOk && alarm.told;
  if (alarm.state == before && !tell_alarm && !tell_ok) return;
  if (alarm.state != before) alarm.since_s = now_s();
  log::info("alarm id={} state={} was={} reason={}", alarm.id, to_string(alarm.state), to_string(before),
            reason_of(alarm));
  std::vector<Delivery> deliveries;
  if ((tell_alarm || tell_ok) && alarm.rule.notify)
    for (const Target& target : alarm.rule.targets)
      deliveries.push_back({0, alarm.id, target, notification_of(alarm, before, false, node_)});
  if (tell_alarm || tell_ok) alarm.told = tell_alarm;
  if (auto status = write(alarm, deliveries); !status) {
    // Told all the same: a disk that is full is a reason to tell, not to be silent. After a crash it is told again.
    log::warn("an alarm's state cannot be written: {}", status.error().to_string());
    for (Delivery& delivery : deliveries) delivery.id = -static_cast<int64_t>(random_.next() >> 1U);
  }
  std::move(deliveries.begin(), deliveries.end(), std::back_inserter(out));
}

Result<std::vector<AlarmBook::Attempt>> AlarmBook::test(const std::string& id) const {
  const auto alarm = find(id);
  if (!alarm) return pass_on(alarm.error());
  const std::string payload = notification_of(*alarm, alarm->state, true, node_);
  std::vector<Attempt> attempts;
  for (const Target& target : alarm->rule.targets) {
    const Status status = deliver(channels_, target, payload);
    attempts.push_back({target, status ? "" : status.error().to_string()});
  }
  return attempts;
}

}  // namespace elb::telemetry
