// SPDX-License-Identifier: Apache-2.0
// elb-agent, from top to bottom: read the options, open the store, adopt or build the packet path, start the executors,
// hand them to the reconciler, open the API, wait for a signal. Stopping takes the same steps backwards and leaves the
// packet programs attached, and the proxy's worker running for a minute: traffic does not need the agent.
#include <signal.h>
#include <sys/stat.h>

#include "api/api_server.h"
#include "base/log.h"
#include "control/config_service.h"
#include "control/event_feed.h"
#include "control/reconciler.h"
#include "dataplane/dataplane.h"
#include "health/health_checker.h"
#include "main/api_access.h"
#include "main/flow_log_service.h"
#include "main/log_service.h"
#include "main/notify.h"
#include "main/options.h"
#include "main/proxy_service.h"
#include "main/telemetry_service.h"
#include "store/store.h"

namespace elb {
namespace {

/// Blocks in every thread the signals that run() waits for: to stop, and to open log files again.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a failed write, which the store answers with kStorage
  return signals;
}

Status run(const Options& options, const sigset_t& stop_signals) {
  SystemClock clock;
  SystemRandom random;

  auto store = store::open_sqlite(options.store, options.revisions);
  if (!store) return pass_on(std::move(store.error()));
  auto access = open_api_access(options, clock, random);
  if (!access) return pass_on(std::move(access.error()));
  auto flows = FlowLogService::start(options, clock);
  if (!flows) return pass_on(std::move(flows.error()));
  auto plane = dataplane::Dataplane::start(options.dataplane, clock, random, (*flows)->taker());
  if (!plane) return pass_on(std::move(plane.error()));

  control::Reconciler* inbox = nullptr;  // the one knot: health reports to the reconciler, which drives health
  const auto& plane_options = options.dataplane;
  std::optional<IpAddress> source6;
  if (plane_options.local_addresses6) source6 = plane_options.host_address6();
  health::HealthChecker checker(clock, random, {plane_options.host_address(), source6},
                                [&inbox](model::HealthEvent event) { inbox->on_health(std::move(event)); });
  std::vector<model::Sink*> sinks{plane->get(), &checker};
  auto logs = LogService::start(options, clock);
  if (!logs) return pass_on(std::move(logs.error()));
  ProxyService proxy;
  if (!options.proxy.program.empty()) {
    auto started = ProxyService::start(options, (*logs)->pipe_maker(), clock, random);
    if (!started) return pass_on(std::move(started.error()));
    proxy = std::move(*started);
    sinks.insert(sinks.end(), {proxy.worker.get(), proxy.steer.get()});
  }
  control::EventFeed events(clock);
  control::ReconcilerOptions reconciling;
  reconciling.noticed = [&events](const std::vector<model::Id>& members) { events.note(members); };
  control::Reconciler reconciler(clock, sinks, std::move(reconciling));
  inbox = &reconciler;
  reconciler.seed_health((*plane)->adopted_members());

  auto config = control::ConfigService::open(**store, clock, random, options.node(),
                                             [&reconciler, &logs, &events](control::ModelPtr model) {
                                               (*logs)->publish(model);
                                               events.publish(model);
                                               reconciler.publish(std::move(model));
                                             },
                                             {.strict_members = options.strict_members});
  if (!config) return pass_on(std::move(config.error()));
  if (auto status = checker.start(); !status) return status;
  reconciler.start();

  api::Views views{.reconciler = reconciler,
                   .traffic = **plane,
                   .diagnosis = plane->get(),
                   .http_traffic = proxy.worker.get(),
                   .logs = (*logs)->hub(),
                   .identities = access->identities.get(),
                   .audit = access->audit.get(),
                   .history = access->history.get(),
                   .answers = access->answers.get(),
                   .events = &events};
  TelemetryService telemetry(options,
                             {.reconciler = reconciler,
                              .traffic = **plane,
                              .http_traffic = views.http_traffic,
                              .model = [&config] { return (*config)->model(); },
                              .store_errors = [&config] { return (*config)->store_errors(); },
                              .access_logs =
                                  [&logs, &flows] {
                                    auto counts = (*logs)->counts();
                                    counts.flows = (*flows)->counts();
                                    return counts;
                                  }},
                             clock, random);
  views.telemetry = telemetry.get();
  auto server = api::ApiServer::start(access->options, **config, views, clock, random);
  if (!server) {
    reconciler.stop();
    checker.stop();
    return pass_on(std::move(server.error()));
  }

  log::info("ready version={} revision={} api={} socket={} tls={}", ELB_RELEASE, (*config)->model()->revision,
            Endpoint{options.listen.address, (*server)->port()}.to_string(), options.socket,
            options.tls_listen ? Endpoint{options.tls_listen->address, (*server)->tls_port()}.to_string() : "off");
  notify_manager("READY=1");
  int received = 0;
  while (sigwait(&stop_signals, &received) == 0 && (received == SIGHUP || received == SIGUSR1)) {
    (*logs)->reopen();
    (*flows)->reopen();
  }
  notify_manager("STOPPING=1");
  log::info("stopping signal={}; the packet programs stay attached, the proxy serves on for a minute", received);
  server->reset();
  reconciler.stop();
  checker.stop();  // before the reconciler goes, to which its thread reports
  return {};
}

Status teardown(const Options& options) {
  if (auto status = steer::teardown(steer_directory(options)); !status) return status;
  return dataplane::teardown(options.dataplane.pin_dir);
}

/// --check: 0, 1 or 3, as --help says.
int check(const Options& options) {
  using Step = dataplane::StartPlan::Step;
  const auto plan = dataplane::plan_start(options.dataplane);
  if (!plan) {
    log::error("{}", plan.error().to_string());
    return 1;
  }
  for (const auto& [step, text] : plan->steps) fmt::print("{:<8} {}\n", to_string(step), text);
  return plan->has(Step::kRefuse) ? 1 : plan->has(Step::kRebuild) ? 3 : 0;
}

}  // namespace
}  // namespace elb

int main(int argc, char** argv) {
  const sigset_t stop_signals = elb::block_stop_signals();
  umask(077);
  auto parsed = elb::parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const elb::Options& options = std::get<elb::Options>(parsed);
  if (auto status = elb::log::setup(options.log_level, options.log_format); !status) {
    fmt::print(stderr, "elb-agent: {}\n", status.error().to_string());
    return 2;
  }
  if (options.check) return elb::check(options);
  const elb::Status result = options.teardown ? elb::teardown(options) : elb::run(options, stop_signals);
  if (result) return 0;
  elb::log::error("{}", result.error().to_string());
  return 1;
}
