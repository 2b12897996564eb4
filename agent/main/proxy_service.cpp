// SPDX-License-Identifier: Apache-2.0
#include "main/proxy_service.h"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>

#include "main/node_key.h"

namespace elb {
namespace {

size_t usable_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<size_t>(std::max(CPU_COUNT(&cpus), 1));
}

std::vector<std::string> command_of(const Options& options) {
  const ProxyOptions& proxy = options.proxy;
  std::vector<std::string> command = {
      proxy.program,      "--user",          proxy.user,
      "--log-level",      options.log_level, "--log-format",
      options.log_format, "--source-v4",     options.dataplane.host_address().to_string()};
  if (options.dataplane.local_addresses6)
    command.insert(command.end(), {"--source-v6", options.dataplane.host_address6().to_string()});
  if (!proxy.access_log.empty()) command.insert(command.end(), {"--access-log", proxy.access_log});
  return command;
}

}  // namespace

std::string steer_directory(const Options& options) { return options.dataplane.pin_dir + "/steer"; }

Result<ProxyService> ProxyService::start(const Options& options, std::function<Fd()> log_pipe, const Clock& clock,
                                         Random& random) {
  auto key = load_node_key(options.store + ".proxy-key", random);
  if (!key) return pass_on(std::move(key.error()));
  // what the unit gives the agent is not for the worker: without these a program of another user starts with nothing
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

  proxy::ProxySinkOptions sink_options;
  sink_options.command = command_of(options);
  sink_options.loops = options.proxy.loops > 0 ? options.proxy.loops : usable_cpus();
  sink_options.sticky_key = *key;
  sink_options.log_pipe = std::move(log_pipe);
  sink_options.leave_worker = true;
  auto worker = proxy::ProxySink::start(sink_options, clock);
  if (!worker) return pass_on(std::move(worker.error()));
  auto steer = steer::Steer::start(steer_directory(options), random);
  if (!steer) return pass_on(std::move(steer.error()));
  std::vector<steer::LoopSockets> sockets;
  for (const proxy::ListenPair& pair : (*worker)->sockets()) sockets.push_back({pair.v4.get(), pair.v6.get()});
  if (auto status = (*steer)->set_sockets(sockets); !status) return pass_on(std::move(status.error()));
  return ProxyService{std::move(*worker), std::move(*steer)};
}

}  // namespace elb
