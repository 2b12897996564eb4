// SPDX-License-Identifier: Apache-2.0
// What elb-proxy gives up before it reads a byte of a client: root, every capability, the way to get them back, core
// dumps (which would hold private keys). Thread rule: once, before other threads exist.
#pragma once

#include <string>

#include "base/result.h"

namespace elb {

/// As root, becomes `user` (kInvalid if there is none of that name). Whoever it is then holds no capability, or it is
/// an error.
Status drop_privileges(const std::string& user);

/// As many descriptors as this process may have; how many that are.
Result<size_t> raise_descriptor_limit();

}  // namespace elb
