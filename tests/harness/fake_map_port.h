// SPDX-License-Identifier: Apache-2.0
// FakeMapPort: the kernel's maps as plain containers, for tests of the dataplane. It keeps a log of the writes in their
// order
// ("put member 3"), can be told to fail the n-th write, and its tables may be changed behind the dataplane's back.
// Thread rule: one thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "dataplane/map_port.h"

namespace elb::test {

class FakeMapPort final : public dataplane::MapPort {
 public:
  dataplane::ListenerTable listeners;
  dataplane::MemberTable members;
  std::map<uint32_t, std::optional<dataplane::Ring>> rings;  // nothing: somebody else put it there
  dataplane::PolicyTable policies;
  dataplane::AclTable acl;
  dataplane::AddrTable addrs;
  dataplane::HopTable hops;
  std::set<uint32_t> tx_ports;
  dataplane::LinkTable links;
  std::map<uint32_t, elb_traffic> traffic;
  std::map<uint32_t, uint64_t> refused;
  std::vector<uint64_t> reasons = std::vector<uint64_t>(ELB_REASON_COUNT);

  std::vector<std::string> log;
  int writes_until_failure = -1;  // -1: never

  /// The log so far, which starts anew.
  std::vector<std::string> take_log() { return std::exchange(log, {}); }

  Status put_listener(const elb_listener_key& key, const elb_listener& value) override {
    return write(fmt::format("put listener {}", value.index), [&] { listeners[key] = value; });
  }
  Status erase_listener(const elb_listener_key& key) override {
    return write(fmt::format("erase listener {}", listeners[key].index), [&] { listeners.erase(key); });
  }
  Result<dataplane::ListenerTable> read_listeners() override { return listeners; }

  Status put_member(uint32_t index, const elb_member& value) override {
    return write(fmt::format("put member {}", index), [&] { members[index] = value; });
  }
  Status erase_member(uint32_t index) override {
    return write(fmt::format("erase member {}", index), [&] { members.erase(index); });
  }
  Result<dataplane::MemberTable> read_members() override { return members; }

  Status put_rings(const std::map<uint32_t, dataplane::Ring>& given) override {
    for (const auto& [listener, ring] : given)
      if (auto status = write(fmt::format("put ring {}", listener), [&] { rings[listener] = ring; }); !status)
        return status;
    return {};
  }
  Status erase_rings(const std::set<uint32_t>& listeners_gone) override {
    for (const uint32_t listener : listeners_gone)
      if (auto status = write(fmt::format("erase ring {}", listener), [&] { rings.erase(listener); }); !status)
        return status;
    return {};
  }
  Result<std::map<uint32_t, std::optional<dataplane::Ring>>> read_rings() override { return rings; }

  Status put_policy(uint32_t listener, const elb_policy& value) override {
    return write(fmt::format("put policy {}", listener), [&] {
      policies[listener] = value;
      if (dataplane::same(value, elb_policy{})) policies.erase(listener);
    });
  }
  Result<dataplane::PolicyTable> read_policies() override { return policies; }
  Status put_acl(const dataplane::AclTable& entries) override {
    return write(fmt::format("put acl x{}", entries.size()), [&] {
      for (const auto& [key, value] : entries) acl[key] = value;
    });
  }
  Status erase_acl(const std::vector<elb_acl_key>& keys) override {
    return write(fmt::format("erase acl x{}", keys.size()), [&] {
      for (const elb_acl_key& key : keys) acl.erase(key);
    });
  }
  Result<dataplane::AclTable> read_acl() override { return acl; }

  Status put_addr(const elb_addr_key& key, uint32_t kind) override {
    return write(fmt::format("put addr {}", dataplane::ip_of(key.addr).to_string()), [&] { addrs[key] = kind; });
  }
  Status erase_addr(const elb_addr_key& key) override {
    return write(fmt::format("erase addr {}", dataplane::ip_of(key.addr).to_string()), [&] { addrs.erase(key); });
  }
  Result<dataplane::AddrTable> read_addrs() override { return addrs; }

  Status put_hop(uint32_t index, const elb_hop& value) override {
    return write(fmt::format("put hop {}", index), [&] { hops[index] = value; });
  }
  Result<dataplane::HopTable> read_hops() override { return hops; }

  Status put_tx_port(uint32_t ifindex) override {
    return write(fmt::format("put tx {}", ifindex), [&] { tx_ports.insert(ifindex); });
  }
  Status erase_tx_port(uint32_t ifindex) override {
    return write(fmt::format("erase tx {}", ifindex), [&] { tx_ports.erase(ifindex); });
  }
  Result<std::set<uint32_t>> read_tx_ports() override { return tx_ports; }

  Status put_link(uint32_t ifindex, const elb_link& value) override {
    return write(fmt::format("put link {}", ifindex), [&] { links[ifindex] = value; });
  }
  Status erase_link(uint32_t ifindex) override {
    return write(fmt::format("erase link {}", ifindex), [&] { links.erase(ifindex); });
  }
  Result<dataplane::LinkTable> read_links() override { return links; }

  Result<elb_traffic> read_traffic(uint32_t member) override { return traffic[member]; }
  Status set_traffic(uint32_t member, const elb_traffic& value) override {
    traffic[member] = value;
    return {};
  }
  Result<uint64_t> read_refused(uint32_t listener) override { return refused[listener]; }
  Status clear_refused(uint32_t listener) override {
    refused[listener] = 0;
    return {};
  }
  Result<std::vector<uint64_t>> read_reasons() override { return reasons; }

 private:
  template <class Do>
  Status write(std::string what, Do apply) {
    if (writes_until_failure == 0) return fail(ErrorCode::kSystem, "scripted failure: " + what);
    if (writes_until_failure > 0) --writes_until_failure;
    log.push_back(std::move(what));
    apply();
    return {};
  }
};

}  // namespace elb::test
