// SPDX-License-Identifier: Apache-2.0
#include "inspect/links.h"

#include <net/if.h>

#include <algorithm>
#include <set>
#include <thread>

#include "inspect/ethtool.h"
#include "inspect/peer.h"
#include "inspect/proc.h"

namespace elb::inspect {
namespace {

using model::Finding;
using model::Findings;
using model::Severity;

bool on(const std::map<std::string, bool>& features, const char* name) {
  const auto found = features.find(name);
  return found != features.end() && found->second;
}

/// Does it leave checksums to the hardware that comes behind? Behind a veth there is none.
bool sends_partial(const std::map<std::string, bool>& features) {
  return std::any_of(features.begin(), features.end(), [](const auto& feature) {
    return feature.second && feature.first.starts_with("tx-checksum-") && feature.first != "tx-checksum-fcoe-crc";
  });
}

Findings judge_state(const LinkFacts& facts) {
  if (!facts.exists)
    return {{Severity::kError, "link.state", facts.name, "does not exist",
             "ip -br link   # and correct 'interface' in /etc/elb/elb-agent.toml"}};
  if (!facts.up)
    return {{Severity::kError, "link.state", facts.name, "is down", fmt::format("ip link set {} up", facts.name)}};
  if (!facts.running)
    return {{Severity::kError, "link.state", facts.name, "has no carrier",
             fmt::format("ethtool {}   # cable, switch port, or the other end of a veth", facts.name)}};
  return {{Severity::kOk, "link.state", facts.name, fmt::format("is up, driver {}", facts.driver), ""}};
}

/// Packets glued together by the card are longer than any link takes, and most drivers refuse XDP with it.
void judge_offloads(const LinkFacts& facts, Findings& findings) {
  const bool lro = on(facts.features, "rx-lro"), gro = on(facts.features, "rx-gro-hw");
  if (lro || gro)
    findings.push_back({Severity::kError, "link.lro", facts.name,
                        fmt::format("{} is on: received packets are merged before the packet program sees them",
                                    lro ? "LRO" : "hardware GRO"),
                        fmt::format("ethtool -K {} lro off rx-gro-hw off", facts.name)});
  else
    findings.push_back({Severity::kOk, "link.lro", facts.name, "merges no received packets (LRO, hardware GRO)", ""});
}

/// Without a checksum of their own packets would leave the balancer with a broken one; and a veth drops what XDP sends
/// to it unless the other end polls.
void judge_veth(const LinkFacts& facts, Findings& findings) {
  if (facts.driver != "veth") return;
  if (facts.peer.empty()) {
    findings.push_back({Severity::kWarning, "link.veth", facts.name,
                        "is a veth whose other end is in another namespace: it must compute checksums itself and must "
                        "take redirected frames",
                        "ethtool -K PEER tx off gro on   # in the peer's namespace, PEER being its name there"});
    return;
  }
  const bool partial = sends_partial(facts.peer_features), polls = on(facts.peer_features, "rx-gro");
  if (partial)
    findings.push_back(
        {Severity::kError, "link.veth_checksum", facts.name,
         fmt::format("its veth peer {} leaves checksums open, which a packet program cannot complete", facts.peer),
         fmt::format("ethtool -K {} tx off", facts.peer)});
  if (!polls)
    findings.push_back({Severity::kWarning, "link.veth_napi", facts.name,
                        fmt::format("its veth peer {} has no GRO: without it (or an XDP program of its own) frames "
                                    "that are redirected to it vanish",
                                    facts.peer),
                        fmt::format("ethtool -K {} gro on", facts.peer)});
  if (!partial && polls)
    findings.push_back({Severity::kOk, "link.veth", facts.name,
                        fmt::format("its veth peer {} completes checksums and takes redirected frames", facts.peer),
                        ""});
}

void judge_queues(const LinkFacts& facts, uint32_t cpus, Findings& findings) {
  if (facts.rx_queues == 0) return;
  const std::set<uint32_t> used(facts.indirection.begin(), facts.indirection.end());
  const bool few = facts.rx_queues < cpus && facts.driver != "veth";
  if (few)
    findings.push_back(
        {Severity::kWarning, "link.rss", facts.name,
         fmt::format("has {} receive queues for {} CPUs: the others see no packets", facts.rx_queues, cpus),
         fmt::format("ethtool -L {} combined {}", facts.name, cpus)});
  else if (!used.empty() && used.size() < std::min(facts.rx_queues, cpus))
    findings.push_back({Severity::kWarning, "link.rss", facts.name,
                        fmt::format("spreads packets over {} of its {} receive queues", used.size(), facts.rx_queues),
                        fmt::format("ethtool -X {} equal {}", facts.name, facts.rx_queues)});
  else
    findings.push_back({Severity::kOk, "link.rss", facts.name,
                        fmt::format("has {} receive queues, {} CPUs", facts.rx_queues, cpus), ""});
}

/// The stack only sees health checks, whose answers may come by another interface than the questions left by.
void judge_rp_filter(const LinkFacts& facts, size_t links, Findings& findings) {
  if (!facts.rp_filter) return;
  if (*facts.rp_filter == 1 && links > 1)
    findings.push_back({Severity::kWarning, "link.rp_filter", facts.name,
                        "checks return paths strictly (rp_filter=1): a health check whose answer comes by another "
                        "interface than its route is dropped; members then look dead",
                        fmt::format("sysctl -w net.ipv4.conf.{}.rp_filter=2", facts.name)});
  else
    findings.push_back(
        {Severity::kOk, "link.rp_filter", facts.name, fmt::format("rp_filter is {}", *facts.rp_filter), ""});
}

}  // namespace

LinkFacts read_link(const std::string& name) {
  const Ethtool ethtool;
  LinkFacts facts;
  facts.name = name;
  const int flags = ethtool.flags(name);
  if (flags < 0) return facts;
  facts.exists = true;
  facts.up = (flags & IFF_UP) != 0;
  facts.running = (flags & IFF_RUNNING) != 0;
  facts.driver = ethtool.driver(name);
  facts.features = ethtool.features(name);
  facts.rx_queues = ethtool.rx_queues(name);
  facts.indirection = ethtool.indirection(name);
  if (facts.driver == "veth") {
    char peer[IF_NAMESIZE] = {};
    if (const auto index = peer_here(if_nametoindex(name.c_str())); index && if_indextoname(*index, peer) != nullptr) {
      facts.peer = peer;
      facts.peer_features = ethtool.features(peer);
    }
  }
  const auto all = read_number("/proc/sys/net/ipv4/conf/all/rp_filter");
  const auto own = read_number("/proc/sys/net/ipv4/conf/" + name + "/rp_filter");
  if (all && own) facts.rp_filter = std::max(*all, *own);
  return facts;
}

Findings judge_link(const LinkFacts& facts, size_t links, uint32_t cpus) {
  Findings findings = judge_state(facts);
  if (!facts.exists) return findings;
  judge_offloads(facts, findings);
  judge_veth(facts, findings);
  judge_queues(facts, cpus, findings);
  judge_rp_filter(facts, links, findings);
  return findings;
}

Findings look_at_links(const std::vector<std::string>& names) {
  Findings findings;
  const uint32_t cpus = std::max(1U, std::thread::hardware_concurrency());
  for (const std::string& name : names)
    for (Finding& finding : judge_link(read_link(name), names.size(), cpus)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace elb::inspect
