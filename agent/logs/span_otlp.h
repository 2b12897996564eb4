// SPDX-License-Identifier: Apache-2.0
// Spans of traced requests to an OpenTelemetry collector: OTLP/HTTP with JSON. A span is a line of the access log with
// its place in a trace before it, as the proxy writes it, so that it can say all that the log says.
// Thread rule: SpanOtlp as LogOutlet; the functions are pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logs/log_sink.h"

namespace elb::logs {

inline constexpr std::string_view kSpanMark = "#span ";

/// Of lines that begin with kSpanMark; those that are none are left out.
LogBatchPtr span_batch(const std::vector<std::string>& lines);

/// ExportTraceServiceRequest of these spans.
std::string otlp_spans(std::span<const LogBatch::Entry> entries, const std::string& node);

class SpanOtlp final : public LogOutlet {
 public:
  /// `url` without a path gets /v1/traces, the collector's own. Redirects are not followed.
  SpanOtlp(std::string url, std::string node) : url_(std::move(url)), node_(std::move(node)) {}
  std::string_view name() const override { return "trace"; }
  Status deliver(const LogBatch& batch, bool again) override;

 private:
  const std::string url_, node_;
  size_t next_ = 0;  // of a batch that failed in its middle: the first span that was not taken
};

}  // namespace elb::logs
