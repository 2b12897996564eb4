// SPDX-License-Identifier: Apache-2.0
// The agent's own log: levelled, one line per event, "key=value" pairs after the message. spdlog behind it.
// A peer's fault is counted, never logged per packet or per connection.
// Thread rule: safe from any thread. setup() once, before other threads exist.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace elb::log {

enum class Level { kDebug, kInfo, kWarn, kError };

/// level: debug, info, warn or error. format: "text" or "json". Lines go to standard error.
Status setup(std::string_view level, std::string_view format);
void write(Level level, std::string_view message);
bool enabled(Level level);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace elb::log
