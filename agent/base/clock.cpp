// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace elb {

std::string format_utc(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return std::string(text, length);
}

}  // namespace elb
