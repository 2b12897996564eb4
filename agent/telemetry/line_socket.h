// SPDX-License-Identifier: Apache-2.0
// LineSocket: a TCP connection spoken to in lines, each call bounded by one deadline for all of them; with TLS from
// some point on. Private to telemetry. Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

struct ssl_st;

namespace elb::telemetry {

class LineSocket {
 public:
  /// `host` is a name or an address. Resolving is the system's and not bounded by the deadline.
  static Result<LineSocket> connect(const std::string& host, const std::string& port, SteadyTime deadline);

  /// From here on everything is encrypted, with somebody whose certificate is valid for `host`, a name or an address.
  /// `ca_file`: PEM of those who may have signed it; empty: whom the system trusts.
  Status start_tls(const std::string& host, const std::string& ca_file);

  Status write(std::string_view text);
  /// Without its line end; kUnavailable when none comes in time or the line is longer than SMTP allows.
  Result<std::string> read_line();

 private:
  struct Free {
    void operator()(ssl_st* tls) const;
  };
  /// Until the TLS library can go on after `result`; an error where it cannot.
  Status wait_for_tls(int result, std::string_view what);

  LineSocket(Fd socket, SteadyTime deadline) : socket_(std::move(socket)), deadline_(deadline) {}

  Fd socket_;
  SteadyTime deadline_;
  std::unique_ptr<ssl_st, Free> tls_;  // null: plain
  std::string buffer_;
};

}  // namespace elb::telemetry
