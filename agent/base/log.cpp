// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace elb::log {

namespace {

/// Control characters are escaped, so that no message makes a line of its own or moves the reader's cursor; for JSON
/// quotes and backslashes too, so that a line is always one object.
std::string escape(std::string_view text, bool json) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (json && (c == '"' || c == '\\'))
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += json ? fmt::format("\\u{:04x}", byte) : fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

bool json_lines = false;  // set once by setup()

spdlog::level::level_enum translate(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Status setup(std::string_view level, std::string_view format) {
  static constexpr std::pair<std::string_view, spdlog::level::level_enum> kLevels[] = {{"debug", spdlog::level::debug},
                                                                                       {"info", spdlog::level::info},
                                                                                       {"warn", spdlog::level::warn},
                                                                                       {"error", spdlog::level::err}};
  if (format != "text" && format != "json")
    return invalid("log-format", fmt::format("'{}' is neither text nor json", format));
  for (const auto& [name, value] : kLevels) {
    if (name != level) continue;
    auto logger = spdlog::get("elb");
    if (!logger) logger = spdlog::stderr_logger_mt("elb");
    spdlog::set_default_logger(logger);
    spdlog::set_level(value);
    spdlog::flush_on(spdlog::level::info);
    json_lines = format == "json";
    spdlog::set_pattern(json_lines ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                                   : "%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
    return {};
  }
  return invalid("log-level", fmt::format("'{}' is none of debug, info, warn, error", level));
}

bool enabled(Level level) { return spdlog::should_log(translate(level)); }

void write(Level level, std::string_view message) {
  if (!enabled(level)) return;
  spdlog::log(translate(level), "{}", escape(message, json_lines));
}

}  // namespace elb::log
