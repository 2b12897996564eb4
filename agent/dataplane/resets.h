// SPDX-License-Identifier: Apache-2.0
// Resets: what tells both ends of a TCP connection that it was ended (LS-12), so that neither waits for the other. The
// sequence numbers are the last acknowledgements that passed, which is what each end expects next. ResetSender hands
// them to the program elb_inject; why not a raw socket: docs/adr/0009. Thread rule: one thread (the sweeper's).
#pragma once

#include <elb/flow_sweep.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/bpf_object.h"

namespace elb::dataplane {

/// Appends the resets that the ended connection calls for: none if it was closed or is not TCP, and none towards an end
/// of which no acknowledgement was seen. What stands beside the entries (whole addresses, the difference between the
/// numbers of both sides) is read from the table.
void add_resets(const elb_table& table, const elb_flow& forward, const elb_flow& reverse, elb_flow_state state,
                std::vector<elb_reset>& resets);

/// More resets of one sweep are left out: the ends then learn it when they send, by a reset of the packet program.
inline constexpr size_t kResetsPerSweep = size_t{4} * ELB_RESETS_MAX;

class ResetSender {
 public:
  /// The object outlives the sender.
  static Result<std::unique_ptr<ResetSender>> make(const BpfObject& object);
  ~ResetSender();
  ResetSender(const ResetSender&) = delete;
  ResetSender& operator=(const ResetSender&) = delete;

  /// Those whose next hop is not valid any more are left out; the program counts what it sends (reset_sent).
  /// The order of `resets` may change.
  Status send(std::vector<elb_reset>& resets);

 private:
  Status send(std::span<const elb_reset> resets, BpfObject::Family family);
  ResetSender(const BpfObject& object, elb_reset* slots) : object_(object), slots_(slots) {}
  const BpfObject& object_;
  elb_reset* const slots_;  // the mapped elb_resets
};

}  // namespace elb::dataplane
