// SPDX-License-Identifier: Apache-2.0
// TrafficReader: answers model::TrafficView out of the kernel's counters and the mapped flow table.
// Thread rule: every call is safe from any thread.
#pragma once

#include <functional>
#include <optional>

#include "dataplane/flow_sweeper.h"
#include "dataplane/flow_table.h"
#include "dataplane/map_port.h"
#include "model/views.h"

namespace elb::dataplane {

/// One connection as read from its forward entry `slot`; nothing if there is none or it changed while being read.
std::optional<model::FlowRecord> read_flow(const elb_table& table, uint32_t slot, const IndexView& view, uint32_t now,
                                           const TickRate& rate);
/// Of the sweep's thread: of a connection that nobody ends meanwhile, though packets may count on. Its ids are there
/// even if their objects are not configured any more.
model::FlowRecord describe_flow(const elb_table& table, const elb_flow& forward, const elb_flow& reverse,
                                const IndexView& view);
/// All connections that the filter admits.
model::FlowPage read_flows(const elb_table& table, const model::FlowFilter& filter, const IndexView& view, uint32_t now,
                           const TickRate& rate);

class TrafficReader final : public model::TrafficView {
 public:
  /// Everything given outlives the object.
  TrafficReader(MapPort& port, const FlowTable& table, const FlowSweeper& sweeper, const TickRate& rate,
                std::function<Result<uint32_t>()> tick, const Published<IndexView>& view)
      : port_(port), table_(table), sweeper_(sweeper), rate_(rate), tick_(std::move(tick)), view_(view) {}

  std::optional<model::Traffic> listener_traffic(const model::Id& listener_id) const override;
  std::optional<model::Traffic> member_traffic(const model::Id& member_id) const override;
  std::vector<model::DropCount> drops() const override;
  model::FlowPage flows(const model::FlowFilter& filter) const override;

 private:
  model::Traffic sum(const std::vector<uint32_t>& members) const;

  MapPort& port_;
  const FlowTable& table_;
  const FlowSweeper& sweeper_;
  const TickRate rate_;
  const std::function<Result<uint32_t>()> tick_;
  const Published<IndexView>& view_;
};

}  // namespace elb::dataplane
