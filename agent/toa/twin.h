// SPDX-License-Identifier: Apache-2.0
// Twin: the members' program in the kernel, known by its pins: maps clients, trusted and stats, and a link for each
// program. Nothing of it needs a running process. Layout of the pin directory: a file for each of these names.
// Thread rule: one thread; processes exclude each other by a lock on the directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace elb::toa {

inline constexpr const char* kPinDir = "/sys/fs/bpf/elb-toa";

struct LoadOptions {
  std::string pin_dir = kPinDir;
  std::string cgroup;         // a directory of a cgroup2
  std::vector<Cidr> trusted;  // whose option is believed
};

/// Makes it so, from whatever is there: loads and attaches, or replaces programs and trusted prefixes in place. What is
/// known of open connections stays. True if it was loaded before.
Result<bool> load(const LoadOptions& options);

/// Detaches and removes all pins. kNotFound if there are none.
Status unload(const std::string& pin_dir);

struct Attachment {
  std::string name;        // of the link
  bool pinned = false;     // false: it is missing, load again
  uint64_t cgroup_id = 0;  // 0: its cgroup was removed
};

struct State {
  std::vector<Attachment> attachments;
  std::vector<Cidr> trusted;  // sorted
  bool complete() const;      // all attached, to one cgroup
};

/// kNotFound if it is not loaded.
Result<State> status(const std::string& pin_dir);

struct Stat {
  std::string_view name;
  uint64_t value = 0;
};

/// Counters since it was loaded first, over all CPUs. kNotFound if it is not loaded.
Result<std::vector<Stat>> stats(const std::string& pin_dir);

/// Messages of libbpf and of the kernel's verifier go to standard error.
void set_verbose(bool verbose);

}  // namespace elb::toa
