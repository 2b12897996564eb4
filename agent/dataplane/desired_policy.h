// SPDX-License-Identifier: Apache-2.0
// What a listener's policy and ring are to be, from the snapshot's pool and listener. Pure; thread rule: none needed.
#pragma once

#include <vector>

#include "dataplane/map_port.h"
#include "dataplane/tick.h"
#include "dataplane/uuid.h"
#include "model/snapshot.h"

namespace elb::dataplane {

/// A member that gets connections.
struct RingMember {
  uint32_t index = 0;
  uint16_t weight = 1;  // at least 1
  Endpoint endpoint;
};

/// Empty without members.
Ring build_ring(model::Algorithm algorithm, const std::vector<RingMember>& members);

/// All but `acl`. Zero for a listener that is plain in every respect. `pool` may be null.
elb_policy build_policy(const Uuid& id, const model::SnapshotListener& listener, const model::SnapshotPool* pool,
                        const TickRate& rate);

/// The sticky entries' word for who has a member's index: the same for the same member of the same listener, on every
/// node and after every restart, and another for another one.
uint32_t member_generation(const Uuid& listener, const Uuid& member);

}  // namespace elb::dataplane
