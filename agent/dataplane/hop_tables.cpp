// SPDX-License-Identifier: Apache-2.0
#include "dataplane/hop_tables.h"

#include "dataplane/drift.h"

namespace elb::dataplane {

Status HopTables::load() {
  auto hops = port_.read_hops();
  if (!hops) return pass_on(std::move(hops.error()));
  auto links = port_.read_links();
  if (!links) return pass_on(std::move(links.error()));
  auto tx_ports = port_.read_tx_ports();
  if (!tx_ports) return pass_on(std::move(tx_ports.error()));
  hops_ = std::move(*hops);
  links_ = std::move(*links);
  tx_ports_ = std::move(*tx_ports);
  return {};
}

Status HopTables::set_hop(uint32_t index, const elb_hop& hop) {
  const auto held = hops_.find(index);
  const bool absent = same(hop, elb_hop{});
  if (held == hops_.end() ? absent : same(held->second, hop)) return {};
  if (auto status = port_.put_hop(index, hop); !status) return status;
  ++writes_;
  if (absent)
    hops_.erase(index);
  else
    hops_[index] = hop;
  return {};
}

Status HopTables::set_link(uint32_t ifindex, const elb_link& link) {
  const auto held = links_.find(ifindex);
  if (held != links_.end() && same(held->second, link)) return {};
  if (auto status = port_.put_link(ifindex, link); !status) return status;
  ++writes_;
  links_[ifindex] = link;
  return {};
}

Status HopTables::set_tx_ports(const std::set<uint32_t>& ifindexes) {
  for (const uint32_t ifindex : ifindexes) {
    if (tx_ports_.count(ifindex) > 0) continue;
    if (auto status = port_.put_tx_port(ifindex); !status) return status;
    ++writes_;
    tx_ports_.insert(ifindex);
  }
  for (auto it = tx_ports_.begin(); it != tx_ports_.end();) {
    if (ifindexes.count(*it) > 0) {
      ++it;
      continue;
    }
    if (auto status = port_.erase_tx_port(*it); !status) return status;
    ++writes_;
    it = tx_ports_.erase(it);
  }
  return {};
}

Status HopTables::keep_only(const std::set<uint32_t>& hop_indexes, const std::set<uint32_t>& link_ifindexes) {
  std::set<uint32_t> surplus;
  for (const auto& [index, hop] : hops_)
    if (hop_indexes.count(index) == 0) surplus.insert(index);
  for (const uint32_t index : surplus)
    if (auto status = set_hop(index, elb_hop{}); !status) return status;
  for (auto it = links_.begin(); it != links_.end();) {
    if (link_ifindexes.count(it->first) > 0) {
      ++it;
      continue;
    }
    if (auto status = port_.erase_link(it->first); !status) return status;
    ++writes_;
    it = links_.erase(it);
  }
  return {};
}

Status HopTables::audit(model::Audit& audit) {
  const HopTable hops = hops_;
  const LinkTable links = links_;
  const std::set<uint32_t> tx_ports = tx_ports_;
  if (auto status = load(); !status) return status;
  describe_drift(hops, hops_, audit);
  describe_drift(links, links_, audit);
  describe_drift(tx_ports, tx_ports_, audit);
  for (const auto& [index, hop] : hops)
    if (auto status = set_hop(index, hop); !status) return status;
  for (const auto& [ifindex, link] : links)
    if (auto status = set_link(ifindex, link); !status) return status;
  std::set<uint32_t> hop_indexes, link_ifindexes;
  for (const auto& [index, hop] : hops) hop_indexes.insert(index);
  for (const auto& [ifindex, link] : links) link_ifindexes.insert(ifindex);
  if (auto status = keep_only(hop_indexes, link_ifindexes); !status) return status;
  return set_tx_ports(tx_ports);
}

}  // namespace elb::dataplane
