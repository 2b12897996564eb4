// SPDX-License-Identifier: Apache-2.0
#include "main/log_service.h"

#include <unistd.h>

#include <array>

#include "logs/log_files.h"
#include "logs/log_otlp.h"
#include "logs/log_syslog.h"
#include "logs/span_otlp.h"

namespace elb {
namespace {

std::string node_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "-";
  return name.data();
}

logs::LogForm form_of(const std::string& word) {
  if (word == "json") return logs::LogForm::kJson;
  return word == "extended" ? logs::LogForm::kExtended : logs::LogForm::kGuide;
}

logs::LogFileOptions files_of(const AccessLogOptions& options) {
  logs::LogFileOptions files;
  files.directory = options.directory;
  files.form = form_of(options.form);
  files.rotate_bytes = static_cast<uint64_t>(options.rotate_mb) << 20;
  files.rotate_every = std::chrono::seconds(options.rotate_s);
  files.pack = {options.compress, static_cast<size_t>(options.keep), !options.s3.empty()};
  return files;
}

Error about(std::string field, Error error) {
  error.field = std::move(field);
  return error;
}

}  // namespace

Result<std::unique_ptr<LogService>> LogService::start(const Options& options, const Clock& clock) {
  const AccessLogOptions& own = options.access_logs;
  std::unique_ptr<LogService> service(new LogService());
  if (!own.any() && own.spans.empty()) return service;
  service->takes_lines_ = own.any();
  std::vector<std::unique_ptr<logs::LogOutlet>> outlets;
  if (!own.directory.empty()) {
    auto files = logs::LogFiles::open(files_of(own), clock);
    if (!files) return pass_on(about("access-log-directory", std::move(files.error())));
    outlets.push_back(std::move(*files));
  }
  if (!own.syslog.empty()) {
    auto syslog = logs::parse_syslog(own.syslog);
    if (!syslog) return pass_on(about("access-log-syslog", std::move(syslog.error())));
    syslog->hostname = node_name();
    outlets.push_back(std::make_unique<logs::LogSyslog>(*syslog));
  }
  if (!own.otlp.empty()) {
    if (auto target = logs::parse_target(own.otlp); !target)
      return pass_on(about("access-log-otlp", std::move(target.error())));
    outlets.push_back(std::make_unique<logs::LogOtlp>(own.otlp, node_name()));
  }
  if (!own.s3.empty()) {
    auto credentials = logs::read_s3_credentials(own.s3_credentials);
    if (!credentials) return pass_on(about("access-log-s3-credentials", std::move(credentials.error())));
    auto transfer = logs::LogTransfer::start({own.directory, own.s3, *credentials}, clock);
    if (!transfer) return pass_on(about("access-log-s3", std::move(transfer.error())));
    service->transfer_ = std::move(*transfer);
  }
  std::unique_ptr<logs::LogOutlet> spans;
  if (!own.spans.empty()) {
    if (auto target = logs::parse_target(own.spans); !target)
      return pass_on(about("trace-otlp", std::move(target.error())));
    spans = std::make_unique<logs::SpanOtlp>(own.spans, node_name());
  }
  service->hub_ =
      std::make_unique<logs::LogHub>([raw = service.get()](std::string_view id) { return raw->route_of(id); },
                                     std::move(outlets), own.directory, std::move(spans));
  return service;
}

namespace {

std::optional<logs::LogRoute> route_in(const model::Model& model, std::string_view loadbalancer_id) {
  const auto found = model.load_balancers.find(std::string(loadbalancer_id));
  if (found == model.load_balancers.end() || !found->second->access_log) return std::nullopt;
  const model::AccessLogTarget& target = *found->second->access_log;
  return logs::LogRoute{target.group, target.stream, found->second->project_id};
}

}  // namespace

std::optional<logs::LogRoute> LogService::route_of(std::string_view loadbalancer_id) const {
  const std::lock_guard lock(mutex_);
  if (!model_) return std::nullopt;
  if (auto route = route_in(*model_, loadbalancer_id); route) return route;
  const auto gone = gone_.find(loadbalancer_id);
  if (gone == gone_.end()) return std::nullopt;
  return gone->second;
}

void LogService::publish(control::ModelPtr model) {
  const std::lock_guard lock(mutex_);
  if (model_) {
    for (const auto& [id, load_balancer] : model_->load_balancers) {
      if (!load_balancer->access_log || route_in(*model, id)) continue;
      if (gone_.size() >= kGoneMax) gone_.erase(gone_.begin());
      gone_.insert_or_assign(id, *route_in(*model_, id));
    }
  }
  model_ = std::move(model);
}

std::function<Fd()> LogService::pipe_maker() {
  if (!hub_) return {};
  return [this] { return hub_->make_pipe(); };
}

void LogService::reopen() {
  if (hub_) hub_->reopen();
}

telemetry::AccessLogCounts LogService::counts() const {
  telemetry::AccessLogCounts counts;
  if (!hub_) return counts;
  const logs::LogCounts now = hub_->counts();
  counts.sinks.push_back({"proxy", now.lines, now.lost, 0});
  for (const auto& sink : now.sinks) counts.sinks.push_back({sink.name, sink.delivered, sink.lost, sink.failures});
  counts.unrouted = now.unknown;
  counts.lost_spans = now.lost_spans;
  if (now.spans) counts.spans = {now.spans->name, now.spans->delivered, now.spans->lost, now.spans->failures};
  if (transfer_) counts.transferred = transfer_->counts().transferred;
  return counts;
}

}  // namespace elb
