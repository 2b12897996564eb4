// SPDX-License-Identifier: Apache-2.0
#include "dataplane/drift.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "dataplane/uuid.h"

namespace elb::dataplane {

namespace {

std::string name_of(const elb_listener_key& key) {
  return fmt::format("listener {} {}", key.proto == IPPROTO_TCP ? "TCP" : "UDP",
                     Endpoint{ip_of(key.addr), ntohs(key.port)}.to_string());
}
std::string name_of(const elb_addr_key& key) {
  const IpAddress address = ip_of(key.addr);
  return fmt::format("address {}/{}", address.to_string(), key.prefix_len - (address.is_v4() ? ELB_MAPPED_SHIFT : 0));
}

std::string name_of(const elb_acl_key& key) {
  const IpAddress address = ip_of(key.client);
  return fmt::format("entry {}/{} of whitelist {}", address.to_string(),
                     key.prefix_len - ELB_ACL_BITS - (address.is_v4() ? ELB_MAPPED_SHIFT : 0), key.acl);
}

template <class Value>
bool equal(const Value& a, const Value& b) {
  if constexpr (std::has_unique_object_representations_v<Value>)
    return same(a, b);
  else
    return a == b;
}

template <class Table, class Name>
void compare(const Table& expected, const Table& found, const Name& name, model::Audit& audit) {
  audit.checked += expected.size();
  for (const auto& [key, value] : expected) {
    const auto it = found.find(key);
    if (it == found.end())
      add_finding(audit, fmt::format("{} was missing in the kernel", name(key)));
    else if (!equal(it->second, value))
      add_finding(audit, fmt::format("{} was changed in the kernel", name(key)));
  }
  for (const auto& [key, value] : found)
    if (expected.count(key) == 0) add_finding(audit, fmt::format("{} was in the kernel and is not ours", name(key)));
}

}  // namespace

void add_finding(model::Audit& audit, std::string finding) {
  ++audit.repaired;
  if (audit.findings.size() < kFindingsMax) audit.findings.push_back(std::move(finding));
}

void describe_drift(const ListenerTable& expected, const ListenerTable& found, model::Audit& audit) {
  compare(
      expected, found, [](const elb_listener_key& key) { return name_of(key); }, audit);
}

void describe_drift(const MemberTable& expected, const MemberTable& found, model::Audit& audit) {
  compare(
      expected, found,
      [&](uint32_t index) {
        const auto it = expected.find(index);
        return it == expected.end() ? fmt::format("member entry {}", index)
                                    : fmt::format("member entry {} ({})", index, to_string(uuid_of(it->second.id)));
      },
      audit);
}

void describe_drift(const std::map<uint32_t, std::optional<Ring>>& expected,
                    const std::map<uint32_t, std::optional<Ring>>& found, model::Audit& audit) {
  compare(
      expected, found, [](uint32_t listener) { return fmt::format("ring of listener {}", listener); }, audit);
}

void describe_drift(const PolicyTable& expected, const PolicyTable& found, model::Audit& audit) {
  compare(
      expected, found, [](uint32_t listener) { return fmt::format("policy of listener {}", listener); }, audit);
}

void describe_drift(const AclTable& expected, const AclTable& found, model::Audit& audit) {
  compare(
      expected, found, [](const elb_acl_key& key) { return name_of(key); }, audit);
}

void describe_drift(const AddrTable& expected, const AddrTable& found, model::Audit& audit) {
  compare(
      expected, found, [](const elb_addr_key& key) { return name_of(key); }, audit);
}

void describe_drift(const HopTable& expected, const HopTable& found, model::Audit& audit) {
  compare(
      expected, found, [](uint32_t index) { return fmt::format("next hop {}", index); }, audit);
}

void describe_drift(const LinkTable& expected, const LinkTable& found, model::Audit& audit) {
  compare(
      expected, found, [](uint32_t ifindex) { return fmt::format("address of interface {}", ifindex); }, audit);
}

void describe_drift(const std::set<uint32_t>& expected_tx_ports, const std::set<uint32_t>& found, model::Audit& audit) {
  const auto table = [](const std::set<uint32_t>& ports) {
    std::map<uint32_t, uint32_t> result;
    for (const uint32_t ifindex : ports) result[ifindex] = ifindex;
    return result;
  };
  compare(
      table(expected_tx_ports), table(found), [](uint32_t ifindex) { return fmt::format("redirect port {}", ifindex); },
      audit);
}

}  // namespace elb::dataplane
