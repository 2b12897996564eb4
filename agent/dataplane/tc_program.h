// SPDX-License-Identifier: Apache-2.0
// TcProgram: the balancer for tc, on the maps of the XDP one, and its attachments: a tcx link where the kernel has them
// (Linux 6.6 and newer), else a filter of a clsact qdisc under a handle of our own, which outlives the agent as well.
// Thread rule: one thread (the reconciler's).
#pragma once

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "dataplane/bpf_object.h"

struct tc_balancer;  // the generated skeleton

namespace elb::dataplane {

class TcProgram {
 public:
  static Result<std::unique_ptr<TcProgram>> load(const DataplaneOptions& options, const BpfObject& object);
  ~TcProgram();
  TcProgram(const TcProgram&) = delete;
  TcProgram& operator=(const TcProgram&) = delete;

  int fd() const;
  uint32_t id() const;
  /// A link to be pinned; an empty Fd where the kernel has none and a filter was made or replaced instead.
  Result<Fd> attach(uint32_t ifindex) const;
  Status attach_filter(uint32_t ifindex) const;

 private:
  explicit TcProgram(tc_balancer* skeleton) : skeleton_(skeleton) {}
  tc_balancer* skeleton_;
};

/// Id of the program that our filter on the interface runs; 0: there is no such filter.
uint32_t filter_program(uint32_t ifindex);
/// Removes our filter; nothing happens where there is none. The qdisc stays, others may use it.
Status detach_filter(uint32_t ifindex);

}  // namespace elb::dataplane
