// SPDX-License-Identifier: Apache-2.0
// What the member's host must offer, looked at before anything is made, so that an error says what is missing and what
// to do. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace elb::toa {

/// Where cgroup2 is mounted: /sys/fs/cgroup, or beside cgroup v1 /sys/fs/cgroup/unified. kSystem with the remedy if it
/// is not.
Result<std::string> find_cgroup2();

/// kInvalid unless the path is a directory of a cgroup2.
Status check_cgroup(const std::string& path);

/// The kernel's number of a cgroup.
Result<uint64_t> cgroup_id(const std::string& path);

/// The path below the cgroup2 mount that has the number; empty: none (it was removed, or lies outside what is visible).
std::string cgroup_path(uint64_t id);

/// kSystem with the remedy unless the path lies on a bpffs.
Status check_bpffs(const std::string& path);

/// kSystem, naming what is missing of CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.
Status check_capabilities();

/// What to say beside the kernel's refusal of a program: its version against what is needed.
std::string kernel_hint();

}  // namespace elb::toa
