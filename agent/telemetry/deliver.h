// SPDX-License-Identifier: Apache-2.0
// One attempt to send one notification: by HTTP, by SMTP or to a command (AL-02). Private to telemetry.
// Thread rule: any thread; blocks for seconds, so none that serves anything.
#pragma once

#include <string>

#include "base/result.h"
#include "telemetry/alarm.h"

namespace elb::telemetry {

/// The error says what went wrong with whom; a later attempt may work.
Status deliver(const ChannelOptions& channels, const Target& target, const std::string& payload);

Status post_webhook(const std::string& url, const std::string& payload);
Status send_mail(const ChannelOptions& channels, const std::string& to, const std::string& payload);
Status run_command(const std::string& program, const std::string& payload);

/// The whole mail, header and body, with CRLF line ends and the closing dot line (RFC 5321, 5322, 2047).
std::string mail_text(const std::string& from, const std::string& to, const std::string& payload);

}  // namespace elb::telemetry
