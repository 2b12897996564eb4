// SPDX-License-Identifier: Apache-2.0
// An alarm: a rule over one series, and what it has come to (AL-01). Conditions such as an unhealthy member, a
// certificate that expires or a full flow table are series too, so that one kind of rule does for all.
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "telemetry/query.h"

namespace elb::telemetry {

inline constexpr int kAlarmCountMax = 100;
inline constexpr size_t kAlarmTargetsMax = 10;
inline constexpr size_t kAlarmsMax = 1000;
inline constexpr size_t kAlarmNameMax = 255;
inline constexpr size_t kUrlMax = 1024;
inline constexpr size_t kMailAddressMax = 254;  // RFC 5321 section 4.5.3.1, path without brackets

enum class AlarmState : uint8_t { kInsufficientData, kOk, kAlarm };
enum class Statistic : uint8_t { kAverage, kMax, kMin, kSum };
enum class Comparison : uint8_t { kAbove, kAtLeast, kBelow, kAtMost, kEqual };
enum class Severity : uint8_t { kCritical, kMajor, kMinor, kInfo };
enum class TargetType : uint8_t { kWebhook, kEmail, kExec };

struct Target {
  TargetType type = TargetType::kWebhook;
  std::string address;  // URL or mail address; empty for kExec, whose command is the node's
  bool operator==(const Target&) const = default;
};

struct AlarmRule {
  std::string name, description;
  bool enabled = true;
  Dimensions dimensions;
  Metric metric = kConcurrent;
  Statistic statistic = Statistic::kAverage;
  Comparison comparison = Comparison::kAbove;
  double threshold = 0;
  int64_t period_s = 60;
  int count = 1;  // periods in a row
  Severity severity = Severity::kMajor;
  bool notify = true;
  std::vector<Target> targets;
};

struct Alarm {
  std::string id;
  AlarmRule rule;
  AlarmState state = AlarmState::kInsufficientData;
  int64_t since_s = 0;  // of the state
  std::optional<double> value;
  bool told = false;  // an ALARM went out whose OK is still owed
  int64_t created_s = 0, updated_s = 0;
};

/// kStart: STARTTLS (RFC 3207), without which no mail is sent. kWhole: TLS from the first byte on (RFC 8314).
enum class MailTls : uint8_t { kOff, kStart, kWhole };

/// Where notifications can go besides webhooks.
struct ChannelOptions {
  std::string command;     // empty: none
  std::string mail_relay;  // HOST or HOST:PORT; empty: none
  std::string mail_from;
  MailTls mail_tls = MailTls::kOff;
  std::string mail_ca_file;  // PEM of who vouches for the relay; empty: whom the system trusts
  std::string mail_user;     // empty: no authentication
  std::string mail_password;
};

std::string_view to_string(AlarmState state);  // "insufficient_data"
std::string_view to_string(Statistic statistic);
std::string_view to_string(Comparison comparison);  // ">"
std::string_view to_string(Severity severity);
std::string_view to_string(TargetType type);
std::optional<AlarmState> parse_alarm_state(std::string_view text);
std::optional<Statistic> parse_statistic(std::string_view text);
std::optional<Comparison> parse_comparison(std::string_view text);
std::optional<Severity> parse_severity(std::string_view text);
std::optional<TargetType> parse_target_type(std::string_view text);

/// Everything but what depends on the configuration (check_dimensions(), check_metric()).
Status validate(const AlarmRule& rule, const ChannelOptions& channels);

double value_of(const Sample& sample, Statistic statistic);

/// The state after a period with that value (none: no data). `streak` counts the breaches in a row.
AlarmState judge(const AlarmRule& rule, AlarmState before, std::optional<double> value, int& streak);

/// "average of m1_cps is 12, above 10 for 3 periods of 60 s", for people.
std::string reason_of(const Alarm& alarm);

}  // namespace elb::telemetry
