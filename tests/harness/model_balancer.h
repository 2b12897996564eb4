// SPDX-License-Identifier: Apache-2.0
// ModelBalancer: what the packet program must do, written a second time for clarity alone: std::map, byte by byte, sums
// computed in full. Shares no code with bpf/ (only the names in abi.h). It does not predict which local endpoint a new
// connection gets: it reads that from the program's output and checks range and uniqueness; the same goes for the
// identification of an IPv4 packet made of an IPv6 one. Not modelled: a full table, used up ports, races, SYN cookies
// (they need the kernel's secret; cookie_test.cpp plays them). Thread rule: one thread.
// model_balancer.cpp has the frame and IPv4, the other model_*.cpp what their names say.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "elb/abi.h"
#include "harness/model_admission.h"
#include "harness/packet.h"

namespace elb::test {

using Mac = std::array<uint8_t, 6>;

struct ModelHop {
  Mac dest{}, source{};
  uint32_t ifindex = 0;
  uint16_t mtu = 1500;
  bool valid = true;
  uint32_t vlan = 0;  // as elb_hop.vlan
};
struct ModelMember {
  ModelAddress addr;  // host order, as every address and port here
  uint16_t port = 0;
  uint16_t hop = 0;
  uint16_t weight = 1;
  bool usable = true;
};
struct ModelLink {
  Mac mac{};
  uint16_t mtu = 1500;
};
struct ModelTuple {  // one direction of a connection, as a packet carries it
  uint8_t proto = 0;
  ModelAddress source, dest;
  uint16_t sport = 0, dport = 0;
  auto operator<=>(const ModelTuple&) const = default;
  bool is_v4() const { return dest.is_v4(); }
};

/// What the agent would have written into the maps.
struct ModelConfig {
  std::map<ModelAddress, elb_addr_kind> addresses;
  std::map<std::tuple<ModelAddress, uint16_t, uint8_t>, uint32_t> listeners;
  std::map<uint32_t, std::vector<uint32_t>> rings;
  std::map<uint32_t, ModelPolicy> policies;  // by listener; none: plain
  std::map<uint32_t, ModelMember> members;
  std::map<uint32_t, ModelHop> hops;
  std::map<uint32_t, ModelLink> links;
  std::set<uint32_t> tx_ports;
  std::deque<uint32_t> free_hops;
  bool can_insert = true;  // tc cannot make a header longer
  bool can_reshape =
      true;  // tc changes the family of plain packets only, and makes no message of IPv6 or of another family
  std::set<uint32_t> toa;      // listeners that hand over the client's address
  std::set<uint32_t> proxied;  // listeners of the proxy
  uint32_t local_first = 0, local_count = 0;
  ModelAddress local6_first;
  uint32_t local6_count = 0;
  uint16_t message_tail = 0;  // zeros behind what "fragmentation needed" quotes
};

struct ModelVerdict {
  uint32_t verdict = 0;                // XDP_*
  uint32_t reason = ELB_REASON_COUNT;  // ELB_REASON_COUNT: forwarded
  Bytes frame;                         // only compared if it leaves or is passed
  uint32_t member = 0;                 // of a forwarded packet
  uint32_t vlan = 0;                   // tags it leaves with
  bool tagged = false;                 // it got another VLAN tag than it came with
  std::string complaint;               // the program's choice of a local endpoint is wrong
};

class ModelBalancer {
 public:
  explicit ModelBalancer(ModelConfig config) : config_(std::move(config)) {}

  /// `out` is what the program made of `frame`; only a new connection's local endpoint is taken from it.
  ModelVerdict judge(const Bytes& frame, uint32_t ifindex, const Bytes& out);
  /// Ends every connection of the member at once and gives its ports back.
  void end_member(uint32_t member);

  const std::array<uint64_t, ELB_REASON_COUNT>& reasons() const { return reasons_; }
  elb_traffic traffic(uint32_t member) const;
  uint64_t refused(uint32_t listener) const;
  const ModelAdmission& admission() const { return admission_; }
  /// As the packets of each direction arrive here: client to virtual address, member to local address.
  const std::vector<std::pair<ModelTuple, ModelTuple>>& connections() const { return connections_; }

 private:
  struct Entry {
    ModelTuple becomes;
    bool reverse = false;
    uint32_t hop = 0, member = 0;
    uint32_t listener = 0;
    ModelTuple peer;  // key of the other direction
    // The truth of both directions is in the forward entry.
    bool toa = false, spoken = false, fin_in = false, fin_out = false, rst = false;
    bool closed() const { return rst || (fin_in && fin_out); }
  };
  struct Arrival {  // without VLAN tags: they were taken out of the frame, and are put in again when it leaves
    const Bytes& frame;
    uint32_t ifindex;
    const Bytes& out;
    uint32_t vlan = 0;
    bool tags_within = false;
  };
  struct Fragment {  // of one datagram
    uint8_t proto = 0;
    uint32_t source = 0, dest = 0;
    uint16_t id = 0;
    auto operator<=>(const Fragment&) const = default;
  };
  struct Newcomer {  // what a packet that may open a connection is asked for
    bool bad = false, bad_source = false;
    uint8_t flags = 0, hops = 0;
    uint32_t total = 0, total4 = 0;  // its length, and with an IPv4 header if the member is IPv4
  };
  ModelVerdict untagged(const Arrival& at);
  ModelVerdict untagged6(const Arrival& at);
  ModelVerdict forward6(const Arrival& at, const ModelTuple& key, size_t header);
  ModelVerdict forward64(const Arrival& at, const ModelTuple& key, size_t header);
  ModelVerdict forward46(const Arrival& at, const ModelTuple& key, size_t header);
  ModelVerdict unbalanced6(const Arrival& at, uint32_t if_ours);
  ModelVerdict icmp6(const Arrival& at, size_t header);
  ModelVerdict neighbour(const Arrival& at);
  ModelVerdict icmp_error6(const Arrival& at, size_t header);
  ModelVerdict icmp_error64(const Arrival& at, const Entry& entry, size_t header);
  ModelVerdict icmp_error46(const Arrival& at, const Entry& entry, size_t header);
  ModelVerdict too_big6(const Arrival& at, uint32_t mtu);
  bool bad_source6(const ModelAddress& addr) const;
  ModelVerdict icmp(const Arrival& at, size_t header);
  ModelVerdict icmp_error(const Arrival& at, size_t header);
  /// About no known connection; `quoted` is the answer to what it quotes.
  ModelVerdict icmp_unknown(const Arrival& at, const ModelTuple& quoted);
  ModelVerdict too_big(const Arrival& at, uint16_t mtu);
  ModelVerdict deliver(const Arrival& at, const Entry& entry, ModelVerdict result);
  void readdress(Bytes& f, const Bytes& from, const Entry& entry, size_t l4) const;
  void count_sent(const Entry& entry, size_t bytes);
  bool bad_source(uint32_t addr) const;
  ModelVerdict leave(const Arrival& at, uint32_t reason);
  ModelVerdict arp(const Arrival& at);
  ModelVerdict refuse(const Arrival& at, const ModelTuple& key, uint32_t reason);
  void operate(Bytes& frame, const Entry& entry, size_t l4, uint32_t room);
  void edit_options(Bytes& frame, const Entry& entry, size_t l4, bool fragment);
  void insert_client(Bytes& frame, size_t l4);
  void track(const Bytes& frame, const ModelTuple& key, size_t l4);
  ModelVerdict unbalanced(const Arrival& at, uint32_t if_ours);
  ModelVerdict forward(const Arrival& at, const ModelTuple& key, size_t header, bool ports);
  uint32_t refuse_opening(const Arrival& at, const ModelTuple& key, const Newcomer& who, Entry& entry);
  std::string open(const ModelTuple& key, const Bytes& out, size_t header, uint32_t back, Entry& entry);
  uint32_t learn(const Arrival& at);
  elb_addr_kind kind(const ModelAddress& addr) const;
  bool is_local(const ModelAddress& addr) const;

  ModelConfig config_;
  ModelAdmission admission_;
  std::map<ModelTuple, Entry> entries_;
  std::vector<std::pair<ModelTuple, ModelTuple>> connections_;
  std::map<std::tuple<Mac, uint32_t, uint32_t>, uint32_t> learnt_;
  std::map<Fragment, std::pair<uint16_t, uint16_t>> fragments_;
  std::array<uint64_t, ELB_REASON_COUNT> reasons_{};
  std::map<uint32_t, elb_traffic> traffic_;
  std::map<uint32_t, uint64_t> refused_;
};

}  // namespace elb::test
