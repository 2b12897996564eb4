// SPDX-License-Identifier: Apache-2.0
#include "health/target.h"

#include <algorithm>

#include "health/http2_check.h"

namespace elb::health {

bool Target::same_check(const Target& other) const {
  return endpoint == other.endpoint && delay == other.delay && timeout == other.timeout && rise == other.rise &&
         fall == other.fall && http == other.http && udp == other.udp;
}

void plan_targets(const model::SnapshotPool& pool, Targets& targets) {
  if (!pool.monitor) return;
  const model::SnapshotMonitor& monitor = *pool.monitor;
  for (const model::SnapshotMember& member : pool.members) {
    Target target;
    target.endpoint = {member.check_address.value_or(member.endpoint.address),
                       member.check_port.value_or(monitor.port.value_or(member.endpoint.port))};
    target.delay = std::chrono::seconds(monitor.delay_s);
    target.timeout = std::chrono::seconds(std::min(monitor.timeout_s, monitor.delay_s));
    target.rise = monitor.rise;
    target.fall = monitor.fall;
    target.initial = member.health.state;
    if (monitor.type == model::MonitorType::kGrpcHealth || (monitor.type == model::MonitorType::kHttp && pool.http2))
      target.http = make_http2_check(monitor, target.endpoint);
    else if (monitor.type == model::MonitorType::kHttp)
      target.http = make_http_check(monitor, target.endpoint, pool.proxy_protocol);
    target.udp = monitor.type == model::MonitorType::kUdp;
    targets.insert_or_assign(member.id, target);
  }
}

Targets plan_targets(const model::Snapshot& snapshot) {
  Targets targets;
  for (const model::SnapshotPool& pool : snapshot.pools) plan_targets(pool, targets);
  return targets;
}

Changes difference(const Targets& before, const Targets& after) {
  Changes changes;
  for (const auto& [id, target] : after) {
    const auto old = before.find(id);
    if (old == before.end() || !old->second.same_check(target)) changes.put.emplace_back(id, target);
  }
  for (const auto& [id, target] : before)
    if (!after.contains(id)) changes.removed.push_back(id);
  return changes;
}

}  // namespace elb::health
