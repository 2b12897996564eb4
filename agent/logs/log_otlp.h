// SPDX-License-Identifier: Apache-2.0
// Access logs to an OpenTelemetry collector: OTLP/HTTP with JSON (the proto's JSON mapping: 64-bit numbers as text).
// Thread rule: as LogOutlet; otlp_request() is pure.
#pragma once

#include <span>
#include <string>

#include "logs/log_sink.h"

namespace elb::logs {

/// ExportLogsServiceRequest of these lines.
std::string otlp_request(const LogBatch& batch, std::span<const LogBatch::Entry> entries, const std::string& node);

class LogOtlp final : public LogOutlet {
 public:
  /// `url` without a path gets /v1/logs, the collector's own. Redirects are not followed.
  LogOtlp(std::string url, std::string node) : url_(std::move(url)), node_(std::move(node)) {}
  std::string_view name() const override { return "otlp"; }
  Status deliver(const LogBatch& batch, bool again) override;

 private:
  const std::string url_, node_;
  size_t next_ = 0;  // of a batch that failed in its middle: the first entry that was not taken
};

}  // namespace elb::logs
