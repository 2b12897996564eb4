// SPDX-License-Identifier: Apache-2.0
#include "main/telemetry_service.h"

namespace elb {
namespace {

telemetry::ChannelOptions channels_of(const AlarmOptions& alarms) {
  telemetry::ChannelOptions channels;
  channels.command = alarms.command;
  channels.mail_relay = alarms.mail_relay;
  channels.mail_from = alarms.mail_from;
  channels.mail_tls = alarms.mail_tls == "tls"        ? telemetry::MailTls::kWhole
                      : alarms.mail_tls == "starttls" ? telemetry::MailTls::kStart
                                                      : telemetry::MailTls::kOff;
  channels.mail_ca_file = alarms.mail_ca_file;
  channels.mail_user = alarms.mail_user;
  channels.mail_password = alarms.mail_password;
  return channels;
}

}  // namespace

TelemetryService::TelemetryService(const Options& options, telemetry::Sources sources, const Clock& clock,
                                   Random& random) {
  sources.version = ELB_RELEASE;
  telemetry::TelemetryOptions own;
  own.series_file = options.store + ".metrics";
  own.series_bytes = options.metrics_mb << 20;
  own.alarm_file = options.store + ".alarms";
  own.channels = channels_of(options.alarms);
  telemetry_ = std::make_unique<telemetry::Telemetry>(std::move(sources), clock, random, std::move(own));
  telemetry_->start();
}

}  // namespace elb
