// SPDX-License-Identifier: Apache-2.0
#include "main/flow_log_service.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace elb {
namespace {

constexpr size_t kBatchBytes = size_t{1} << 20;

/// "2026-11-29T10:20:30.125Z"
std::string stamp(WallTime time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{}.{:03}Z", format_utc(time), ms % 1000);
}

}  // namespace

// Nothing in it comes from a client but addresses and numbers, so there is nothing to escape.
void append_flow_line(const model::FlowEvent& event, uint32_t sampling, std::string& out) {
  const model::FlowRecord& flow = event.flow;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"time":"{}","event":"{}","sampling":{},"protocol":"{}")", stamp(event.at),
                 event.ended ? "ended" : "opened", sampling, to_string(flow.protocol));
  fmt::format_to(to, R"(,"listener_id":"{}","member_id":"{}")", flow.listener_id, flow.member_id);
  fmt::format_to(to, R"(,"client":"{}","vip":"{}","local":"{}","member":"{}")", flow.client.to_string(),
                 flow.vip.to_string(), flow.local.to_string(), flow.member.to_string());
  if (event.ended) {
    fmt::format_to(to, R"(,"why":"{}")", event.why);
    if (event.opened) fmt::format_to(to, R"(,"opened":"{}")", stamp(*event.opened));
    fmt::format_to(to, R"(,"last_packet":"{}")", stamp(event.last_packet));
    fmt::format_to(to, R"(,"packets_in":{},"bytes_in":{},"packets_out":{},"bytes_out":{})", flow.packets_in,
                   flow.bytes_in, flow.packets_out, flow.bytes_out);
  }
  out += "}\n";
}

Result<std::unique_ptr<FlowLogService>> FlowLogService::start(const Options& options, const Clock& clock) {
  std::unique_ptr<FlowLogService> service(new FlowLogService());
  service->sampling_ = options.dataplane.flow_sampling;
  if (service->sampling_ == 0) return service;
  logs::LogFileOptions files;
  files.directory = options.flow_log_directory;
  files.rotate_bytes = static_cast<uint64_t>(options.access_logs.rotate_mb) << 20;
  files.rotate_every = std::chrono::seconds(options.access_logs.rotate_s);
  files.pack = {options.access_logs.compress, static_cast<size_t>(options.access_logs.keep), false};
  auto log = logs::FlowLog::open(files, clock);
  if (!log) {
    log.error().field = "flow-log-directory";
    return pass_on(std::move(log.error()));
  }
  service->log_ = std::move(*log);
  return service;
}

model::TakeFlowEvents FlowLogService::taker() {
  if (!log_) return {};
  return [this](const std::vector<model::FlowEvent>& events, uint64_t lost) { take(events, lost); };
}

void FlowLogService::take(const std::vector<model::FlowEvent>& events, uint64_t lost) {
  std::string text;
  size_t records = 0;
  for (const model::FlowEvent& event : events) {
    append_flow_line(event, sampling_, text);
    ++records;
    if (text.size() < kBatchBytes) continue;
    log_->offer(std::exchange(text, {}), std::exchange(records, 0), 0);
  }
  log_->offer(std::move(text), records, lost);
}

void FlowLogService::reopen() {
  if (log_) log_->reopen();
}

std::optional<telemetry::AccessLogCounts::Sink> FlowLogService::counts() const {
  if (!log_) return std::nullopt;
  const auto now = log_->counts();
  return telemetry::AccessLogCounts::Sink{now.name, now.delivered, now.lost, now.failures};
}

}  // namespace elb
