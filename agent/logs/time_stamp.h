// SPDX-License-Identifier: Apache-2.0
// The time in names of rotated files and in signatures of requests. Thread rule: pure.
#pragma once

#include <array>
#include <chrono>
#include <ctime>
#include <string>

#include "base/clock.h"

namespace elb::logs {

/// UTC in ISO 8601's basic form, such as 20130524T000000Z: sorts by time.
inline std::string stamp_of(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

}  // namespace elb::logs
