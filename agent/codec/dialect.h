// SPDX-License-Identifier: Apache-2.0
// Dialect: which of the two APIs that share our paths a client speaks, where the same words mean different things.
// Thread rule: a plain value.
#pragma once

#include <cstdint>

namespace elb::codec {

/// The unit of persistence_timeout of UDP pools, which the two dialects disagree about. Everywhere else it is minutes.
enum class Dialect : uint8_t {
  kVendor,   // minutes
  kOctavia,  // seconds; we round up to minutes
};

}  // namespace elb::codec
