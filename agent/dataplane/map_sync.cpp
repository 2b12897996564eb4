// SPDX-License-Identifier: Apache-2.0
#include "dataplane/map_sync.h"

#include <algorithm>

#include "base/log.h"
#include "dataplane/drift.h"

namespace elb::dataplane {

namespace {

constexpr size_t kAclSlice = 16384;  // entries deleted by one call

}  // namespace

Status MapSync::read_all() {
  auto listeners = port_.read_listeners();
  if (!listeners) return pass_on(std::move(listeners.error()));
  auto members = port_.read_members();
  if (!members) return pass_on(std::move(members.error()));
  auto rings = port_.read_rings();
  if (!rings) return pass_on(std::move(rings.error()));
  auto policies = port_.read_policies();
  if (!policies) return pass_on(std::move(policies.error()));
  auto acl = port_.read_acl();
  if (!acl) return pass_on(std::move(acl.error()));
  auto addrs = port_.read_addrs();
  if (!addrs) return pass_on(std::move(addrs.error()));
  listeners_ = std::move(*listeners);
  members_ = std::move(*members);
  rings_ = std::move(*rings);
  auto rates = port_.read_rates();
  if (!rates) return pass_on(std::move(rates.error()));
  rates_ = std::move(*rates);
  policies_ = std::move(*policies);
  acl_ = std::move(*acl);
  addrs_ = std::move(*addrs);
  return {};
}

Status MapSync::adopt() {
  if (auto status = read_all(); !status) return status;
  const auto take = [](bool fits, std::string_view what, uint32_t index) {
    if (!fits) log::warn("entry contradicts another one and is not adopted {}={}", what, index);
  };
  for (const auto& [key, value] : listeners_)
    take(book_.listeners.adopt(uuid_of(value.id), value.index), "listener", value.index);
  for (const auto& [index, value] : members_) {
    const PairKey key{uuid_of(value.listener_id), uuid_of(value.id)};
    // A listener that was removed lives on in its members' entries until their connections have ended.
    take(book_.listeners.adopt(key.listener, value.listener) && book_.pairs.adopt(key, index), "member", index);
    if (value.hop != 0) take(book_.hops.adopt(ip_of(value.addr), value.hop), "hop", value.hop);
    if ((value.flags & ELB_MEMBER_USABLE) != 0) adopted_members_.push_back(to_string(key.member));
  }
  adopt_lists();
  for (const auto& [index, value] : rates_)
    if (index != 0) take(book_.rates.adopt(ip_of(value.addr), index), "rate", index);
  std::sort(adopted_members_.begin(), adopted_members_.end());
  adopted_members_.erase(std::unique(adopted_members_.begin(), adopted_members_.end()), adopted_members_.end());
  publish_view(Live::kReleasedToo);
  return {};
}

/// Whitelists keep their numbers, so that one that is still the same is not written again.
void MapSync::adopt_lists() {
  std::map<uint32_t, std::vector<Cidr>> entries;
  for (const auto& [key, value] : acl_) {
    const auto address = ip_of(key.client);
    const uint32_t before = ELB_ACL_BITS + (address.is_v4() ? ELB_MAPPED_SHIFT : 0);
    entries[key.acl].push_back({address, static_cast<uint8_t>(key.prefix_len - before)});
    book_.next_acl = std::max(book_.next_acl, key.acl + 1);
  }
  for (const auto& [listener, policy] : policies_) {
    const auto id = book_.listeners.owner(listener);
    if (!id || (policy.flags & ELB_POLICY_WHITELIST) == 0) continue;
    book_.next_acl = std::max(book_.next_acl, policy.acl + 1);
    auto list = std::make_shared<const Whitelist>(entries[policy.acl]);
    whitelists_[listener] = list;
    book_.lists[*id] = {policy.acl, std::move(list)};
  }
}

Result<DesiredMaps> MapSync::plan(const model::Snapshot& snapshot, const Usage& usage) {
  if (auto status = retire(usage); !status) return pass_on(std::move(status.error()));
  return build_desired(snapshot, options_, rate_, members_, book_);
}

/// The sweeper ends connections of members that the view does not call live: it must know new ones before a packet can
/// choose them, and may forget removed ones only when none can any more.
Result<uint64_t> MapSync::commit(DesiredMaps desired, const std::function<uint64_t()>& sweeps_begun) {
  desired_ = std::move(desired);
  committed_ = true;
  publish_view(Live::kReleasedToo);
  auto writes = write_difference();
  if (!writes) return writes;
  whitelists_ = desired_.whitelists;
  publish_view(Live::kConfigured);
  const uint64_t begun = sweeps_begun();
  book_.pairs.start_quarantine(begun);
  book_.listeners.start_quarantine(begun);
  book_.hops.start_quarantine(begun);
  book_.rates.start_quarantine(begun);
  return writes;
}

Result<model::Audit> MapSync::audit(const Usage& usage) {
  model::Audit audit;
  if (!committed_) return audit;
  if (auto status = retire(usage); !status) return pass_on(std::move(status.error()));
  const ListenerTable listeners = listeners_;
  const MemberTable members = members_;
  const auto rings = rings_;
  const PolicyTable policies = policies_;
  const RateTable rates = rates_;
  const AclTable acl = acl_;
  const AddrTable addrs = addrs_;
  if (auto status = read_all(); !status) return pass_on(std::move(status.error()));
  describe_drift(listeners, listeners_, audit);
  describe_drift(members, members_, audit);
  describe_drift(rings, rings_, audit);
  describe_drift(policies, policies_, audit);
  describe_drift(rates, rates_, audit);
  describe_drift(acl, acl_, audit);
  describe_drift(addrs, addrs_, audit);
  auto writes = write_difference();
  if (!writes) return pass_on(std::move(writes.error()));
  return audit;
}

/// Frees indexes whose connections have ended. Members first: a listener goes when the last of its members has gone.
Status MapSync::retire(const Usage& usage) {
  const auto has_other_pairs = [this](const Uuid& listener) {
    return std::any_of(book_.pairs.owners().begin(), book_.pairs.owners().end(),
                       [&](const auto& owner) { return owner.second.listener == listener && !owner.second.gathers(); });
  };
  const auto pair_in_use = [&](uint32_t index) {
    if (index < usage.flows.size() && usage.flows[index] > 0) return true;
    const auto key = book_.pairs.owner(index);
    return key && key->gathers() && has_other_pairs(key->listener);
  };
  Status status;
  for (const auto& [key, index] : book_.pairs.retire(usage.ended, pair_in_use)) {
    if (auto gathered = gather(key, index); !gathered) status = std::move(gathered);
    desired_.members.erase(index);
  }
  const auto listener_in_use = [this](uint32_t index) {
    const auto id = book_.listeners.owner(index);
    return std::any_of(book_.pairs.owners().begin(), book_.pairs.owners().end(),
                       [&](const auto& owner) { return owner.second.listener == *id; });
  };
  for (const auto& [id, index] : book_.listeners.retire(usage.ended, listener_in_use))
    if (auto cleared = port_.clear_refused(index); !cleared) status = std::move(cleared);
  book_.hops.retire(usage.ended, [](uint32_t) { return false; });
  book_.rates.retire(usage.ended, [](uint32_t) { return false; });
  return status;
}

/// Adds a removed member's counters to its listener's own entry and clears them for the next owner of the index. An
/// agent that dies between the two writes counts this member twice.
Status MapSync::gather(const PairKey& key, uint32_t index) {
  const auto home = book_.pairs.find({key.listener, key.listener});
  if (home && !key.gathers() && !book_.pairs.is_released({key.listener, key.listener})) {
    auto from = port_.read_traffic(index);
    auto sum = port_.read_traffic(*home);
    if (!from || !sum) return pass_on(std::move(from ? sum.error() : from.error()));
    sum->connections += from->connections;
    sum->packets_in += from->packets_in;
    sum->bytes_in += from->bytes_in;
    sum->packets_out += from->packets_out;
    sum->bytes_out += from->bytes_out;
    if (auto status = port_.set_traffic(*home, *sum); !status) return status;
  }
  return port_.set_traffic(index, elb_traffic{});
}

Result<uint64_t> MapSync::write_difference() {
  uint64_t writes = 0;
  if (auto status = erase_acl(writes); !status) return pass_on(std::move(status.error()));
  if (auto status = add_and_change(writes); !status) return pass_on(std::move(status.error()));
  if (auto status = remove(writes); !status) return pass_on(std::move(status.error()));
  return writes;
}

/// From the inside out: what is pointed at exists before what points at it.
Status MapSync::add_and_change(uint64_t& writes) {
  if (auto status = put_members(desired_.members, Losing::kNo, writes); !status) return status;
  if (auto status = put_acl(writes); !status) return status;
  if (auto status = put_rates(writes); !status) return status;
  if (auto status = put_policies(false, writes); !status) return status;
  if (auto status = put_rings(desired_.rings, writes); !status) return status;
  if (auto status = put_policies(true, writes); !status) return status;
  for (const auto& [key, value] : desired_.listeners) {
    const auto held = listeners_.find(key);
    if (held != listeners_.end() && same(held->second, value)) continue;
    if (auto status = port_.put_listener(key, value); !status) return status;
    listeners_[key] = value;
    ++writes;
  }
  for (const auto& [key, kind] : desired_.addrs) {
    const auto held = addrs_.find(key);
    if (held != addrs_.end() && held->second == kind) continue;
    if (auto status = port_.put_addr(key, kind); !status) return status;
    addrs_[key] = kind;
    ++writes;
  }
  return {};
}

/// Those that lose their usability come after the rings that named them have gone: in between, a ring would have no
/// member to give.
Status MapSync::put_members(const MemberTable& wanted, Losing losing, uint64_t& writes) {
  const auto usable = [](const elb_member& member) { return (member.flags & ELB_MEMBER_USABLE) != 0; };
  for (const auto& [index, value] : wanted) {
    const auto held = members_.find(index);
    const bool loses = held != members_.end() && usable(held->second) && !usable(value);
    if (loses != (losing == Losing::kYes)) continue;
    if (held != members_.end() && same(held->second, value)) continue;
    if (auto status = port_.put_member(index, value); !status) return status;
    members_[index] = value;
    ++writes;
  }
  return {};
}

/// One array write each: a packet sees the old limit or the new one, and the bucket adapts by itself.
Status MapSync::put_rates(uint64_t& writes) {
  for (const auto& [index, value] : desired_.rates) {
    const auto held = rates_.find(index);
    if (held != rates_.end() && same(held->second, value)) continue;
    if (auto status = port_.put_rate(index, value); !status) return status;
    rates_[index] = value;
    ++writes;
  }
  for (auto it = rates_.begin(); it != rates_.end();) {
    if (desired_.rates.count(it->first) > 0) {
      ++it;
      continue;
    }
    if (auto status = port_.put_rate(it->first, elb_rate{}); !status) return status;
    it = rates_.erase(it);
    ++writes;
  }
  return {};
}

/// Once before the rings and once after them, with the policies that hash: so the source hash meets none but Maglev's
/// tables. The other algorithms read any ring, for a moment.
Status MapSync::put_policies(bool hashed, uint64_t& writes) {
  for (const auto& [listener, value] : desired_.policies) {
    if ((value.algorithm == ELB_SOURCE_HASH) != hashed) continue;
    const auto held = policies_.find(listener);
    if (held != policies_.end() && same(held->second, value)) continue;
    if (auto status = port_.put_policy(listener, value); !status) return status;
    policies_[listener] = value;
    ++writes;
  }
  if (hashed) return {};
  for (auto it = policies_.begin(); it != policies_.end();) {
    if (desired_.policies.count(it->first) > 0) {
      ++it;
      continue;
    }
    if (auto status = port_.put_policy(it->first, elb_policy{}); !status) return status;
    it = policies_.erase(it);
    ++writes;
  }
  return {};
}

/// A list is complete under its number before a policy names it.
Status MapSync::put_acl(uint64_t& writes) {
  AclTable missing;
  for (const auto& [key, value] : desired_.acl)
    if (const auto held = acl_.find(key); held == acl_.end() || held->second != value) missing[key] = value;
  if (missing.empty()) return {};
  if (auto status = port_.put_acl(missing); !status) return status;
  for (const auto& [key, value] : missing) acl_[key] = value;
  writes += missing.size();
  return {};
}

/// Deletes what is in no list, a slice at a time. A list that the kernel's policies still name is left: it goes with a
/// later call, when no packet can be amid a look into it.
Status MapSync::erase_acl(uint64_t& writes) {
  std::set<uint32_t> wanted, named;
  for (const auto& [key, value] : desired_.acl) wanted.insert(key.acl);
  for (const auto& [listener, policy] : policies_)
    if ((policy.flags & ELB_POLICY_WHITELIST) != 0) named.insert(policy.acl);
  std::vector<elb_acl_key> gone;
  for (const auto& [key, value] : acl_) {
    if (gone.size() == kAclSlice) break;
    if (desired_.acl.count(key) == 0 && (wanted.count(key.acl) > 0 || named.count(key.acl) == 0)) gone.push_back(key);
  }
  if (gone.empty()) return {};
  if (auto status = port_.erase_acl(gone); !status) return status;
  for (const elb_acl_key& key : gone) acl_.erase(key);
  writes += gone.size();
  return {};
}

/// What a failed call left in the kernel is unknown: it counts as different until a call succeeds.
Status MapSync::put_rings(const std::map<uint32_t, Ring>& wanted, uint64_t& writes) {
  std::map<uint32_t, Ring> changed;
  for (const auto& [listener, ring] : wanted) {
    const auto held = rings_.find(listener);
    if (held == rings_.end() || held->second != ring) changed[listener] = ring;
  }
  if (changed.empty()) return {};
  for (const auto& [listener, ring] : changed) rings_[listener].reset();
  if (auto status = port_.put_rings(changed); !status) return status;
  writes += changed.size();
  for (auto& [listener, ring] : changed) rings_[listener] = std::move(ring);
  return {};
}

Status MapSync::erase_rings(const std::set<uint32_t>& gone, uint64_t& writes) {
  if (gone.empty()) return {};
  if (auto status = port_.erase_rings(gone); !status) return status;
  writes += gone.size();
  for (const uint32_t listener : gone) rings_.erase(listener);
  return {};
}

/// From the outside in.
Status MapSync::remove(uint64_t& writes) {
  const auto prune = [&writes](auto& held, const auto& wanted, auto erase) -> Status {
    for (auto it = held.begin(); it != held.end();) {
      if (wanted.count(it->first) > 0) {
        ++it;
        continue;
      }
      if (Status status = erase(it->first); !status) return status;
      it = held.erase(it);
      ++writes;
    }
    return {};
  };
  if (auto status = prune(addrs_, desired_.addrs, [this](const auto& key) { return port_.erase_addr(key); }); !status)
    return status;
  if (auto status =
          prune(listeners_, desired_.listeners, [this](const auto& key) { return port_.erase_listener(key); });
      !status)
    return status;
  std::set<uint32_t> ringless;
  for (const auto& [listener, ring] : rings_)
    if (desired_.rings.count(listener) == 0) ringless.insert(listener);
  if (auto status = erase_rings(ringless, writes); !status) return status;
  if (auto status = put_members(desired_.members, Losing::kYes, writes); !status) return status;
  return prune(members_, desired_.members, [this](uint32_t index) { return port_.erase_member(index); });
}

void MapSync::publish_view(Live live) {
  auto view = std::make_shared<IndexView>();
  if (committed_) view->live.resize(options_.max_members);
  for (const auto& [index, id] : book_.listeners.owners())
    if (!book_.listeners.is_released(id)) view->listeners[id].index = index;
  for (const auto& [index, key] : book_.pairs.owners()) {
    view->pairs[index] = key;
    if (index >= view->owners.size()) view->owners.resize(index + 1, UINT32_MAX);
    if (const auto listener = book_.listeners.find(key.listener)) view->owners[index] = *listener;
    if (const auto listener = view->listeners.find(key.listener); listener != view->listeners.end())
      listener->second.members.push_back(index);
    const bool released = book_.pairs.is_released(key);
    const bool parked = desired_.parked.count(key.member) > 0 && !book_.listeners.is_released(key.listener);
    if (committed_ && (!released || parked || live == Live::kReleasedToo)) view->live[index] = true;
    if (!released && !key.gathers()) view->members[key.member].push_back(index);
  }
  view->whitelists = whitelists_;
  view_.set(std::move(view));
}

}  // namespace elb::dataplane
