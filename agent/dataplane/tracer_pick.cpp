// SPDX-License-Identifier: Apache-2.0
// Tracer's part of bpf/lib/{acl,guard,sticky,pick}.h: the same decisions out of the same tables, without the counting.
#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "dataplane/abi_values.h"
#include "dataplane/tracer.h"
#include "dataplane/tracer_steps.h"

namespace elb::dataplane {
namespace {

constexpr size_t kCandidatesMax = 64;
constexpr uint32_t kPickSteps = 16;  // ELB_PICK_STEPS

}  // namespace

std::string Tracer::name_of_member(uint32_t index) const {
  const auto found = member(index);
  if (!found) return fmt::format("member entry {}", index);
  return Endpoint{ip_of(found->addr), ntohs(found->port)}.to_string();
}

/// Why it is passed over; empty if it may get a connection.
std::string Tracer::objection(uint32_t index) const {
  const auto found = member(index);
  if (!found || (found->flags & ELB_MEMBER_USABLE) == 0) return "not usable";
  const auto hop = look_up<elb_hop>(object_, ELB_MAP_HOPS, uint32_t{found->hop});
  return hop && hop->valid != 0 ? "" : "its next hop is not resolved";
}

bool Tracer::is_admitted(const model::TraceQuery& query, uint32_t listener, const elb_policy& policy,
                         model::Trace& trace) const {
  const std::string client = query.client.address.to_string();
  if ((policy.flags & ELB_POLICY_WHITELIST) != 0) {
    const elb_acl_key key{ELB_ACL_BITS + 128, policy.acl, abi_ip(query.client.address)};
    if (!look_up<uint32_t>(object_, ELB_MAP_ACL, key)) {
      stop(trace, "whitelist", ELB_REASON_NOT_ALLOWED,
           fmt::format("no entry of the listener's whitelist (list {}) has {}", policy.acl, client));
      return false;
    }
    step(trace, "whitelist", fmt::format("the listener's whitelist (list {}) has {}", policy.acl, client));
  }
  const auto cursor = look_up<elb_cursor>(object_, ELB_MAP_CURSORS, listener).value_or(elb_cursor{});
  const auto active = static_cast<int32_t>(cursor.active);
  if (policy.connection_limit != 0) {
    const std::string text = fmt::format("{} of {} connections are open", active, policy.connection_limit);
    if (active >= static_cast<int32_t>(policy.connection_limit)) {
      stop(trace, "connection_limit", ELB_REASON_CONNECTION_LIMIT, text);
      return false;
    }
    step(trace, "connection_limit", text);
  }
  if (cursor.limited != 0 && static_cast<int32_t>(cursor.open_until - cursor.opened) <= 0) {
    stop(trace, "table_share", ELB_REASON_TABLE_SHARE,
         "the flow table is nearly full and the listener has used its share until the next sweep");
    return false;
  }
  return true;
}

/// The member that the client got last, if it may still get it.
std::optional<uint32_t> Tracer::sticks_to(const model::TraceQuery& query, uint32_t listener, const elb_policy& policy,
                                          model::Trace& trace) const {
  const elb_sticky_key key{listener, abi_ip(query.client.address)};
  const auto sticky = look_up<elb_sticky>(object_, ELB_MAP_STICKY, key);
  const uint32_t now = object_.tick().value_or(0);
  if (!sticky || sticky->expires - now - 1 >= policy.sticky_ticks) {
    step(trace, "sticky",
         fmt::format("{} has no entry: its first member is chosen by the hash of its address and kept while it opens "
                     "connections at least every {:.0f} s",
                     query.client.address.to_string(), object_.rate().seconds(policy.sticky_ticks)));
    return std::nullopt;
  }
  const std::string name = name_of_member(sticky->member);
  const auto found = member(sticky->member);
  std::string because = objection(sticky->member);
  if (!found || found->generation != sticky->generation || found->listener != listener) because = "gone";
  if (!because.empty()) {
    step(trace, "sticky", fmt::format("the client had {}, which is {}: another one is chosen", name, because));
    return std::nullopt;
  }
  step(trace, "sticky",
       fmt::format("the client keeps {} for another {:.0f} s", name, object_.rate().seconds(sticky->expires - now)));
  return sticky->member;
}

/// elb_pick_from(): from a place on, the first that may.
std::optional<uint32_t> Tracer::from_place(const Ring& ring, uint64_t start, std::string how,
                                           model::Trace& trace) const {
  const auto length = static_cast<uint32_t>(ring.size());
  auto place = static_cast<uint32_t>(start % length);
  const uint32_t leap = length / (kPickSteps / 2);
  std::string passed, worst;
  for (uint32_t i = 0; i < kPickSteps; ++i) {
    const std::string because = objection(ring[place]);
    if (because.empty()) {
      step(trace, "algorithm",
           fmt::format("{}: place {} of {}, {}{}", how, place + 1, length, name_of_member(ring[place]), passed));
      return ring[place];
    }
    if (i < 2) passed += fmt::format("; {} is passed over: {}", name_of_member(ring[place]), because);
    if (because != "not usable") worst = because;
    place = (place + 1 + (i >= kPickSteps / 2 ? leap : 0)) % length;
  }
  stop(trace, "algorithm", worst.empty() ? ELB_REASON_NO_MEMBER : ELB_REASON_NO_HOP, how + passed);
  return std::nullopt;
}

std::optional<uint32_t> Tracer::least_loaded(const Ring& ring, uint64_t turn, model::Trace& trace) const {
  struct Best {
    uint32_t index, load, weight;
  };
  if (ring.size() > ELB_LEAST_SCAN) {
    step(trace, "algorithm",
         fmt::format("weighted least connections among {} members: the best of a few drawn at random, so it cannot be "
                     "foretold",
                     trace.candidates.size()));
    return from_place(ring, turn, "for example", trace);
  }
  std::optional<Best> best;
  std::string because;
  for (size_t i = 0; i < ring.size(); ++i) {
    const uint32_t index = ring[(turn + i) % ring.size()];
    const std::string why_not = objection(index);
    if (!why_not.empty()) {
      if (because != "its next hop is not resolved") because = why_not;
      continue;
    }
    const auto open = static_cast<int32_t>(look_up<uint32_t>(object_, ELB_MAP_LOADS, index).value_or(0));
    const Best one{index, open < 0 ? 0 : static_cast<uint32_t>(open), member(index)->weight};
    if (!best || uint64_t{one.load} * best->weight < uint64_t{best->load} * one.weight) best = one;
  }
  if (!best) {
    stop(trace, "algorithm", because == "not usable" ? ELB_REASON_NO_MEMBER : ELB_REASON_NO_HOP,
         "weighted least connections: no member may get a connection, " + because);
    return std::nullopt;
  }
  step(trace, "algorithm",
       fmt::format("weighted least connections: {} has the fewest for its weight, {} open, weight {}",
                   name_of_member(best->index), best->load, best->weight));
  return best->index;
}

std::optional<uint32_t> Tracer::picks_member(const model::TraceQuery& query, const elb_listener& listener,
                                             model::Trace& trace) const {
  const auto policy = look_up<elb_policy>(object_, ELB_MAP_POLICIES, listener.index).value_or(elb_policy{});
  if (!is_admitted(query, listener.index, policy, trace)) return std::nullopt;
  const auto ring = ring_(listener.index);
  if (!ring || ring->empty()) {
    stop(trace, "algorithm", ELB_REASON_NO_MEMBER,
         "the listener has no usable member: no pool, or all of its members are down, draining or not checked yet");
    return std::nullopt;
  }
  for (const uint32_t index : std::set<uint32_t>(ring->begin(), ring->end())) {
    const auto candidate = member(index);
    if (candidate && trace.candidates.size() < kCandidatesMax)
      trace.candidates.push_back({ip_of(candidate->addr), ntohs(candidate->port)});
  }
  const elb_ip client = abi_ip(query.client.address);
  if (policy.sticky_ticks != 0) {
    if (const auto kept = sticks_to(query, listener.index, policy, trace)) return kept;
    return from_place(*ring, elb_client_hash(&client, policy.hash_seed), "hash of the client's address", trace);
  }
  const uint64_t turn = look_up<elb_cursor>(object_, ELB_MAP_CURSORS, listener.index).value_or(elb_cursor{}).next;
  if (policy.algorithm == ELB_LEAST_CONNECTIONS) return least_loaded(*ring, turn, trace);
  if (policy.algorithm == ELB_SOURCE_HASH)
    return from_place(*ring, elb_client_hash(&client, policy.hash_seed), "hash of the client's address", trace);
  return from_place(*ring, turn, fmt::format("weighted round robin over {} members, next", trace.candidates.size()),
                    trace);
}

}  // namespace elb::dataplane
