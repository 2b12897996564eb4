// SPDX-License-Identifier: Apache-2.0
// LogService: the access logs of load balancers as the agent's options want them. Thread rule: made and destroyed by
// the main thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "control/config_service.h"
#include "logs/log_hub.h"
#include "logs/log_transfer.h"
#include "main/options.h"
#include "telemetry/sources.h"

namespace elb {

class LogService {
 public:
  /// Without a place for them there is a service that does nothing.
  static Result<std::unique_ptr<LogService>> start(const Options& options, const Clock& clock);

  /// Where lines find their stream from here on.
  void publish(control::ModelPtr model);

  /// Empty: there is no place for access logs and spans.
  std::function<Fd()> pipe_maker();
  /// Null: there is no place for access logs; spans may have one.
  logs::LogHub* hub() const { return takes_lines_ ? hub_.get() : nullptr; }
  void reopen();
  telemetry::AccessLogCounts counts() const;

 private:
  LogService() = default;
  std::optional<logs::LogRoute> route_of(std::string_view loadbalancer_id) const;

  static constexpr size_t kGoneMax = 4096;

  mutable std::mutex mutex_;
  control::ModelPtr model_;
  std::map<std::string, logs::LogRoute, std::less<>> gone_;  // of logs switched off, whose last lines are on their way
  bool takes_lines_ = false;
  std::unique_ptr<logs::LogHub> hub_;
  std::unique_ptr<logs::LogTransfer> transfer_;
};

}  // namespace elb
