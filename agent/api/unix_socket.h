// SPDX-License-Identifier: Apache-2.0
// The Unix socket of the API as a file: made, replaced when left over, mode 0660. Private to api.
// Thread rule: at start, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace elb::api {

/// A listening socket. The directory is made if it is missing. kConflict when somebody answers there already,
/// kInvalid when the path is too long or is a file of another kind.
Result<Fd> bind_unix_socket(const std::string& path, std::optional<uint32_t> group);

}  // namespace elb::api
