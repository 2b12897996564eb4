// SPDX-License-Identifier: Apache-2.0
#include "telemetry/alarm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace elb::telemetry {
namespace {

constexpr std::string_view kStates[] = {"insufficient_data", "ok", "alarm"};
constexpr std::string_view kStatistics[] = {"average", "max", "min", "sum"};
constexpr std::string_view kComparisons[] = {">", ">=", "<", "<=", "="};
constexpr std::string_view kComparisonWords[] = {"above", "at least", "below", "at most", "equal to"};
constexpr std::string_view kSeverities[] = {"critical", "major", "minor", "info"};
constexpr std::string_view kTargets[] = {"webhook", "email", "exec"};

template <class T, size_t N>
std::optional<T> parse(const std::string_view (&words)[N], std::string_view text) {
  for (size_t i = 0; i < N; ++i)
    if (words[i] == text) return static_cast<T>(i);
  return std::nullopt;
}

/// Neither blanks nor control characters nor what ends a mail address or a header.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '<' && c != '>' && c != '"' && c != '\\';
  });
}

Status check_webhook(const std::string& field, const std::string& url) {
  const size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  const size_t host_end = std::min(url.find_first_of("/?#", scheme), url.size());
  if (scheme == 0 || host_end == scheme || url.size() > kUrlMax || !is_plain(url))
    return invalid(field, fmt::format("must be an http:// or https:// URL of at most {} characters", kUrlMax));
  if (url.substr(scheme, host_end - scheme).find('@') != std::string::npos)
    return invalid(field, "must not hold a user or a password");
  return {};
}

Status check_mail(const std::string& field, const std::string& address) {
  const size_t at = address.find('@');
  const bool good = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                    address.find('@', at + 1) == std::string::npos && address.size() <= kMailAddressMax &&
                    is_plain(address) && address.front() != '-';
  return good ? Status{} : invalid(field, "must be a mail address such as ops@example.com");
}

Status check_target(const std::string& path, const Target& target, const ChannelOptions& channels) {
  switch (target.type) {
    case TargetType::kWebhook:
      return check_webhook(path + ".address", target.address);
    case TargetType::kEmail:
      if (channels.mail_relay.empty())
        return fail(ErrorCode::kUnsupported, "this node sends no e-mail: elb-agent --mail-relay is not set",
                    path + ".type");
      return check_mail(path + ".address", target.address);
    case TargetType::kExec:
      if (channels.command.empty())
        return fail(ErrorCode::kUnsupported, "this node runs no command: elb-agent --alarm-command is not set",
                    path + ".type");
      if (!target.address.empty())
        return invalid(path + ".address", "must not be given: the command is the one that elb-agent was started with");
      return {};
  }
  return {};
}

bool breaches(const AlarmRule& rule, double value) {
  switch (rule.comparison) {
    case Comparison::kAbove:
      return value > rule.threshold;
    case Comparison::kAtLeast:
      return value >= rule.threshold;
    case Comparison::kBelow:
      return value < rule.threshold;
    case Comparison::kAtMost:
      return value <= rule.threshold;
    case Comparison::kEqual:
      return value == rule.threshold;
  }
  return false;
}

}  // namespace

std::string_view to_string(AlarmState state) { return kStates[static_cast<size_t>(state)]; }
std::string_view to_string(Statistic statistic) { return kStatistics[static_cast<size_t>(statistic)]; }
std::string_view to_string(Comparison comparison) { return kComparisons[static_cast<size_t>(comparison)]; }
std::string_view to_string(Severity severity) { return kSeverities[static_cast<size_t>(severity)]; }
std::string_view to_string(TargetType type) { return kTargets[static_cast<size_t>(type)]; }
std::optional<AlarmState> parse_alarm_state(std::string_view text) { return parse<AlarmState>(kStates, text); }
std::optional<Statistic> parse_statistic(std::string_view text) { return parse<Statistic>(kStatistics, text); }
std::optional<Comparison> parse_comparison(std::string_view text) { return parse<Comparison>(kComparisons, text); }
std::optional<Severity> parse_severity(std::string_view text) { return parse<Severity>(kSeverities, text); }
std::optional<TargetType> parse_target_type(std::string_view text) { return parse<TargetType>(kTargets, text); }

Status validate(const AlarmRule& rule, const ChannelOptions& channels) {
  if (rule.name.empty() || rule.name.size() > kAlarmNameMax)
    return invalid("name", fmt::format("must be 1 to {} bytes long", kAlarmNameMax));
  if (rule.description.size() > kAlarmNameMax)
    return invalid("description", fmt::format("must be at most {} bytes long", kAlarmNameMax));
  if (!std::isfinite(rule.threshold)) return invalid("threshold", "must be a finite number");
  if (std::find(std::begin(kPeriods), std::end(kPeriods), rule.period_s) == std::end(kPeriods))
    return invalid("period",
                   fmt::format("must be one of {} seconds, got {}", fmt::join(kPeriods, ", "), rule.period_s));
  if (rule.count < 1 || rule.count > kAlarmCountMax)
    return invalid("count", fmt::format("must be 1 to {}, got {}", kAlarmCountMax, rule.count));
  if (rule.targets.size() > kAlarmTargetsMax)
    return invalid("notifications", fmt::format("must be at most {}", kAlarmTargetsMax));
  if (rule.notify && rule.targets.empty())
    return invalid("notifications", "must name at least one while notification_enabled is true");
  for (size_t i = 0; i < rule.targets.size(); ++i)
    if (auto status = check_target(fmt::format("notifications[{}]", i), rule.targets[i], channels); !status)
      return status;
  return {};
}

double value_of(const Sample& sample, Statistic statistic) {
  switch (statistic) {
    case Statistic::kAverage:
      return sample.average();
    case Statistic::kMax:
      return sample.max;
    case Statistic::kMin:
      return sample.min;
    case Statistic::kSum:
      return sample.sum;
  }
  return 0;
}

AlarmState judge(const AlarmRule& rule, AlarmState before, std::optional<double> value, int& streak) {
  if (!value) {
    streak = 0;
    return AlarmState::kInsufficientData;
  }
  if (!breaches(rule, *value)) {
    streak = 0;
    return AlarmState::kOk;
  }
  streak = std::min(streak + 1, rule.count);
  if (streak >= rule.count) return AlarmState::kAlarm;
  return before == AlarmState::kAlarm ? before : AlarmState::kOk;  // only a period without a breach ends an alarm
}

std::string reason_of(const Alarm& alarm) {
  const AlarmRule& rule = alarm.rule;
  const MetricInfo& info = kMetrics[rule.metric];
  if (!rule.enabled) return "the rule is disabled";
  if (!alarm.value) return fmt::format("no data of {} yet", info.id);
  const std::string value = fmt::format("{} of {} ({}) is {:.6g} {}", to_string(rule.statistic), info.id, info.title,
                                        *alarm.value, info.unit);
  const std::string_view word = kComparisonWords[static_cast<size_t>(rule.comparison)];
  if (alarm.state == AlarmState::kAlarm)
    return fmt::format("{}: {} {:.6g} for {} x {} s", value, word, rule.threshold, rule.count, rule.period_s);
  return fmt::format("{}; the alarm is for {} {:.6g}", value, word, rule.threshold);
}

}  // namespace elb::telemetry
