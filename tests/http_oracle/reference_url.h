// SPDX-License-Identifier: Apache-2.0
// The normaliser's rules once more, in steps over a list of segments: decode, check, split, resolve, join.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "http/url.h"

namespace elb::test {

/// Path and query as they go on; nothing if the target is refused.
std::optional<std::string> reference_target(const std::string& target, const http::UrlPolicy& policy);

}  // namespace elb::test
