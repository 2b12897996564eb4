// SPDX-License-Identifier: Apache-2.0
// SnapshotBuilder: snapshots for the dataplane's tests in a line or two. Ids are made of small numbers: listener 1,
// member 7. Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/snapshot.h"

namespace elb::test {

inline std::string listener_id(int n) { return fmt::format("11111111-0000-4000-8000-{:012x}", n); }
inline std::string member_id(int n) { return fmt::format("22222222-0000-4000-8000-{:012x}", n); }

inline model::SnapshotMember member(int n, int weight = 1, bool usable = true) {
  model::SnapshotMember value;
  value.id = member_id(n);
  value.endpoint = {IpAddress::from_v4_host(0x0A000000U + static_cast<uint32_t>(n)), 8080};
  value.weight = static_cast<uint16_t>(weight);
  value.usable = usable && weight > 0;
  return value;
}

class SnapshotBuilder {
 public:
  /// A TCP listener 192.0.2.1:(80 + n) with a pool of its own.
  SnapshotBuilder& listener(int n, std::vector<model::SnapshotMember> members) {
    model::SnapshotPool pool;
    pool.id = fmt::format("33333333-0000-4000-8000-{:012x}", n);
    pool.members = std::move(members);
    snapshot_.pools.push_back(std::move(pool));
    return listener_with_pool(n, snapshot_.pools.size() - 1);
  }
  SnapshotBuilder& listener_with_pool(int n, std::optional<size_t> pool) {
    model::SnapshotListener listener;
    listener.id = listener_id(n);
    listener.vip = {IpAddress::from_v4_host(0xC0000201), static_cast<uint16_t>(80 + n)};
    listener.pool = pool;
    snapshot_.listeners.push_back(std::move(listener));
    if (snapshot_.vips.empty()) snapshot_.vips.push_back(IpAddress::from_v4_host(0xC0000201));
    return *this;
  }
  /// Member n is configured, but no listener uses it.
  SnapshotBuilder& parked(int n) {
    snapshot_.parked_members.push_back(member_id(n));
    return *this;
  }
  model::Snapshot build() { return snapshot_; }
  model::SnapshotPtr share() { return std::make_shared<const model::Snapshot>(snapshot_); }

 private:
  model::Snapshot snapshot_;
};

}  // namespace elb::test
