// SPDX-License-Identifier: Apache-2.0
// The kernel as the packet program meets it: version, JIT, settings that cost or break something, what this process
// may do. Facts are read, then judged by pure functions, so that tests need no other kernel.
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/diagnosis.h"

namespace elb::inspect {

struct KernelFacts {
  std::string release;                // "6.1.0-18-amd64"
  std::optional<int64_t> jit;         // net.core.bpf_jit_enable; unreadable without CAP_SYS_ADMIN on some kernels
  std::optional<int64_t> jit_harden;  // net.core.bpf_jit_harden
  std::optional<int64_t> bpf_stats;   // kernel.bpf_stats_enabled
  std::optional<int64_t> ip_forward;  // net.ipv4.ip_forward
  std::optional<std::pair<int64_t, int64_t>> ping_groups;  // net.ipv4.ping_group_range
  std::vector<int64_t> groups;                             // of this process
  std::optional<uint64_t> effective;                       // capabilities of this process
  std::optional<uint64_t> memlock;                         // limit in bytes; counts before 5.11 only
  std::optional<uint64_t> memory_max;                      // of the process' cgroup, to which maps are charged
  uint64_t memory_used = 0;
};

KernelFacts read_kernel();
/// Kernel and settings.
model::Findings judge_kernel(const KernelFacts& facts);
/// What an agent may do and may use: not for other processes.
model::Findings judge_process(const KernelFacts& facts);

}  // namespace elb::inspect
