// SPDX-License-Identifier: Apache-2.0
// elb-proxy, the worker that serves HTTP and HTTPS: read the options, give up every privilege, then do what the
// agent says over the channel. elb-agent starts it; nobody else has a use for it.
#include <sys/socket.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "main/privileges.h"
#include "main/stop_signals.h"
#include "proxy/engine.h"
#include "proxy/worker_link.h"
#include "proxy/worker_process.h"

namespace elb {
namespace {

struct ProxyOptions {
  std::string user = "nobody";
  std::string access_log;
  std::string source_v4;
  std::string source_v6;
  std::string log_level = "info";
  std::string log_format = "text";
};

class Worker final : public proxy::WorkerHandler {
 public:
  Worker(const proxy::EngineOptions& options, std::string access_log, size_t descriptors)
      : options_(options), access_log_path_(std::move(access_log)), descriptors_(descriptors) {}

  Status begin(size_t loops, const proxy::StickyKey& sticky_key, Fd log_pipe) override {
    if (!access_log_path_.empty()) {
      auto log = proxy::AccessLog::open({.path = access_log_path_, .loops = loops});
      if (!log) return pass_on(std::move(log.error()));
      const std::lock_guard lock(mutex_);
      access_log_ = std::move(*log);
    }
    options_.loops = loops;
    options_.idle_members = std::min(options_.idle_members, descriptors_ / (4 * loops));
    options_.sticky_key = sticky_key;
    options_.access_log = access_log_.get();
    if (log_pipe) stream_log_ = proxy::AccessLog::to_agent(std::move(log_pipe), loops);
    options_.stream_log = stream_log_.get();
    auto engine = proxy::Engine::start(options_, clock_, random_);
    if (!engine) return pass_on(std::move(engine.error()));
    engine_ = std::move(*engine);
    return {};
  }
  Status apply(model::SnapshotPtr snapshot) override {
    if (!engine_) return fail(ErrorCode::kInternal, "a snapshot before the greeting");
    return engine_->apply(std::move(snapshot));
  }
  Status adopt(Fd listening) override {
    if (!engine_) return fail(ErrorCode::kInternal, "a socket before the greeting");
    return engine_->adopt_listening_socket(std::move(listening));
  }
  const proxy::Counters* counters() const override { return engine_ ? &engine_->counters() : nullptr; }
  void end(std::chrono::seconds grace) {
    if (!engine_) return;
    if (!engine_->drain(grace)) log::warn("connections are cut open={}", engine_->connections());
    engine_->stop();
  }
  /// By the thread of the signals.
  void reopen_log() {
    const std::lock_guard lock(mutex_);
    if (!access_log_) return;
    if (auto status = access_log_->reopen(); !status)
      log::error("access log stays with its old file error=\"{}\"", status.error().message);
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  proxy::EngineOptions options_;
  const std::string access_log_path_;
  const size_t descriptors_;  // that the process may have
  std::mutex mutex_;          // of the pointer, which is set once
  std::unique_ptr<proxy::AccessLog> access_log_;
  std::unique_ptr<proxy::AccessLog> stream_log_;
  std::unique_ptr<proxy::Engine> engine_;
};

Status read_source(const std::string& text, std::string_view field, std::optional<IpAddress>& source) {
  if (text.empty()) return {};
  auto address = IpAddress::parse(text);
  if (!address) return invalid(std::string(field), address.error().message);
  source = *address;
  return {};
}

/// Taken before anything is opened that could have its number.
Result<Fd> take_channel() {
  int type = 0;
  socklen_t size = sizeof type;
  const int fd = proxy::kWorkerChannelFd;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    return fail(ErrorCode::kInvalid, "there is no channel to elb-agent: it alone starts this program");
  return Fd(fd);
}

Status run(const ProxyOptions& options) {
  auto channel = take_channel();
  if (!channel) return pass_on(std::move(channel.error()));
  proxy::EngineOptions engine;
  if (auto status = read_source(options.source_v4, "source-v4", engine.source_v4); !status) return status;
  if (auto status = read_source(options.source_v6, "source-v6", engine.source_v6); !status) return status;
  if (auto status = drop_privileges(options.user); !status) return status;
  const auto descriptors = raise_descriptor_limit();
  if (!descriptors) return pass_on(Error(descriptors.error()));

  Worker worker(engine, options.access_log, *descriptors);
  const StopSignals signals([&worker] { worker.reopen_log(); });
  proxy::WorkerLink link(std::move(*channel), worker);
  log::info("proxy ready version={} descriptors={}", ELB_RELEASE, *descriptors);
  auto end = link.run(signals.fd());
  if (!end) return pass_on(std::move(end.error()));
  worker.end(end->grace);
  return {};
}

}  // namespace
}  // namespace elb

int main(int argc, char** argv) {
  CLI::App app{"elb-proxy: the worker that serves HTTP and HTTPS listeners; started by elb-agent.", "elb-proxy"};
  elb::ProxyOptions options;
  app.set_version_flag("--version", "elb-proxy " ELB_RELEASE);
  app.add_option("--user", options.user, "whom it becomes when it is started as root")->capture_default_str();
  app.add_option("--access-log", options.access_log, "file of the access log, opened again on SIGHUP; empty: none");
  app.add_option("--source-v4", options.source_v4, "where connections to IPv4 members come from");
  app.add_option("--source-v6", options.source_v6, "where connections to IPv6 members come from");
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", options.log_format, "text or json")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  umask(027);
  if (auto status = elb::log::setup(options.log_level, options.log_format); !status) {
    fmt::print(stderr, "elb-proxy: {}\n", status.error().to_string());
    return 2;
  }
  if (auto status = elb::run(options); !status) {
    elb::log::error("proxy: {}", status.error().to_string());
    return 1;
  }
  return 0;
}
