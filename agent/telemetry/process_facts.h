// SPDX-License-Identifier: Apache-2.0
// What the kernel says of this process, for /metrics. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace elb::telemetry {

struct ProcessFacts {
  double cpu_s = 0;
  double start_s = 0;  // since 1970
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_files = 0;
  uint64_t max_files = 0;
  uint64_t threads = 0;
};

/// Nothing where /proc cannot be read.
std::optional<ProcessFacts> read_process_facts();

}  // namespace elb::telemetry
