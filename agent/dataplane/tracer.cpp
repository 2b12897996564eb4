// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tracer.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>

#include "dataplane/abi_values.h"
#include "dataplane/mac_text.h"
#include "dataplane/tracer_steps.h"
#include "dataplane/traffic_reader.h"

namespace elb::dataplane {

struct Tracer::Packet {
  const model::TraceQuery& query;
  uint8_t proto;
  elb_listener_key listener_key;
};

namespace {

std::string interface_name(uint32_t ifindex) {
  char name[IF_NAMESIZE] = {};
  return if_indextoname(ifindex, name) == nullptr ? fmt::format("interface {}", ifindex) : name;
}

std::string kind_text(uint32_t kind) {
  switch (kind) {
    case ELB_ADDR_VIP:
      return "a virtual address";
    case ELB_ADDR_LOCAL:
      return "a local address of the balancer towards members";
    case ELB_ADDR_HOST:
      return "the node's own address for health checks";
    default:
      return "no address of the balancer";
  }
}

}  // namespace

void step(model::Trace& trace, std::string name, std::string seen) {
  trace.steps.push_back({std::move(name), false, std::move(seen)});
}

/// The packet's way ends with this step.
void stop(model::Trace& trace, std::string name, elb_reason reason, std::string seen) {
  static constexpr const char* kNames[] = {
#define ELB_REASON_NAME(NAME, name, drop, text) name,
      ELB_REASONS(ELB_REASON_NAME)
#undef ELB_REASON_NAME
  };
  static constexpr bool kDrops[] = {
#define ELB_REASON_DROPS(NAME, name, drop, text) (drop) != 0,
      ELB_REASONS(ELB_REASON_DROPS)
#undef ELB_REASON_DROPS
  };
  trace.steps.push_back({std::move(name), true, std::move(seen)});
  trace.verdict = kDrops[reason] ? "drop" : "pass";
  trace.reason = kNames[reason];
}

uint32_t Tracer::kind_of(const IpAddress& address) const {
  return look_up<uint32_t>(object_, ELB_MAP_ADDRS, elb_addr_key{128, abi_ip(address)}).value_or(ELB_ADDR_NONE);
}

std::optional<elb_member> Tracer::member(uint32_t index) const {
  return look_up<elb_member>(object_, ELB_MAP_MEMBERS, index);
}

/// True if a connection in the table decides.
bool Tracer::meets_flow(const Packet& packet, model::Trace& trace) const {
  const auto& [query, proto, listener_key] = packet;
  if (!query.client.address.is_v4() || !query.vip.address.is_v4()) {
    step(trace, "flow", "connections over IPv6 are not looked up: treated as a new one");
    return false;
  }
  const elb_table& table = table_.table();
  const elb_flow_key key{uint64_t{query.client.address.v4_be()} << 32 | query.vip.address.v4_be(),
                         uint32_t{htons(query.vip.port)} << 16 | htons(query.client.port), proto};
  elb_flow_ref ref{};
  if (elb_flow_find(&table, &key, elb_flow_home(&table, &key), ELB_USABLE, &ref) == 0) {
    step(trace, "flow", "no connection with these addresses and ports is known");
    return false;
  }
  const bool reverse = (ref.ctl & ELB_FLOW_REVERSE) != 0;
  const uint32_t forward = reverse ? ELB_LOAD(ref.flow->peer) : ref.slot;
  const auto record = read_flow(table, forward, view_, object_.tick().value_or(0), object_.rate());
  if (!record) {
    step(trace, "flow", "a connection was ending while it was read: treated as a new one");
    return false;
  }
  trace.existing = true;
  trace.listener_id = record->listener_id;
  trace.member_id = record->member_id;
  trace.member = record->member;
  trace.local = record->local;
  step(trace, "flow",
       fmt::format(
           "{} connection, {}, idle {} s: {} -> {} leaves as {} -> {}; neither listener nor algorithm are asked",
           reverse ? "the answering side of a known" : "known", record->state, record->idle_s,
           record->client.to_string(), record->vip.to_string(), record->local.to_string(), record->member.to_string()));
  const uint32_t hop_index = ELB_LOAD(ref.flow->hop);
  const auto hop = look_up<elb_hop>(object_, ELB_MAP_HOPS, hop_index);
  if (!hop || hop->valid == 0) {
    stop(trace, "next_hop", ELB_REASON_NO_HOP, fmt::format("next hop {} of the connection is not resolved", hop_index));
    return true;
  }
  step(trace, "next_hop",
       fmt::format("{} by {}, packets of up to {} bytes", mac_text(hop->dest_mac), interface_name(hop->ifindex),
                   hop->mtu));
  trace.verdict = "forward";
  return true;
}

std::optional<elb_listener> Tracer::meets_listener(const Packet& packet, model::Trace& trace) const {
  const std::string vip = packet.query.vip.address.to_string();
  const std::string port = fmt::format("{} port {}", to_string(packet.query.protocol), packet.query.vip.port);
  const auto listener = look_up<elb_listener>(object_, ELB_MAP_LISTENERS, packet.listener_key);
  if (listener) {
    trace.listener_id = to_string(uuid_of(listener->id));
    step(trace, "listener",
         fmt::format("{} of {} is listener {}{}", port, vip, trace.listener_id,
                     (listener->flags & ELB_LISTENER_EIP) != 0 ? ", by its public address" : ""));
    if ((listener->flags & ELB_LISTENER_PROXY) == 0) return listener;
    stop(trace, "proxy", ELB_REASON_PASS_PROXY, "an HTTP or HTTPS listener: the proxy gets what its whitelist admits");
    return std::nullopt;
  }
  step(trace, "listener", fmt::format("no listener has {} of {}", port, vip));
  const uint32_t kind = kind_of(packet.query.vip.address);
  const elb_reason reason = kind == ELB_ADDR_NONE    ? ELB_REASON_PASS_OTHER
                            : kind == ELB_ADDR_HOST  ? ELB_REASON_PASS_HOST
                            : kind == ELB_ADDR_LOCAL ? ELB_REASON_STRAY_REPLY
                                                     : ELB_REASON_NO_LISTENER;
  stop(trace, "address", reason, fmt::format("{} is {}", vip, kind_text(kind)));
  return std::nullopt;
}

bool Tracer::is_another_host(const Packet& packet, const elb_listener& listener, const elb_member& chosen,
                             model::Trace& trace) const {
  const auto policy = look_up<elb_policy>(object_, ELB_MAP_POLICIES, listener.index).value_or(elb_policy{});
  if ((policy.flags & ELB_POLICY_TOA) == 0 || ip_of(chosen.addr) != packet.query.client.address) return true;
  stop(trace, "client", ELB_REASON_TOA_LOOP,
       "the client is the member itself, and the listener tells members their clients (TOA): let it call its own "
       "service directly, or use a listener without TOA");
  return false;
}

bool Tracer::has_next_hop(const elb_member& member, model::Trace& trace) const {
  const std::string name = ip_of(member.addr).to_string();
  const auto hop = look_up<elb_hop>(object_, ELB_MAP_HOPS, uint32_t{member.hop});
  if (!hop || hop->valid == 0) {
    stop(trace, "next_hop", ELB_REASON_NO_HOP,
         fmt::format("the next hop to {} is not resolved: see 'ip route get {}' and 'ip neigh show'", name, name));
    return false;
  }
  step(trace, "next_hop",
       fmt::format("{} by {}, packets of up to {} bytes", mac_text(hop->dest_mac), interface_name(hop->ifindex),
                   hop->mtu));
  return true;
}

/// Each CPU draws from numbers of its own (bpf/lib/open.h): which one it is depends on where the packet arrives.
void Tracer::gets_local_port(model::Trace& trace) const {
  const IpAddress first = options_.first_local();
  const IpAddress last = IpAddress::from_v4_host(first.v4_host() + options_.local_count() - 1);
  step(trace, "local",
       fmt::format("a free port ({} to {}) of {} to {}, drawn by the CPU that receives the packet", ELB_PORT_FIRST_HOST,
                   ELB_PORT_FIRST_HOST + ELB_PORT_COUNT - 1, first.to_string(), last.to_string()));
}

Result<model::Trace> Tracer::trace(const model::TraceQuery& query) const {
  model::Trace trace;
  const uint8_t proto = query.protocol == model::Protocol::kUdp ? IPPROTO_UDP : IPPROTO_TCP;
  const Packet packet{query, proto, {abi_ip(query.vip.address), htons(query.vip.port), proto, 0}};
  if (meets_flow(packet, trace)) return trace;
  const auto listener = meets_listener(packet, trace);
  if (!listener) return trace;
  const auto picked = picks_member(query, *listener, trace);
  if (!picked) return trace;
  const auto chosen = member(*picked);
  if (!chosen)
    return fail(ErrorCode::kInternal, fmt::format("the ring names member entry {}, which is not there", *picked));
  trace.member = Endpoint{ip_of(chosen->addr), ntohs(chosen->port)};
  if (const auto pair = view_.pairs.find(*picked); pair != view_.pairs.end())
    trace.member_id = to_string(pair->second.member);
  step(trace, "member", trace.member->to_string());
  if (!is_another_host(packet, *listener, *chosen, trace) || !has_next_hop(*chosen, trace)) return trace;
  gets_local_port(trace);
  trace.verdict = "forward";
  return trace;
}

}  // namespace elb::dataplane
