// SPDX-License-Identifier: Apache-2.0
// The other end of a veth, by rtnetlink(7): only that tells whether it is in this network namespace too.
// Private to inspect. Thread rule: pure reads.
#pragma once

#include <cstdint>
#include <optional>

namespace elb::inspect {

/// Index of the interface that the given one is linked to; nothing if there is none or it is in another namespace.
std::optional<uint32_t> peer_here(uint32_t ifindex);

}  // namespace elb::inspect
