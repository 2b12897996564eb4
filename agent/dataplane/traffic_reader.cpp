// SPDX-License-Identifier: Apache-2.0
#include "dataplane/traffic_reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/log.h"

namespace elb::dataplane {

namespace {

/// A copy in eight loads, each of them whole. Which occupant it belongs to is checked by the caller.
template <class Line>
Line copy_of(const Line* line) {
  uint64_t words[sizeof(Line) / sizeof(uint64_t)];
  const auto* from = reinterpret_cast<const uint64_t*>(line);
  for (size_t i = 0; i < std::size(words); ++i) words[i] = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
  Line copy;
  std::memcpy(&copy, words, sizeof copy);
  return copy;
}

Endpoint endpoint(uint32_t address_be, uint32_t port_be) {
  return {IpAddress::from_v4_be(address_be), ntohs(static_cast<uint16_t>(port_be))};
}

Endpoint endpoint(const elb_ip& address, uint32_t port_be) {
  return {ip_of(address), ntohs(static_cast<uint16_t>(port_be))};
}

/// The four ends of a connection from its forward entry, and from what stands beside it if it is of IPv6.
void read_ends(const elb_flow& forward, const elb_flow6* beside, model::FlowRecord& record) {
  const uint32_t key_ports = forward.key_ports, new_ports = forward.new_ports;
  if (beside != nullptr) {
    const elb_flow6 ends = copy_of(beside);
    record.client = endpoint(ends.key_source, key_ports & 0xFFFF);
    record.vip = endpoint(ends.key_dest, key_ports >> 16);
    record.local = endpoint(ends.new_source, new_ports & 0xFFFF);
    record.member = endpoint(ends.new_dest, new_ports >> 16);
    return;
  }
  record.client = endpoint(static_cast<uint32_t>(forward.key_addrs >> 32), key_ports & 0xFFFF);
  record.vip = endpoint(static_cast<uint32_t>(forward.key_addrs), key_ports >> 16);
  record.local = endpoint(forward.new_source, new_ports & 0xFFFF);
  record.member = endpoint(forward.new_dest, new_ports >> 16);
}

std::string state_text(const elb_flow& forward, bool answered) {
  switch (elb_flow_state_of(forward.proto, forward.ctl)) {
    case ELB_STATE_OPENING:
      return "opening";
    case ELB_STATE_ESTABLISHED:
      return "established";
    case ELB_STATE_CLOSING:
      return "closing";
    case ELB_STATE_CLOSED:
      return "closed";
    default:
      return answered ? "established" : "opening";
  }
}

bool admits(const model::FlowFilter& filter, const model::FlowRecord& flow) {
  const auto fits = [](const auto& wanted, const auto& value) { return !wanted || *wanted == value; };
  return fits(filter.protocol, flow.protocol) && fits(filter.client, flow.client.address) &&
         fits(filter.vip, flow.vip.address) && fits(filter.member, flow.member.address) &&
         fits(filter.client_port, flow.client.port) && fits(filter.vip_port, flow.vip.port) &&
         fits(filter.member_port, flow.member.port) &&
         (filter.listener_id.empty() || filter.listener_id == flow.listener_id) &&
         (filter.member_id.empty() || filter.member_id == flow.member_id) &&
         (filter.states.empty() ||
          std::find(filter.states.begin(), filter.states.end(), flow.state) != filter.states.end());
}

}  // namespace

std::optional<model::FlowRecord> read_flow(const elb_table& table, uint32_t slot, const IndexView& view, uint32_t now,
                                           const TickRate& rate) {
  const elb_flow* flow = elb_table_slot(&table, slot);
  const uint32_t ctl = ELB_LOAD(flow->ctl);
  if (!elb_flow_in(ctl, ELB_USABLE) || elb_flow_phase(ctl) == ELB_READY || (ctl & ELB_FLOW_REVERSE) != 0)
    return std::nullopt;
  const elb_flow forward = copy_of(flow);
  model::FlowRecord record;
  const bool v6 = (ctl & ELB_FLOW_V6) != 0;
  if (v6 && table.beside == nullptr) return std::nullopt;  // left over from an agent that served IPv6
  read_ends(forward, v6 ? table.beside + slot : nullptr, record);
  if (!elb_flow_still(flow, ctl)) return std::nullopt;

  record.protocol = ELB_FLOW_PROTO(forward.proto) == IPPROTO_TCP ? model::Protocol::kTcp : model::Protocol::kUdp;
  record.packets_in = forward.packets;
  record.bytes_in = ELB_FLOW_BYTES(forward.traffic);
  if (const auto pair = view.pairs.find(ELB_FLOW_MEMBER(forward.traffic)); pair != view.pairs.end()) {
    if (view.listeners.count(pair->second.listener) > 0) record.listener_id = to_string(pair->second.listener);
    if (view.members.count(pair->second.member) > 0) record.member_id = to_string(pair->second.member);
  }

  uint32_t last = forward.last;
  const elb_flow* peer = elb_table_slot(&table, forward.peer);
  const elb_flow reverse = copy_of(peer);
  if ((reverse.ctl & ELB_FLOW_REVERSE) != 0 && reverse.peer == slot && elb_flow_still(peer, reverse.ctl)) {
    record.packets_out = reverse.packets;
    record.bytes_out = ELB_FLOW_BYTES(reverse.traffic);
    if (static_cast<int32_t>(reverse.last - last) > 0) last = reverse.last;
  }
  record.state = state_text(forward, record.packets_out > 0);
  const auto idle = static_cast<int32_t>(now - last);
  record.idle_s = idle > 0 ? static_cast<int64_t>(rate.seconds(static_cast<uint32_t>(idle))) : 0;
  return record;
}

model::FlowRecord describe_flow(const elb_table& table, const elb_flow& forward_entry, const elb_flow& reverse_entry,
                                const IndexView& view) {
  const elb_flow forward = copy_of(&forward_entry), reverse = copy_of(&reverse_entry);
  model::FlowRecord record;
  const bool v6 = (forward.ctl & ELB_FLOW_V6) != 0 && table.beside != nullptr;
  read_ends(forward, v6 ? table.beside + (&forward_entry - table.base) : nullptr, record);
  record.protocol = ELB_FLOW_PROTO(forward.proto) == IPPROTO_TCP ? model::Protocol::kTcp : model::Protocol::kUdp;
  if (const auto pair = view.pairs.find(ELB_FLOW_MEMBER(forward.traffic)); pair != view.pairs.end()) {
    record.listener_id = to_string(pair->second.listener);
    record.member_id = to_string(pair->second.member);
  }
  record.packets_in = forward.packets;
  record.bytes_in = ELB_FLOW_BYTES(forward.traffic);
  record.packets_out = reverse.packets;
  record.bytes_out = ELB_FLOW_BYTES(reverse.traffic);
  record.state = state_text(forward, record.packets_out > 0);
  return record;
}

model::FlowPage read_flows(const elb_table& table, const model::FlowFilter& filter, const IndexView& view, uint32_t now,
                           const TickRate& rate) {
  model::FlowPage page;
  page.capacity = uint64_t{table.mask} + 1;
  for (uint64_t slot = 0; slot < page.capacity; ++slot) {
    const elb_flow* flow = elb_table_slot(&table, static_cast<uint32_t>(slot));
    if (elb_flow_phase(ELB_LOAD(flow->ctl)) == ELB_FREE) continue;
    ++page.used;
    auto record = read_flow(table, static_cast<uint32_t>(slot), view, now, rate);
    if (!record || !admits(filter, *record)) continue;
    ++page.matched;
    if (page.flows.size() < filter.limit) page.flows.push_back(std::move(*record));
  }
  return page;
}

model::Traffic TrafficReader::sum(const std::vector<uint32_t>& members) const {
  model::Traffic sum;
  for (const uint32_t index : members) {
    const auto traffic = port_.read_traffic(index);
    if (!traffic) {
      log::error("counters can not be read error=\"{}\"", traffic.error().to_string());
      continue;
    }
    sum.connections += traffic->connections;
    sum.packets_in += traffic->packets_in;
    sum.bytes_in += traffic->bytes_in;
    sum.packets_out += traffic->packets_out;
    sum.bytes_out += traffic->bytes_out;
    const OpenFlows open = sweeper_.open_flows(index);
    sum.active += open.active;
    sum.inactive += open.inactive;
  }
  return sum;
}

std::optional<model::Traffic> TrafficReader::listener_traffic(const model::Id& listener_id) const {
  const auto id = parse_uuid(listener_id);
  if (!id) return std::nullopt;
  const auto view = view_.get();
  const auto slots = view->listeners.find(*id);
  if (slots == view->listeners.end()) return std::nullopt;
  model::Traffic traffic = sum(slots->second.members);
  if (const auto refused = port_.read_refused(slots->second.index)) traffic.refused = *refused;
  return traffic;
}

std::optional<model::Traffic> TrafficReader::member_traffic(const model::Id& member_id) const {
  const auto id = parse_uuid(member_id);
  if (!id) return std::nullopt;
  const auto view = view_.get();
  const auto slots = view->members.find(*id);
  if (slots == view->members.end()) return std::nullopt;
  return sum(slots->second);
}

std::vector<model::DropCount> TrafficReader::drops() const {
  const auto packets = port_.read_reasons();
  if (!packets) {
    log::error("drop counters can not be read error=\"{}\"", packets.error().to_string());
    return {};
  }
  std::vector<model::DropCount> drops;
#define ELB_REASON_ROW(NAME, name, drop, text) \
  drops.push_back({name, text, (*packets)[ELB_REASON_##NAME], (drop) != 0});
  ELB_REASONS(ELB_REASON_ROW)
#undef ELB_REASON_ROW
  return drops;
}

model::FlowPage TrafficReader::flows(const model::FlowFilter& filter) const {
  const auto now = tick_();
  if (!now) log::error("idle times are unknown error=\"{}\"", now.error().to_string());
  return read_flows(table_.table(), filter, *view_.get(), now.value_or(0), rate_);
}

}  // namespace elb::dataplane
