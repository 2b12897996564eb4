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

/// A segment as the entry's packets leave, with the numbers that its receiver expects.
elb_reset reset_by(const elb_flow& entry, __be32 seq, __be32 ack) {
  elb_reset reset{};
  reset.source = elb_mapped(ELB_LOAD(entry.new_source));
  reset.dest = elb_mapped(ELB_LOAD(entry.new_dest));
  reset.ports = ELB_LOAD(entry.new_ports);
  reset.seq = seq;
  reset.ack = ack;
  reset.hop = ELB_LOAD(entry.hop);
  return reset;
}

}  // namespace

void add_resets(const elb_flow& forward, const elb_flow& reverse, uint64_t seq, elb_flow_state state,
                std::vector<elb_reset>& resets) {
  if (state == ELB_STATE_UDP || state == ELB_STATE_CLOSED) return;
  const uint32_t ctl = ELB_LOAD(forward.ctl);
  if ((ctl & ELB_FLOW_V6) != 0) return;  // their addresses stand elsewhere
  const __be32 acked = ELB_LOAD(forward.ack), member = ELB_LOAD(reverse.ack);
  if ((ctl & ELB_FLOW_COOKIE) == 0) {
    if (member != 0) resets.push_back(reset_by(forward, member, acked));
    if (acked != 0) resets.push_back(reset_by(reverse, acked, member));
    return;
  }
  const bool waiting = ELB_SEQ_PHASE(seq) == ELB_SEQ_WAITING;
  const uint32_t client = waiting ? ELB_SEQ_VALUE(seq) + 1 : ntohl(acked) - ELB_SEQ_VALUE(seq);
  if (member != 0) resets.push_back(reset_by(forward, member, acked));
  resets.push_back(reset_by(reverse, htonl(client), member));
}

Result<std::unique_ptr<ResetSender>> ResetSender::make(const BpfObject& object) {
  void* slots = mmap(nullptr, kMapped, PROT_READ | PROT_WRITE, MAP_SHARED, object.map_fd(ELB_MAP_RESETS), 0);
  if (slots == MAP_FAILED) return fail_errno(errno, "mapping of elb_resets");
  return std::unique_ptr<ResetSender>(new ResetSender(object, static_cast<elb_reset*>(slots)));
}

ResetSender::~ResetSender() { munmap(slots_, kMapped); }

Status ResetSender::send(const std::vector<elb_reset>& resets) {
  for (size_t first = 0; first < resets.size(); first += ELB_RESETS_MAX) {
    const size_t count = std::min(resets.size() - first, size_t{ELB_RESETS_MAX});
    std::copy_n(resets.begin() + static_cast<std::ptrdiff_t>(first), count, slots_);
    if (auto status = object_.inject(static_cast<uint32_t>(count)); !status) return status;
  }
  return {};
}

}  // namespace elb::dataplane
