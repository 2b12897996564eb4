// SPDX-License-Identifier: Apache-2.0
#include "dataplane/libbpf_map_port.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

namespace elb::dataplane {

namespace {

constexpr uint32_t kBatch = 4096;  // entries read by one system call
constexpr size_t kParallel = 32;   // threads that only wait

/// Values in per-CPU maps are padded to 8 bytes.
template <class Value>
struct alignas(8) PerCpu {
  Value value;
};

template <class Value>
bool is_zero(const Value& value) {
  return same(value, Value{});
}

/// Runs the call for each item on several threads: calls that wait for a grace period wait for the same one.
Status in_parallel(const std::vector<uint32_t>& items, const std::function<Status(uint32_t)>& call) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  Status result;
  const auto work = [&] {
    for (size_t i = next++; i < items.size(); i = next++) {
      auto status = call(items[i]);
      if (status) continue;
      const std::lock_guard lock(mutex);
      result = std::move(status);
    }
  };
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < std::min(kParallel, items.size()); ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // fewer threads do the same, only later
  }
  work();
  for (std::thread& thread : threads) thread.join();
  return result;
}

}  // namespace

LibbpfMapPort::Map LibbpfMapPort::map(const BpfObject& object, const char* name) const {
  return {name, object.map_fd(name), object.map_entries(name)};
}

LibbpfMapPort::LibbpfMapPort(const BpfObject& object)
    : cpus_(static_cast<size_t>(std::max(1, libbpf_num_possible_cpus()))),
      listeners_(map(object, ELB_MAP_LISTENERS)),
      members_(map(object, ELB_MAP_MEMBERS)),
      rings_(map(object, ELB_MAP_RINGS)),
      policies_(map(object, ELB_MAP_POLICIES)),
      acl_(map(object, ELB_MAP_ACL)),
      addrs_(map(object, ELB_MAP_ADDRS)),
      hops_(map(object, ELB_MAP_HOPS)),
      tx_ports_(map(object, ELB_MAP_TX_PORTS)),
      links_(map(object, ELB_MAP_LINKS)),
      traffic_(map(object, ELB_MAP_TRAFFIC)),
      refused_(map(object, ELB_MAP_REFUSED)),
      reasons_(map(object, ELB_MAP_REASONS)) {}

template <class Key, class Value>
Status LibbpfMapPort::put(const Map& map, const Key& key, const Value& value) {
  if (bpf_map_update_elem(map.fd, &key, &value, BPF_ANY) == 0) return {};
  if (errno == E2BIG || errno == ENOSPC)
    return fail(ErrorCode::kQuota, fmt::format("map {} is full with {} entries", map.name, map.entries));
  return fail_errno(errno, fmt::format("write to map {}", map.name));
}

template <class Key>
Status LibbpfMapPort::erase(const Map& map, const Key& key) {
  if (bpf_map_delete_elem(map.fd, &key) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("delete from map {}", map.name));
}

template <class Key, class Value, class Table>
Result<Table> LibbpfMapPort::read_table(const Map& map) {
  Table table;
  Key key{}, next{};
  const Key* from = nullptr;
  while (bpf_map_get_next_key(map.fd, from, &next) == 0) {
    key = next;
    from = &key;
    Value value{};
    if (bpf_map_lookup_elem(map.fd, &key, &value) == 0)
      table[key] = value;
    else if (errno != ENOENT)
      return fail_errno(errno, fmt::format("read of map {}", map.name));
  }
  if (errno != ENOENT) return fail_errno(errno, fmt::format("read of map {}", map.name));
  return table;
}

/// The entries from `first` to `end` that are not all zero.
template <class Value>
Result<std::map<uint32_t, Value>> LibbpfMapPort::read_array(const Map& map, uint32_t first, uint32_t end) {
  std::map<uint32_t, Value> found;
  std::vector<uint32_t> keys(kBatch);
  std::vector<Value> values(kBatch);
  uint32_t position = 0;
  void* from = nullptr;
  if (first > 0) {  // the position of an array is the last index read
    position = first - 1;
    from = &position;
  }
  for (;;) {
    uint32_t count = kBatch;
    const int error = bpf_map_lookup_batch(map.fd, from, &position, keys.data(), values.data(), &count, nullptr);
    if (error != 0 && errno != ENOENT) return fail_errno(errno, fmt::format("read of map {}", map.name));
    for (uint32_t i = 0; i < count; ++i)
      if (keys[i] >= first && keys[i] < end && !is_zero(values[i])) found[keys[i]] = values[i];
    if (error != 0 || count == 0 || keys[count - 1] + 1 >= end) return found;
    from = &position;
  }
}

template <class Value>
Result<std::vector<Value>> LibbpfMapPort::read_per_cpu(const Map& map, uint32_t index) {
  std::vector<PerCpu<Value>> raw(cpus_);
  if (bpf_map_lookup_elem(map.fd, &index, raw.data()) != 0)
    return fail_errno(errno, fmt::format("read of map {}", map.name));
  std::vector<Value> values;
  values.reserve(raw.size());
  for (const auto& entry : raw) values.push_back(entry.value);
  return values;
}

template <class Value>
Status LibbpfMapPort::set_per_cpu(const Map& map, uint32_t index, const Value& first_cpu) {
  std::vector<PerCpu<Value>> raw(cpus_);
  raw[0].value = first_cpu;
  if (bpf_map_update_elem(map.fd, &index, raw.data(), BPF_ANY) != 0)
    return fail_errno(errno, fmt::format("write to map {}", map.name));
  return {};
}

Status LibbpfMapPort::put_listener(const elb_listener_key& key, const elb_listener& value) {
  return put(listeners_, key, value);
}
Status LibbpfMapPort::erase_listener(const elb_listener_key& key) { return erase(listeners_, key); }
Result<ListenerTable> LibbpfMapPort::read_listeners() {
  return read_table<elb_listener_key, elb_listener, ListenerTable>(listeners_);
}

Status LibbpfMapPort::put_member(uint32_t index, const elb_member& value) { return put(members_, index, value); }
Status LibbpfMapPort::erase_member(uint32_t index) { return put(members_, index, elb_member{}); }
Result<MemberTable> LibbpfMapPort::read_members() { return read_array<elb_member>(members_, 0, members_.entries); }

/// A new inner map, filled.
Result<LibbpfMapPort::OwnRing> LibbpfMapPort::make_ring(const Ring& ring) {
  const auto entries = static_cast<uint32_t>(ring.size() + 1);
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP);
  Fd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "elb_ring", sizeof(uint32_t), sizeof(uint32_t), entries, &opts));
  if (!fd) return fail_errno(errno, "creation of a ring");
  std::vector<uint32_t> keys(entries), values{static_cast<uint32_t>(ring.size())};
  for (uint32_t i = 0; i < entries; ++i) keys[i] = i;
  values.insert(values.end(), ring.begin(), ring.end());
  uint32_t count = entries;
  if (bpf_map_update_batch(fd.get(), keys.data(), values.data(), &count, nullptr) != 0 || count != entries)
    return fail_errno(errno, "fill of a ring");
  bpf_map_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return fail_errno(errno, "info of a ring");
  return OwnRing{std::move(fd), info.id, entries};
}

/// One pointer for each listener: a packet sees the old ring or the new one.
Status LibbpfMapPort::put_rings(const std::map<uint32_t, Ring>& rings) {
  std::map<uint32_t, OwnRing> made;
  std::vector<uint32_t> listeners;
  for (const auto& [listener, ring] : rings) {
    auto own = make_ring(ring);
    if (!own) return pass_on(std::move(own.error()));
    made[listener] = std::move(*own);
    listeners.push_back(listener);
  }
  auto status = in_parallel(listeners, [&](uint32_t listener) {
    const int inner = made.at(listener).fd.get();
    return put(rings_, listener, inner);
  });
  if (!status) return status;
  const std::lock_guard lock(rings_mutex_);
  for (auto& [listener, own] : made) own_rings_[listener] = std::move(own);
  return {};
}

Status LibbpfMapPort::erase_rings(const std::set<uint32_t>& listeners) {
  auto status =
      in_parallel({listeners.begin(), listeners.end()}, [&](uint32_t listener) { return erase(rings_, listener); });
  if (!status) return status;
  const std::lock_guard lock(rings_mutex_);
  for (const uint32_t listener : listeners) own_rings_.erase(listener);
  return {};
}

/// Nothing for a length that was tampered with: it must not look right.
Result<std::optional<Ring>> LibbpfMapPort::contents_of(const OwnRing& own) {
  std::vector<uint32_t> keys(own.entries), values(own.entries);
  uint32_t position = 0, count = own.entries;
  if (bpf_map_lookup_batch(own.fd.get(), nullptr, &position, keys.data(), values.data(), &count, nullptr) != 0 &&
      errno != ENOENT)
    return fail_errno(errno, "read of a ring");
  if (count != own.entries || values[0] != count - 1) return std::optional<Ring>{};
  return std::optional<Ring>(Ring(values.begin() + 1, values.end()));
}

std::optional<Ring> LibbpfMapPort::read_ring(uint32_t listener) const {
  uint32_t id = 0;
  if (bpf_map_lookup_elem(rings_.fd, &listener, &id) != 0) return std::nullopt;
  const std::lock_guard lock(rings_mutex_);
  const auto own = own_rings_.find(listener);
  if (own == own_rings_.end() || own->second.id != id) return std::nullopt;
  return contents_of(own->second).value_or(std::nullopt);
}

Result<std::map<uint32_t, std::optional<Ring>>> LibbpfMapPort::read_rings() {
  std::map<uint32_t, std::optional<Ring>> rings;
  for (uint32_t listener = 0; listener < rings_.entries; ++listener) {
    uint32_t id = 0;
    if (bpf_map_lookup_elem(rings_.fd, &listener, &id) != 0) {
      if (errno == ENOENT) continue;
      return fail_errno(errno, fmt::format("read of map {}", rings_.name));
    }
    auto& ring = rings[listener];
    const auto own = own_rings_.find(listener);
    if (own == own_rings_.end() || own->second.id != id) continue;
    auto contents = contents_of(own->second);
    if (!contents) return pass_on(std::move(contents.error()));
    ring = std::move(*contents);
  }
  return rings;
}

Status LibbpfMapPort::put_policy(uint32_t listener, const elb_policy& value) { return put(policies_, listener, value); }
Result<PolicyTable> LibbpfMapPort::read_policies() { return read_array<elb_policy>(policies_, 0, policies_.entries); }

Status LibbpfMapPort::put_acl(const AclTable& entries) {
  std::vector<elb_acl_key> keys;
  std::vector<uint32_t> values;
  for (const auto& [key, value] : entries) {
    keys.push_back(key);
    values.push_back(value);
  }
  auto count = static_cast<uint32_t>(keys.size());
  if (count == 0 || bpf_map_update_batch(acl_.fd, keys.data(), values.data(), &count, nullptr) == 0) return {};
  if (errno == ENOSPC || errno == E2BIG)
    return fail(ErrorCode::kQuota,
                fmt::format("map {} is full with {} entries: raise max-acl-entries", acl_.name, acl_.entries));
  return fail_errno(errno, fmt::format("write to map {}", acl_.name));
}

/// The kernel's batch would stop at the first one that is not there.
Status LibbpfMapPort::erase_acl(const std::vector<elb_acl_key>& keys) {
  for (const elb_acl_key& key : keys)
    if (auto status = erase(acl_, key); !status) return status;
  return {};
}

Result<AclTable> LibbpfMapPort::read_acl() {
  AclTable table;
  std::vector<elb_acl_key> keys(kBatch);
  std::vector<uint32_t> values(kBatch);
  elb_acl_key position{};
  void* from = nullptr;
  for (;;) {
    uint32_t count = kBatch;
    const int error = bpf_map_lookup_batch(acl_.fd, from, &position, keys.data(), values.data(), &count, nullptr);
    if (error != 0 && errno != ENOENT) return fail_errno(errno, fmt::format("read of map {}", acl_.name));
    for (uint32_t i = 0; i < count; ++i) table[keys[i]] = values[i];
    if (error != 0 || count == 0) return table;
    from = &position;
  }
}

Status LibbpfMapPort::put_addr(const elb_addr_key& key, uint32_t kind) { return put(addrs_, key, kind); }
Status LibbpfMapPort::erase_addr(const elb_addr_key& key) { return erase(addrs_, key); }
Result<AddrTable> LibbpfMapPort::read_addrs() { return read_table<elb_addr_key, uint32_t, AddrTable>(addrs_); }

Status LibbpfMapPort::put_hop(uint32_t index, const elb_hop& value) { return put(hops_, index, value); }
Result<HopTable> LibbpfMapPort::read_hops() { return read_array<elb_hop>(hops_, 1, ELB_HOPS_MEMBERS); }

Status LibbpfMapPort::put_tx_port(uint32_t ifindex) { return put(tx_ports_, ifindex, ifindex); }
Status LibbpfMapPort::erase_tx_port(uint32_t ifindex) { return erase(tx_ports_, ifindex); }
Result<std::set<uint32_t>> LibbpfMapPort::read_tx_ports() {
  auto table = read_table<uint32_t, uint32_t, std::map<uint32_t, uint32_t>>(tx_ports_);
  if (!table) return pass_on(std::move(table.error()));
  std::set<uint32_t> ports;
  for (const auto& [ifindex, target] : *table)
    if (ifindex == target) ports.insert(ifindex);
  return ports;
}

Status LibbpfMapPort::put_link(uint32_t ifindex, const elb_link& value) { return put(links_, ifindex, value); }
Status LibbpfMapPort::erase_link(uint32_t ifindex) { return erase(links_, ifindex); }
Result<LinkTable> LibbpfMapPort::read_links() { return read_table<uint32_t, elb_link, LinkTable>(links_); }

Result<elb_traffic> LibbpfMapPort::read_traffic(uint32_t member) {
  auto values = read_per_cpu<elb_traffic>(traffic_, member);
  if (!values) return pass_on(std::move(values.error()));
  elb_traffic sum{};
  for (const elb_traffic& value : *values) {
    sum.connections += value.connections;
    sum.packets_in += value.packets_in;
    sum.bytes_in += value.bytes_in;
    sum.packets_out += value.packets_out;
    sum.bytes_out += value.bytes_out;
  }
  return sum;
}

Status LibbpfMapPort::set_traffic(uint32_t member, const elb_traffic& value) {
  return set_per_cpu(traffic_, member, value);
}

Result<uint64_t> LibbpfMapPort::read_refused(uint32_t listener) {
  auto values = read_per_cpu<uint64_t>(refused_, listener);
  if (!values) return pass_on(std::move(values.error()));
  uint64_t sum = 0;
  for (const uint64_t value : *values) sum += value;
  return sum;
}

Status LibbpfMapPort::clear_refused(uint32_t listener) { return set_per_cpu(refused_, listener, uint64_t{0}); }

Result<std::vector<uint64_t>> LibbpfMapPort::read_reasons() {
  std::vector<uint64_t> sums(ELB_REASON_COUNT);
  for (uint32_t reason = 0; reason < ELB_REASON_COUNT; ++reason) {
    auto values = read_per_cpu<uint64_t>(reasons_, reason);
    if (!values) return pass_on(std::move(values.error()));
    for (const uint64_t value : *values) sums[reason] += value;
  }
  return sums;
}

}  // namespace elb::dataplane
