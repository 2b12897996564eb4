// SPDX-License-Identifier: Apache-2.0
// AL-01, AL-02 by a scripted clock.
#include "telemetry/alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "telemetry/alarm_json.h"
#include "telemetry/telemetry.h"
#include "unit/store/temp_dir.h"
#include "unit/telemetry/world.h"

namespace elb::test {
namespace {

using namespace std::chrono_literals;
using namespace telemetry;

AlarmRule sample_rule() {
  AlarmRule rule;
  rule.name = "unhealthy";
  rule.dimensions = {"lb", ""};
  rule.metric = kAbnormalServers;
  rule.targets = {{TargetType::kWebhook, "http://127.0.0.1:1/hook"}};
  return rule;
}

TEST(AlarmRule, each_breach_names_its_field) {
  const ChannelOptions none;
  EXPECT_TRUE(validate(sample_rule(), none));
  const auto field = [&](auto change) {
    AlarmRule rule = sample_rule();
    change(rule);
    const Status status = validate(rule, none);
    return status ? "" : status.error().field;
  };
  EXPECT_EQ(field([](auto& rule) { rule.name.clear(); }), "name");
  EXPECT_EQ(field([](auto& rule) { rule.name = std::string(256, 'x'); }), "name");
  EXPECT_EQ(field([](auto& rule) { rule.threshold = std::numeric_limits<double>::infinity(); }), "threshold");
  EXPECT_EQ(field([](auto& rule) { rule.period_s = 61; }), "period");
  EXPECT_EQ(field([](auto& rule) { rule.count = 0; }), "count");
  EXPECT_EQ(field([](auto& rule) { rule.count = 101; }), "count");
  EXPECT_EQ(field([](auto& rule) { rule.targets.clear(); }), "notifications");
  EXPECT_EQ(field([](auto& rule) { rule.targets.resize(11, rule.targets[0]); }), "notifications");
  for (const char* url :
       {"", "ftp://x/", "http://", "http:///path", "http://a b/", "http://u:p@host/", "http://x/\r\nA: b"})
    EXPECT_EQ(field([url](auto& rule) { rule.targets[0].address = url; }), "notifications[0].address") << url;
  EXPECT_EQ(field([](auto& rule) {
              rule.targets[0] = {TargetType::kEmail, "ops@example.com"};
            }),
            "notifications[0].type");
  EXPECT_EQ(field([](auto& rule) { rule.targets[0] = {TargetType::kExec, ""}; }), "notifications[0].type");
  EXPECT_EQ(field([](auto& rule) {
              rule.notify = false;
              rule.targets.clear();
            }),
            "");
  const ChannelOptions all{"/bin/true", "localhost", "elb@example.com"};
  AlarmRule rule = sample_rule();
  rule.targets = {{TargetType::kEmail, "ops@example.com"}, {TargetType::kExec, ""}};
  EXPECT_TRUE(validate(rule, all));
  rule.targets[1].address = "/bin/sh";
  EXPECT_EQ(validate(rule, all).error().field, "notifications[1].address") << "never from the API";
  for (const char* mail : {"x", "@x", "x@", "a@b@c", "a b@c", "a@b>\r\nRCPT TO:<c", "-x@y"}) {
    rule.targets = {{TargetType::kEmail, mail}};
    EXPECT_FALSE(validate(rule, all)) << mail;
  }
}

TEST(AlarmRule, survives_being_json_and_unknown_fields_are_refused) {
  AlarmRule rule = sample_rule();
  rule.dimensions = {"lb", "l4"};
  rule.comparison = Comparison::kAtMost;
  rule.threshold = 2.5;
  rule.severity = Severity::kInfo;
  AlarmRule back;
  ASSERT_TRUE(decode(encode_rule(rule), back));
  EXPECT_EQ(encode_rule(back).dump(), encode_rule(rule).dump());
  const auto field = [](const char* json) {
    AlarmRule into;
    return decode(*codec::Value::parse(json), into).error().field;
  };
  EXPECT_EQ(field(R"({"state":"ok"})"), "state");
  EXPECT_EQ(field(R"({"nonsense":1})"), "nonsense");
  EXPECT_EQ(field(R"({"threshold":"1"})"), "threshold");
  EXPECT_EQ(field(R"({"operator":"=="})"), "operator");
  EXPECT_EQ(field(R"({"metric_name":"x"})"), "metric_name");
  EXPECT_EQ(field(R"({"name":"a\nb"})"), "name");
  EXPECT_EQ(field(R"({"dimensions":[{"name":"x","value":"y"}]})"), "dimensions[0].name");
  EXPECT_EQ(field(R"({"notifications":[{"type":"webhook","command":"x"}]})"), "notifications[0].command");
}

TEST(AlarmRule, AL_01_an_alarm_takes_count_breaches_in_a_row) {
  AlarmRule rule = sample_rule();
  rule.count = 3;
  rule.threshold = 10;
  int streak = 0;
  AlarmState state = AlarmState::kInsufficientData;
  const auto step = [&](std::optional<double> value) { return state = judge(rule, state, value, streak); };
  EXPECT_EQ(step(std::nullopt), AlarmState::kInsufficientData);
  EXPECT_EQ(step(11), AlarmState::kOk);
  EXPECT_EQ(step(11), AlarmState::kOk);
  EXPECT_EQ(step(10), AlarmState::kOk) << "not above";
  EXPECT_EQ(step(11), AlarmState::kOk);
  EXPECT_EQ(step(11), AlarmState::kOk);
  EXPECT_EQ(step(11), AlarmState::kAlarm);
  EXPECT_EQ(step(11), AlarmState::kAlarm);
  EXPECT_EQ(step(9), AlarmState::kOk);
  EXPECT_EQ(step(11), AlarmState::kOk);
  EXPECT_EQ(step(std::nullopt), AlarmState::kInsufficientData);
}

TEST(AlarmRule, AL_01_operators_and_statistics) {
  const Sample sample{4, 20, 1, 9};
  EXPECT_EQ(value_of(sample, Statistic::kAverage), 5);
  EXPECT_EQ(value_of(sample, Statistic::kSum), 20);
  EXPECT_EQ(value_of(sample, Statistic::kMin), 1);
  EXPECT_EQ(value_of(sample, Statistic::kMax), 9);
  const auto breach = [](Comparison comparison, double value) {
    AlarmRule rule = sample_rule();
    rule.threshold = 5;
    rule.comparison = comparison;
    int streak = 0;
    return judge(rule, AlarmState::kOk, value, streak) == AlarmState::kAlarm;
  };
  const std::tuple<Comparison, bool, bool, bool> rows[] = {{Comparison::kAbove, false, false, true},
                                                           {Comparison::kAtLeast, false, true, true},
                                                           {Comparison::kBelow, true, false, false},
                                                           {Comparison::kAtMost, true, true, false},
                                                           {Comparison::kEqual, false, true, false}};
  for (const auto& [comparison, at4, at5, at6] : rows) {
    EXPECT_EQ(breach(comparison, 4), at4) << to_string(comparison);
    EXPECT_EQ(breach(comparison, 5), at5) << to_string(comparison);
    EXPECT_EQ(breach(comparison, 6), at6) << to_string(comparison);
  }
}

class AlarmsTest : public ::testing::Test {
 protected:
  AlarmsTest() {
    clock_.step_wall(40s);  // to the beginning of a minute
    make();
  }
  void make() {
    telemetry_.reset();
    TelemetryOptions options;
    options.series_file = dir_.file("series");
    options.alarm_file = dir_.file("alarms");
    telemetry_ = std::make_unique<Telemetry>(world_.sources(), clock_, random_, options);
  }
  void minutes(int count) {
    for (int i = 0; i < count * 6; ++i) {
      telemetry_->tick();
      clock_.advance(10s);
    }
    telemetry_->tick();
  }
  void member(model::HealthState state) { world_.views.set_health("m1", {state, "refused", {}, {}, -1}); }
  /// States told so far, in order; nothing is ever delivered here, since the notifier does not run.
  std::vector<std::string> told() {
    std::vector<std::string> states;
    auto outbox = *AlarmStore::open(dir_.file("alarms"));
    const std::vector<Delivery> undelivered = *outbox->undelivered();
    for (const Delivery& delivery : undelivered)
      states.push_back(codec::Value::parse(delivery.payload)->get("state").as_string());
    return states;
  }
  AlarmState state(const std::string& id) { return telemetry_->alarms().find(id)->state; }

  const TempDir dir_;
  World world_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<Telemetry> telemetry_;
};

TEST_F(AlarmsTest, AL_02_alarm_and_ok_are_told_once_each) {
  const std::string id = telemetry_->alarms().create(sample_rule())->id;
  EXPECT_EQ(state(id), AlarmState::kInsufficientData);
  minutes(2);
  EXPECT_EQ(state(id), AlarmState::kOk);
  EXPECT_TRUE(told().empty()) << "an OK without an ALARM before it is no news";
  member(model::HealthState::kUnhealthy);
  minutes(5);
  EXPECT_EQ(state(id), AlarmState::kAlarm);
  EXPECT_EQ(told(), std::vector<std::string>{"alarm"});
  member(model::HealthState::kHealthy);
  minutes(5);
  EXPECT_EQ(told(), (std::vector<std::string>{"alarm", "ok"}));
}

TEST_F(AlarmsTest, a_restart_tells_nothing_twice_and_forgets_nothing) {
  const std::string id = telemetry_->alarms().create(sample_rule())->id;
  member(model::HealthState::kUnhealthy);
  minutes(2);
  make();
  EXPECT_EQ(state(id), AlarmState::kAlarm);
  EXPECT_EQ(telemetry_->alarms().counts()[0].pending, 1U) << "still to be delivered";
  minutes(3);
  EXPECT_EQ(told(), std::vector<std::string>{"alarm"});
  member(model::HealthState::kHealthy);
  minutes(2);
  EXPECT_EQ(told(), (std::vector<std::string>{"alarm", "ok"}));
}

TEST_F(AlarmsTest, losing_the_metrics_loses_no_rule) {
  const std::string id = telemetry_->alarms().create(sample_rule())->id;
  minutes(1);
  telemetry_.reset();
  std::filesystem::remove(dir_.file("series"));
  make();
  EXPECT_TRUE(telemetry_->alarms().find(id));
}

TEST_F(AlarmsTest, with_notification_off_or_disabled_nothing_is_told) {
  AlarmRule quiet = sample_rule();
  quiet.notify = false;
  const std::string id = telemetry_->alarms().create(quiet)->id;
  AlarmRule off = sample_rule();
  off.name = "off";
  off.enabled = false;
  const std::string off_id = telemetry_->alarms().create(off)->id;
  member(model::HealthState::kUnhealthy);
  minutes(2);
  EXPECT_EQ(state(id), AlarmState::kAlarm);
  EXPECT_EQ(state(off_id), AlarmState::kInsufficientData);
  EXPECT_TRUE(told().empty());
  off.enabled = true;
  ASSERT_TRUE(telemetry_->alarms().update(off_id, off));
  minutes(1);
  EXPECT_EQ(told(), std::vector<std::string>{"alarm"});
  off.enabled = false;
  EXPECT_EQ(telemetry_->alarms().update(off_id, off)->state, AlarmState::kInsufficientData);
}

TEST_F(AlarmsTest, MON_06_the_rule_of_a_deleted_load_balancer_stays) {
  const std::string id = telemetry_->alarms().create(sample_rule())->id;
  minutes(2);
  world_.model.load_balancers.clear();
  world_.model.listeners.clear();
  world_.model.pools.clear();
  world_.model.members.clear();
  minutes(2);
  EXPECT_EQ(state(id), AlarmState::kInsufficientData);
}

TEST_F(AlarmsTest, conditions_of_the_node_and_GEN_07_TLS_18) {
  AlarmRule rule = sample_rule();
  const auto add = [&](const char* name, Metric metric, Dimensions dimensions, Comparison comparison,
                       double threshold) {
    rule.name = name;
    rule.metric = metric;
    rule.dimensions = dimensions;
    rule.comparison = comparison;
    rule.threshold = threshold;
    return telemetry_->alarms().create(rule)->id;
  };
  const std::string table = add("table", kFlowTableUsed, {}, Comparison::kAbove, 20);
  const std::string ports = add("ports", kPortsExhausted, {}, Comparison::kAbove, 0);
  const std::string zone = add("zone", kZonesWithoutMember, {"lb", ""}, Comparison::kAtLeast, 1);
  const std::string certificate = add("certificate", kCertificateDays, {"lb", ""}, Comparison::kBelow, 14);
  auto listener = sample_listener("l6", "lb", 443, model::Protocol::kHttps);
  listener.tls.certificate_id = "c1";
  put(world_.model, listener);
  auto expiring = sample_certificate("c1");
  expiring.expires_at =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count() + 10 * 86400;
  put(world_.model, expiring);
  member(model::HealthState::kUnhealthy);
  world_.views.set_drops({{"no_port", "", 0, true}});
  minutes(1);
  world_.views.set_drops({{"no_port", "", 1, true}});
  minutes(1);
  for (const std::string& id : {table, ports, zone, certificate})
    EXPECT_EQ(state(id), AlarmState::kAlarm) << telemetry_->alarms().find(id)->rule.name;
  EXPECT_THAT(reason_of(*telemetry_->alarms().find(table)),
              "average of flow_table_used_percent (flow table in use) is 25 %: above 20 for 1 x 60 s");
}

TEST_F(AlarmsTest, names_are_unique_and_unknown_ids_are_told) {
  auto& alarms = telemetry_->alarms();
  const std::string id = alarms.create(sample_rule())->id;
  EXPECT_EQ(alarms.create(sample_rule()).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(alarms.update(id, sample_rule())) << "its own name";
  EXPECT_EQ(alarms.find("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(alarms.remove("x").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(alarms.remove(id));
  EXPECT_TRUE(alarms.all().empty());
}

TEST_F(AlarmsTest, the_button_tells_what_came_of_it) {
  const std::string id = telemetry_->alarms().create(sample_rule())->id;
  const auto attempts = telemetry_->alarms().test(id);
  ASSERT_EQ(attempts->size(), 1U);
  EXPECT_THAT(attempts->at(0).error, ::testing::HasSubstr("http://127.0.0.1:1/hook"));
}

}  // namespace
}  // namespace elb::test
