// SPDX-License-Identifier: Apache-2.0
// LineSocket: a TCP connection spoken to in lines, each call bounded by one deadline for all of them. Private to
// telemetry. Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace elb::telemetry {

class LineSocket {
 public:
  /// `host` is a name or an address. Resolving is the system's and not bounded by the deadline.
  static Result<LineSocket> connect(const std::string& host, const std::string& port, SteadyTime deadline);

  Status write(std::string_view text);
  /// Without its line end; kUnavailable when none comes in time or the line is longer than SMTP allows.
  Result<std::string> read_line();

 private:
  LineSocket(Fd socket, SteadyTime deadline) : socket_(std::move(socket)), deadline_(deadline) {}

  Fd socket_;
  SteadyTime deadline_;
  std::string buffer_;
};

}  // namespace elb::telemetry
