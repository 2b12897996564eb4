// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace elb::dataplane {

namespace {

template <class T>
Result<T*> map_array(int fd, uint32_t slots) {
  void* base = mmap(nullptr, size_t{slots} * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return fail_errno(errno, "mapping of the flow table");
  return static_cast<T*>(base);
}

}  // namespace

FlowTable::FlowTable(elb_flow* base, const elb_meta& meta) {
  table_.base = base;
  table_.mask = meta.flow_slots - 1;
  std::copy(std::begin(meta.seed), std::end(meta.seed), std::begin(table_.seed));
}

Result<std::unique_ptr<FlowTable>> FlowTable::map(int fd, std::optional<int> fd6, int fd_seqs, const elb_meta& meta) {
  auto base = map_array<elb_flow>(fd, meta.flow_slots);
  if (!base) return pass_on(std::move(base.error()));
  std::unique_ptr<FlowTable> table(new FlowTable(*base, meta));
  auto seqs = map_array<uint64_t>(fd_seqs, meta.flow_slots);
  if (!seqs) return pass_on(std::move(seqs.error()));
  table->seqs_ = *seqs;
  table->table_.seqs = reinterpret_cast<const __u64*>(*seqs);
  if (!fd6) return table;
  auto beside = map_array<elb_flow6>(*fd6, meta.flow_slots);
  if (!beside) return pass_on(std::move(beside.error()));
  table->table_.beside = *beside;
  return table;
}

FlowTable::~FlowTable() {
  munmap(table_.base, size_t{slots()} * sizeof(elb_flow));
  if (seqs_ != nullptr) munmap(seqs_, size_t{slots()} * sizeof(uint64_t));
  if (table_.beside != nullptr) munmap(const_cast<elb_flow6*>(table_.beside), size_t{slots()} * sizeof(elb_flow6));
}

}  // namespace elb::dataplane
