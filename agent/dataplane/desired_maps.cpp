// SPDX-License-Identifier: Apache-2.0
#include "dataplane/desired_maps.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <netinet/in.h>

#include <set>

#include "base/log.h"
#include "dataplane/desired_policy.h"
#include "dataplane/rates.h"

namespace elb::dataplane {

namespace {

uint8_t ip_protocol(model::Protocol protocol) { return protocol == model::Protocol::kUdp ? IPPROTO_UDP : IPPROTO_TCP; }

class Builder {
 public:
  Builder(const model::Snapshot& snapshot, const DataplaneOptions& options, const TickRate& rate,
          const MemberTable& held, IndexBook& book)
      : snapshot_(snapshot), options_(options), rate_(rate), held_(held), book_(book) {}

  Result<DesiredMaps> build() {
    if (auto status = add_rates(); !status) return pass_on(std::move(status.error()));
    for (const model::SnapshotListener& listener : snapshot_.listeners)
      if (auto status = add_listener(listener); !status) return pass_on(std::move(status.error()));
    for (const model::Id& member : snapshot_.parked_members) {
      auto id = parse_uuid(member);
      if (!id) return pass_on(std::move(id.error()));
      maps_.parked.insert(*id);
    }
    book_.pairs.release_others([this](const PairKey& key) { return pairs_.count(key) > 0; });
    book_.listeners.release_others([this](const Uuid& id) { return listeners_.count(id) > 0; });
    forget_lists();
    keep_quarantined();
    book_.rates.release_others([this](const IpAddress& address) { return limits_.count(address) > 0; });
    book_.hops.release_others([this](const IpAddress& address) { return maps_.hops.count(address) > 0; });
    add_addrs();
    return std::move(maps_);
  }

 private:
  /// Those of the proxy are here for their whitelists alone: what passes is the stack's.
  Status add_listener(const model::SnapshotListener& listener) {
    const bool proxied = model::is_l7(listener.protocol);
    if (!proxied && !listener.vip.address.is_v4() && !options_.local_addresses6) {
      log::warn("listener is not balanced: local-addresses has no IPv6 prefix listener={} vip={}", listener.id,
                listener.vip.to_string());
      return {};
    }
    auto id = parse_uuid(listener.id);
    if (!id) return pass_on(std::move(id.error()));
    const auto index = book_.listeners.assign(*id);
    if (!index)
      return fail(ErrorCode::kQuota,
                  fmt::format("more than {} listeners, removed ones included until their connections have ended: "
                              "raise max-listeners",
                              options_.max_listeners));
    listeners_.insert(*id);

    elb_listener_key key{};
    key.addr = abi_ip(listener.vip.address);
    key.port = htons(listener.vip.port);
    key.proto = ip_protocol(listener.protocol);
    elb_listener value{};
    value.index = *index;
    if (proxied) value.flags = ELB_LISTENER_PROXY;
    store_uuid(value.id, *id);
    maps_.listeners[key] = value;
    if (listener.eip && listener.eip->is_v4()) {
      key.addr = abi_ip(*listener.eip);
      value.flags |= ELB_LISTENER_EIP;
      maps_.listeners[key] = value;
    }
    const model::SnapshotPool* pool = listener.pool && !proxied ? &snapshot_.pools[*listener.pool] : nullptr;
    if (auto status = add_policy(*id, *index, listener, pool); !status) return status;

    if (auto status = add_pair({*id, *id}, *index, nullptr); !status) return pass_on(std::move(status.error()));
    std::vector<RingMember> members;
    if (pool != nullptr) {
      for (const model::SnapshotMember& member : pool->members) {
        auto member_id = parse_uuid(member.id);
        if (!member_id) return pass_on(std::move(member_id.error()));
        if (!reaches(listener.vip.address, member)) continue;
        auto slot = add_pair({*id, *member_id}, *index, &member);
        if (!slot) return pass_on(std::move(slot.error()));
        if (!member.usable || member.weight == 0) continue;
        members.push_back({*slot, member.weight, member.endpoint});
      }
    }
    if (members.empty()) return {};  // no ring: the packet path counts NO_MEMBER
    maps_.rings[*index] = build_ring(pool->algorithm, members);
    return {};
  }

  /// Before the listeners, whose policies name them.
  Status add_rates() {
    const auto cpus = static_cast<uint32_t>(std::max(1, libbpf_num_possible_cpus()));
    for (const model::SnapshotBandwidth& limit : snapshot_.bandwidths) {
      const auto index = book_.rates.assign(limit.address);
      if (!index)
        return fail(ErrorCode::kQuota, fmt::format("more than {} addresses with a bandwidth: raise max-listeners",
                                                   options_.max_listeners));
      maps_.rates[0] = any_rate();
      maps_.rates[*index] = build_rate(limit.address, limit.mbit_per_s, rate_.hz, cpus);
      limits_[limit.address] = *index;
    }
    return {};
  }

  uint32_t rate_of(const IpAddress& address) const {
    const auto found = limits_.find(address);
    return found == limits_.end() ? 0 : found->second;
  }

  Status add_policy(const Uuid& id, uint32_t index, const model::SnapshotListener& listener,
                    const model::SnapshotPool* pool) {
    elb_policy policy = build_policy(id, listener, pool, rate_);
    if (listener.whitelist) {
      const NumberedList& numbered = number_list(id, *listener.whitelist);
      policy.acl = numbered.acl;
      maps_.whitelists[index] = numbered.list;
      for (const Cidr& entry : numbered.list->entries()) {
        const elb_addr_key prefix = abi_prefix(entry.address, entry.prefix);
        maps_.acl[{ELB_ACL_BITS + prefix.prefix_len, numbered.acl, prefix.addr}] = 1;
      }
      if (maps_.acl.size() > options_.max_acl_entries)
        return fail(ErrorCode::kQuota,
                    fmt::format("more than {} whitelist entries: raise max-acl-entries", options_.max_acl_entries));
    }
    policy.rate_vip = rate_of(listener.vip.address);
    if (listener.eip) policy.rate_eip = rate_of(*listener.eip);
    if (!same(policy, elb_policy{})) maps_.policies[index] = policy;
    return {};
  }

  /// The listener's list under the number it has, or under a new one if it is another list now.
  const NumberedList& number_list(const Uuid& id, const std::vector<Cidr>& entries) {
    NumberedList& numbered = book_.lists[id];
    auto list = std::make_shared<const Whitelist>(entries);
    if (!numbered.list || numbered.list->entries() != list->entries()) numbered = {book_.next_acl++, std::move(list)};
    return numbered;
  }

  void forget_lists() {
    for (auto it = book_.lists.begin(); it != book_.lists.end();) {
      const auto index = book_.listeners.find(it->first);
      it = index && maps_.whitelists.count(*index) > 0 ? std::next(it) : book_.lists.erase(it);
    }
  }

  /// IPv6 clients reach members of both families, IPv4 clients those of IPv4: an IPv6 address does not fit where an
  /// IPv4 client expects its peer's.
  bool reaches(const IpAddress& vip, const model::SnapshotMember& member) const {
    if (member.endpoint.address.is_v4() || (!vip.is_v4() && options_.local_addresses6)) return true;
    log::warn("member gets no traffic: {} member={} address={}",
              vip.is_v4() ? "an IPv4 listener can not use an IPv6 member" : "local-addresses has no IPv6 prefix",
              member.id, member.endpoint.to_string());
    return false;
  }

  /// `member` is null for the entry that gathers counters.
  Result<uint32_t> add_pair(const PairKey& key, uint32_t listener, const model::SnapshotMember* member) {
    elb_member value{};
    value.listener = listener;
    store_uuid(value.id, key.member);
    store_uuid(value.listener_id, key.listener);
    if (member != nullptr) {
      const auto hop = book_.hops.assign(member->endpoint.address);
      if (!hop)
        return fail(ErrorCode::kQuota,
                    fmt::format("more than {} different member addresses on one node", ELB_HOPS_MEMBERS - 1));
      maps_.hops[member->endpoint.address] = *hop;
      value.addr = abi_ip(member->endpoint.address);
      value.port = htons(member->endpoint.port);
      value.hop = static_cast<uint16_t>(*hop);
      value.flags = member->usable && member->weight > 0 ? ELB_MEMBER_USABLE : 0;
      value.weight = member->weight;
      value.generation = member_generation(key.listener, key.member);
    }
    const auto index = book_.pairs.assign(key);
    if (!index)
      return fail(ErrorCode::kQuota,
                  fmt::format("more than {} members over all listeners, removed ones included until their connections "
                              "have ended: raise max-members",
                              options_.max_members));
    pairs_.insert(key);
    maps_.members[*index] = value;
    return *index;
  }

  /// Removed members stay written (not usable), so that an agent that restarts meanwhile knows their indexes.
  void keep_quarantined() {
    for (const auto& [index, key] : book_.pairs.owners()) {
      if (pairs_.count(key) > 0) continue;
      const auto before = held_.find(index);
      elb_member value{};
      if (before != held_.end()) value = before->second;
      value.flags = 0;
      store_uuid(value.id, key.member);
      store_uuid(value.listener_id, key.listener);
      if (const auto listener = book_.listeners.find(key.listener)) value.listener = *listener;
      maps_.members[index] = value;
      if (value.hop == 0) continue;
      const auto address = ip_of(value.addr);
      if (book_.hops.find(address) == value.hop) maps_.hops[address] = value.hop;
    }
  }

  void add_addrs() {
    for (const IpAddress& vip : snapshot_.vips)
      if (vip.is_v4() || options_.local_addresses6) maps_.addrs[abi_host(vip)] = ELB_ADDR_VIP;
    maps_.addrs[abi_prefix(options_.local_addresses.address, options_.local_addresses.prefix)] = ELB_ADDR_LOCAL;
    if (const auto& local = options_.local_addresses6)
      maps_.addrs[abi_prefix(local->address, local->prefix)] = ELB_ADDR_LOCAL;
    // Last: without the node's own address no health check would get an answer.
    for (const IpAddress& address : options_.host_addresses()) maps_.addrs[abi_host(address)] = ELB_ADDR_HOST;
  }

  const model::Snapshot& snapshot_;
  const DataplaneOptions& options_;
  const TickRate& rate_;
  const MemberTable& held_;
  IndexBook& book_;
  DesiredMaps maps_;
  std::set<Uuid> listeners_;
  std::map<IpAddress, uint32_t> limits_;
  std::set<PairKey> pairs_;
};

}  // namespace

Result<DesiredMaps> build_desired(const model::Snapshot& snapshot, const DataplaneOptions& options,
                                  const TickRate& rate, const MemberTable& held, IndexBook& book) {
  return Builder(snapshot, options, rate, held, book).build();
}

}  // namespace elb::dataplane
