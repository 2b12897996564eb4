// SPDX-License-Identifier: Apache-2.0
// The short form of a member, "10.1.0.1:80,weight=10,az=az1,name=web-1", for batches.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "cli/failure.h"
#include "codec/value.h"

namespace elb::cli {

/// "10.1.0.1:80" or "[2001:db8::1]:80"; none for anything else.
std::optional<Endpoint> parse_member_address(std::string_view text);

/// The API's object for the short form. Keys: weight, name, az, subnet (an id), state (up or down).
Outcome<codec::Value> parse_member_spec(std::string_view text);

/// A file of members: JSON ({"members": [...]} or [...]), else one short form a line, '#' begins a comment.
Outcome<codec::Value> parse_member_file(std::string_view content);

}  // namespace elb::cli
