// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace elb::dataplane {

FlowTable::FlowTable(elb_flow* base, const elb_meta& meta) {
  table_.base = base;
  table_.mask = meta.flow_slots - 1;
  std::copy(std::begin(meta.seed), std::end(meta.seed), std::begin(table_.seed));
}

Result<std::unique_ptr<FlowTable>> FlowTable::map(int fd, const elb_meta& meta) {
  void* base = mmap(nullptr, size_t{meta.flow_slots} * sizeof(elb_flow), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return fail_errno(errno, "mapping of the flow table");
  return std::unique_ptr<FlowTable>(new FlowTable(static_cast<elb_flow*>(base), meta));
}

FlowTable::~FlowTable() { munmap(table_.base, size_t{slots()} * sizeof(elb_flow)); }

}  // namespace elb::dataplane
