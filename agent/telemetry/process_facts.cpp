// SPDX-License-Identifier: Apache-2.0
#include "telemetry/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace elb::telemetry {
namespace {

// Places in /proc/self/stat behind the name in parentheses, which may hold spaces (proc(5): fields 14, 15, 20, 22-24).
enum StatField : size_t { kUserTicks = 11, kSystemTicks = 12, kThreads = 17, kStart = 19, kVirtual = 20, kPages = 21 };

std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(text.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::optional<ProcessFacts> read_process_facts() {
  const std::vector<std::string> fields = stat_fields();
  const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (fields.size() <= kPages || ticks_per_s <= 0) return std::nullopt;
  const auto number = [&fields](StatField field) { return std::stoull(fields[field]); };
  ProcessFacts facts;
  facts.cpu_s = static_cast<double>(number(kUserTicks) + number(kSystemTicks)) / ticks_per_s;
  facts.virtual_bytes = number(kVirtual);
  facts.resident_bytes = number(kPages) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  facts.threads = number(kThreads);
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  // Once: the two clocks drift apart, and a start that moves looks like a restart.
  static const double start_s =
      since_1970() - (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 -
                      static_cast<double>(number(kStart)) / ticks_per_s);
  facts.start_s = start_s;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error); !error && at != std::filesystem::end(at);
       at.increment(error))
    ++facts.open_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_files = limit.rlim_cur;
  return facts;
}

}  // namespace elb::telemetry
