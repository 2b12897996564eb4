// SPDX-License-Identifier: Apache-2.0
#include "control/compile_member.h"

#include <algorithm>

namespace elb::control {

using model::HealthState;

model::SnapshotMember compile_member(const model::Member& member, model::Health health) {
  const bool healthy = health.state == HealthState::kHealthy || health.state == HealthState::kUnmonitored;
  return {member.id,
          Endpoint{member.address, member.protocol_port},
          static_cast<uint16_t>(member.weight),
          healthy && member.weight > 0,
          std::move(health),
          member.backup,
          member.monitor_address,
          member.monitor_port};
}

void hold_back(model::SnapshotPool& pool) {
  const auto serves = [](const model::SnapshotMember& member) { return member.usable && !member.backup; };
  if (std::ranges::none_of(pool.members, serves)) return;
  for (model::SnapshotMember& member : pool.members)
    if (member.backup) member.usable = false;
}

}  // namespace elb::control
