// SPDX-License-Identifier: Apache-2.0
// NodeKey: what cookies of this node are signed with (ST-07). It lies in a file beside the store, so that clients find
// their members again after a restart. Thread rule: at the start.
#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"
#include "proxy/sticky.h"

namespace elb {

/// Reads the key, or draws one and writes it (mode 0600). kSystem: the file cannot be read or written, or is no key.
Result<proxy::StickyKey> load_node_key(const std::string& path, Random& random);

}  // namespace elb
