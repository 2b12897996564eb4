// SPDX-License-Identifier: Apache-2.0
#include "dataplane/resets.h"

#include <arpa/inet.h>
#include <elb/flow_seq.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace elb::dataplane {

namespace {

constexpr size_t kMapped = size_t{ELB_RESETS_MAX} * sizeof(elb_reset);

bool is_mapped(const elb_reset& reset) {
  return reset.source.word[0] == 0 && reset.source.word[1] == 0 && reset.source.word[2] == ELB_MAPPED_WORD;
}

/// A segment as the entry's packets leave, with the numbers that its receiver expects. The addresses of a connection of
/// IPv6, or of one between the families, stand beside its forward entry.
elb_reset reset_by(const elb_flow& entry, const elb_flow6* beside, __be32 seq, __be32 ack) {
  const bool reverse = (ELB_LOAD(entry.ctl) & ELB_FLOW_REVERSE) != 0;
  elb_reset reset{};
  reset.source = elb_mapped(ELB_LOAD(entry.new_source));
  reset.dest = elb_mapped(ELB_LOAD(entry.new_dest));
  if (beside != nullptr) {
    reset.source = reverse ? beside->key_dest : beside->new_source;
    reset.dest = reverse ? beside->key_source : beside->new_dest;
  }
  reset.ports = ELB_LOAD(entry.new_ports);
  reset.seq = seq;
  reset.ack = ack;
  reset.hop = ELB_LOAD(entry.hop);
  return reset;
}

/// What the client expects next: it has acknowledged `acked`, which is noted in the member's numbers. A connection that
/// a SYN cookie opened has the difference beside it (elb/flow_seq.h).
__be32 expected_by_client(const elb_table& table, const elb_flow& forward, __be32 acked) {
  if ((ELB_LOAD(forward.ctl) & ELB_FLOW_COOKIE) == 0) return acked;
  const uint64_t seq = ELB_LOAD(table.seqs[&forward - table.base]);
  const bool waiting = ELB_SEQ_PHASE(seq) == ELB_SEQ_WAITING;
  return htonl(waiting ? ELB_SEQ_VALUE(seq) + 1 : ntohl(acked) - ELB_SEQ_VALUE(seq));
}

}  // namespace

void add_resets(const elb_table& table, const elb_flow& forward, const elb_flow& reverse, elb_flow_state state,
                std::vector<elb_reset>& resets) {
  if (state == ELB_STATE_UDP || state == ELB_STATE_CLOSED) return;
  const elb_flow6* beside = nullptr;
  if ((ELB_LOAD(forward.ctl) & ELB_FLOW_V6) != 0) {
    if (table.beside == nullptr) return;
    beside = &table.beside[&forward - table.base];
  }
  const __be32 acked = ELB_LOAD(forward.ack), member = ELB_LOAD(reverse.ack);
  const bool cookie = (ELB_LOAD(forward.ctl) & ELB_FLOW_COOKIE) != 0;
  if (member != 0) resets.push_back(reset_by(forward, beside, member, acked));
  if (acked != 0 || cookie)
    resets.push_back(reset_by(reverse, beside, expected_by_client(table, forward, acked), member));
}

Result<std::unique_ptr<ResetSender>> ResetSender::make(const BpfObject& object) {
  void* slots = mmap(nullptr, kMapped, PROT_READ | PROT_WRITE, MAP_SHARED, object.map_fd(ELB_MAP_RESETS), 0);
  if (slots == MAP_FAILED) return fail_errno(errno, "mapping of elb_resets");
  return std::unique_ptr<ResetSender>(new ResetSender(object, static_cast<elb_reset*>(slots)));
}

ResetSender::~ResetSender() { munmap(slots_, kMapped); }

Status ResetSender::send(std::vector<elb_reset>& resets) {
  // The program is handed a frame that is as long as its family's.
  const auto six =
      std::partition(resets.begin(), resets.end(), [](const elb_reset& reset) { return is_mapped(reset); });
  if (auto status = send({resets.begin(), six}, BpfObject::Family::kIpv4); !status) return status;
  return send({six, resets.end()}, BpfObject::Family::kIpv6);
}

Status ResetSender::send(std::span<const elb_reset> resets, BpfObject::Family family) {
  for (; !resets.empty(); resets = resets.subspan(std::min(resets.size(), size_t{ELB_RESETS_MAX}))) {
    const auto batch = resets.first(std::min(resets.size(), size_t{ELB_RESETS_MAX}));
    std::copy(batch.begin(), batch.end(), slots_);
    if (auto status = object_.inject(static_cast<uint32_t>(batch.size()), family); !status) return status;
  }
  return {};
}

}  // namespace elb::dataplane
