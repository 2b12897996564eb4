// SPDX-License-Identifier: Apache-2.0
// The snapshot on its way from agent to worker: the part of it that the proxy serves (HTTP and HTTPS listeners, the
// pools and certificates they use), as bytes with a version. Not a format to keep: both ends are of one release, and
// another version is refused. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/snapshot.h"

namespace elb::proxy {

inline constexpr uint32_t kWireVersion = 3;

/// Only what the proxy serves: other listeners, pools and certificates are left out, and indexes follow.
model::Snapshot proxy_part(const model::Snapshot& snapshot);

/// Holds private keys in the clear: for memory and socket pairs, never for files.
std::string encode_snapshot(const model::Snapshot& snapshot);

/// kUnsupported: of another version. kInvalid: not whole, or an index that leads nowhere.
Result<model::Snapshot> decode_snapshot(std::string_view bytes);

}  // namespace elb::proxy
