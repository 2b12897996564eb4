// SPDX-License-Identifier: Apache-2.0
// Tracer: says what would happen to a first packet, out of the kernel's own tables, step by step in the order of
// docs/life-of-a-packet.md. Reads only: no cursor moves, no entry is made or refreshed. What it says is true for the
// moment of the look. Thread rule: any thread.
#pragma once

#include <functional>
#include <optional>

#include "dataplane/bpf_object.h"
#include "dataplane/flow_table.h"
#include "dataplane/index_view.h"
#include "dataplane/map_port.h"
#include "model/diagnosis.h"

namespace elb::dataplane {

class Tracer {
 public:
  using ReadRing = std::function<std::optional<Ring>(uint32_t listener)>;

  /// Everything given outlives the object. `ring`: nothing if the listener has none.
  Tracer(const DataplaneOptions& options, const BpfObject& object, const FlowTable& table, const IndexView& view,
         ReadRing ring)
      : options_(options), object_(object), table_(table), view_(view), ring_(std::move(ring)) {}

  Result<model::Trace> trace(const model::TraceQuery& query) const;

 private:
  struct Packet;
  bool meets_flow(const Packet& packet, model::Trace& trace) const;
  std::optional<elb_listener> meets_listener(const Packet& packet, model::Trace& trace) const;
  bool is_admitted(const model::TraceQuery& query, uint32_t listener, const elb_policy& policy,
                   model::Trace& trace) const;
  /// Index of the member that would be taken now.
  std::optional<uint32_t> picks_member(const model::TraceQuery& query, const elb_listener& listener,
                                       model::Trace& trace) const;
  std::optional<uint32_t> sticks_to(const model::TraceQuery& query, uint32_t listener, const elb_policy& policy,
                                    model::Trace& trace) const;
  std::optional<uint32_t> from_place(const Ring& ring, uint64_t start, std::string how, model::Trace& trace) const;
  std::optional<uint32_t> least_loaded(const Ring& ring, uint64_t turn, model::Trace& trace) const;
  bool has_next_hop(const elb_member& member, model::Trace& trace) const;
  /// MB-09: false if the client is the member, which a listener with TOA refuses.
  bool is_another_host(const Packet& packet, const elb_listener& listener, const elb_member& chosen,
                       model::Trace& trace) const;
  void gets_local_port(model::Trace& trace) const;

  std::optional<elb_member> member(uint32_t index) const;
  std::string name_of_member(uint32_t index) const;
  std::string objection(uint32_t index) const;
  uint32_t kind_of(const IpAddress& address) const;

  const DataplaneOptions& options_;
  const BpfObject& object_;
  const FlowTable& table_;
  const IndexView& view_;
  const ReadRing ring_;
};

}  // namespace elb::dataplane
