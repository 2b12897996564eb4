// SPDX-License-Identifier: Apache-2.0
// Access logs to a syslog server: RFC 5424 over UDP (RFC 5426, a line each datagram) or TCP (RFC 6587 with octet
// counting). The line is the guide's; stream, project and why the request ended are structured data. Over TCP what the
// kernel has taken counts as delivered: syslog has no acknowledgement. Thread rule: as LogOutlet.
#pragma once

#include <string>

#include "base/fd.h"
#include "logs/log_sink.h"

namespace elb::logs {

struct SyslogOptions {
  bool tcp = false;
  std::string host;
  std::string port = "514";
  std::string hostname = "-";  // of this node
};
/// "udp://HOST[:PORT]" or "tcp://HOST[:PORT]".
Result<SyslogOptions> parse_syslog(const std::string& url);

/// One message, without framing.
std::string syslog_message(const SyslogOptions& options, const LogLine& line, const LogRoute& route);

class LogSyslog final : public LogOutlet {
 public:
  explicit LogSyslog(SyslogOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return "syslog"; }
  Status deliver(const LogBatch& batch, bool again) override;

 private:
  Status connect();
  Status send(std::string_view bytes);

  const SyslogOptions options_;
  Fd socket_;
  size_t next_ = 0;  // of a batch that failed in its middle: the first entry that was not sent
};

}  // namespace elb::logs
