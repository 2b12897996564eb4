// SPDX-License-Identifier: Apache-2.0
// FlowTable: the kernel's flow table mapped into the agent; what elb/flow_table.h and elb/flow_sweep.h work on.
// Thread rule: the mapping is shared with every CPU; read it only with the functions of those headers.
#pragma once

#include <elb/flow_sweep.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "base/result.h"

namespace elb::dataplane {

class FlowTable {
 public:
  /// Maps the maps behind `fd`, `fd_seqs` and, where IPv6 is served, `fd6`; they may be closed afterwards.
  static Result<std::unique_ptr<FlowTable>> map(int fd, std::optional<int> fd6, int fd_seqs, const elb_meta& meta);
  ~FlowTable();
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  const elb_table& table() const { return table_; }
  uint32_t slots() const { return table_.mask + 1; }

 private:
  FlowTable(elb_flow* base, const elb_meta& meta);
  elb_table table_{};
  void* seqs_ = nullptr;
};

}  // namespace elb::dataplane
