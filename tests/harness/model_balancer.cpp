// SPDX-License-Identifier: Apache-2.0
#include "harness/model_balancer.h"

#include <fmt/format.h>
#include <linux/bpf.h>

#include <algorithm>

namespace elb::test {
namespace {

constexpr size_t kEth = 14, kIp = 20;
constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

uint16_t get16(const Bytes& b, size_t at) { return b[at] << 8 | b[at + 1]; }
uint32_t get32(const Bytes& b, size_t at) { return uint32_t{get16(b, at)} << 16 | get16(b, at + 2); }
void set16(Bytes& b, size_t at, uint16_t v) { b[at] = v >> 8, b[at + 1] = v & 0xff; }
void set32(Bytes& b, size_t at, uint32_t v) { set16(b, at, v >> 16), set16(b, at + 2, v & 0xffff); }
Mac get_mac(const Bytes& b, size_t at) {
  Mac mac;
  std::copy_n(b.begin() + at, 6, mac.begin());
  return mac;
}
void set_mac(Bytes& b, size_t at, const Mac& mac) { std::copy(mac.begin(), mac.end(), b.begin() + at); }

/// Sum of the words from `begin` to `end`, modulo 65535 as one's complement counts, without the word at `skip`.
uint64_t sum_without(const Bytes& b, size_t begin, size_t end, size_t skip) {
  uint64_t sum = 0;
  for (size_t i = begin; i < end; i += 2)
    if (i != skip) sum += b[i] << 8 | (i + 1 < end ? b[i + 1] : 0);
  return sum % 65535;
}
/// The checksum that is as right or as wrong after the change as `check` was before it.
uint16_t carry_over(uint16_t check, uint64_t before, uint64_t after) {
  return (check + before + 65535 - after) % 65535;
}

}  // namespace

struct ModelBalancer::Arrival {
  const Bytes& frame;
  uint32_t ifindex;
  const Bytes& out;
};

elb_addr_kind ModelBalancer::kind(uint32_t addr) const {
  const auto found = config_.addresses.find(addr);
  return found == config_.addresses.end() ? ELB_ADDR_NONE : found->second;
}

elb_traffic ModelBalancer::traffic(uint32_t member) const {
  const auto found = traffic_.find(member);
  return found == traffic_.end() ? elb_traffic{} : found->second;
}

uint64_t ModelBalancer::refused(uint32_t listener) const {
  const auto found = refused_.find(listener);
  return found == refused_.end() ? 0 : found->second;
}

ModelVerdict ModelBalancer::leave(const Arrival& at, uint32_t reason) {
  static constexpr bool kDrops[] = {
#define ELB_DROPS(NAME, name, drop, text) drop,
      ELB_REASONS(ELB_DROPS)
#undef ELB_DROPS
  };
  reasons_[reason]++;
  return {static_cast<uint32_t>(kDrops[reason] ? XDP_DROP : XDP_PASS), reason, at.frame, 0, {}};
}

ModelVerdict ModelBalancer::arp(const Arrival& at) {
  const Bytes& f = at.frame;
  const Bytes ethernet_ipv4_request = {0, 1, 8, 0, 6, 4, 0, 1};
  if (f.size() < 42 || !std::equal(ethernet_ipv4_request.begin(), ethernet_ipv4_request.end(), f.begin() + 14))
    return leave(at, ELB_REASON_PASS_OTHER);
  const uint32_t sender = get32(f, 28), target = get32(f, 38);
  const auto link = config_.links.find(at.ifindex);
  if (sender == target || kind(target) == ELB_ADDR_NONE || link == config_.links.end())
    return leave(at, ELB_REASON_PASS_OTHER);
  ModelVerdict answer = leave(at, ELB_REASON_ARP_ANSWERED);
  answer.verdict = XDP_TX;
  Bytes& a = answer.frame;
  const Mac asker = get_mac(f, 22);
  set_mac(a, 0, asker);
  set_mac(a, 6, link->second.mac);
  a[21] = 2;
  set_mac(a, 22, link->second.mac);
  set32(a, 28, target);
  set_mac(a, 32, asker);
  set32(a, 38, sender);
  return answer;
}

ModelVerdict ModelBalancer::unbalanced(const Arrival& at, uint32_t if_ours) {
  const elb_addr_kind whose = kind(get32(at.frame, 30));
  if (whose == ELB_ADDR_NONE) return leave(at, ELB_REASON_PASS_OTHER);
  if (whose == ELB_ADDR_HOST) return leave(at, ELB_REASON_PASS_HOST);
  if (if_ours != ELB_REASON_PASS_ICMP) return leave(at, if_ours);
  return leave(at, whose == ELB_ADDR_VIP ? ELB_REASON_PASS_ICMP : ELB_REASON_STRAY_REPLY);
}

ModelVerdict ModelBalancer::judge(const Bytes& frame, uint32_t ifindex, const Bytes& out) {
  const Arrival at{frame, ifindex, out};
  if (frame.size() < kEth) return leave(at, ELB_REASON_MALFORMED);
  if (get16(frame, 12) == 0x0806) return arp(at);
  if (get16(frame, 12) != 0x0800) return leave(at, ELB_REASON_PASS_OTHER);
  if (frame.size() < kEth + kIp) return leave(at, ELB_REASON_MALFORMED);

  const uint8_t version = frame[14] >> 4, proto = frame[23];
  const size_t header = (frame[14] & 15) * 4u, total = get16(frame, 16);
  const bool cut = total + kEth > frame.size();
  const bool fragment = get16(frame, 20) & 0x3fff;
  const size_t l4_header = proto == kTcp ? 20 : proto == kUdp ? 8 : 0;
  const bool translatable = version == 4 && header == kIp && !fragment && l4_header && total >= kIp + l4_header &&
                            frame.size() >= kEth + kIp + l4_header;
  if (!translatable) {
    if (version != 4 || header < kIp || total < header || cut) return unbalanced(at, ELB_REASON_MALFORMED);
    if (proto == kIcmp) return unbalanced(at, ELB_REASON_PASS_ICMP);
    if (fragment) return unbalanced(at, ELB_REASON_FRAGMENT);
    if (header > kIp) return unbalanced(at, ELB_REASON_IP_OPTIONS);
    return unbalanced(at, l4_header ? ELB_REASON_MALFORMED : ELB_REASON_PROTOCOL);
  }

  const ModelTuple key{proto, get32(frame, 26), get32(frame, 30), get16(frame, 34), get16(frame, 36)};
  if (const auto known = entries_.find(key); known != entries_.end()) return forward(at, known->second);

  const size_t udp_length = proto == kUdp ? get16(frame, 38) : 0;
  const bool bad = cut || (proto == kTcp ? frame[46] >> 4 < 5 : udp_length < 8 || udp_length > total - kIp);
  Entry entry;
  const uint32_t reason = refuse_opening(at, key, bad, proto == kTcp ? frame[47] : 0, entry);
  if (reason != ELB_REASON_COUNT) return leave(at, reason);
  const std::string complaint = open(key, out, learn(at), entry);
  ModelVerdict verdict = forward(at, entry);
  verdict.complaint = complaint;
  return verdict;
}

uint32_t ModelBalancer::refuse_opening(const Arrival& at, const ModelTuple& key, bool bad, uint8_t flags,
                                       Entry& entry) {
  const auto listener = config_.listeners.find({key.dest, key.dport, key.proto});
  if (listener == config_.listeners.end()) {
    const elb_addr_kind whose = kind(key.dest);
    if (whose == ELB_ADDR_NONE) return ELB_REASON_PASS_OTHER;
    if (whose == ELB_ADDR_HOST) return ELB_REASON_PASS_HOST;
    if (bad) return ELB_REASON_MALFORMED;
    return whose == ELB_ADDR_LOCAL ? ELB_REASON_STRAY_REPLY : ELB_REASON_NO_LISTENER;
  }
  if (bad) return ELB_REASON_MALFORMED;
  if (key.proto == kTcp && (flags & (kSyn | kAck | kRst | kFin)) != kSyn) return ELB_REASON_NOT_SYN;
  if (at.frame[22] < 2) return ELB_REASON_TTL;

  const auto ring = config_.rings.find(listener->second);
  if (ring == config_.rings.end() || ring->second.empty()) {
    refused_[listener->second]++;
    return ELB_REASON_NO_MEMBER;
  }
  entry.member = ring->second[turns_[listener->second]++ % ring->second.size()];
  entry.hop = config_.members[entry.member].hop;
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.ifindex || !hop.valid) {
    refused_[listener->second]++;
    return ELB_REASON_NO_HOP;
  }
  if (get16(at.frame, 16) > hop.mtu) return ELB_REASON_TOO_BIG;
  if (!learn(at)) {
    refused_[listener->second]++;
    return ELB_REASON_HOPS_FULL;
  }
  return ELB_REASON_COUNT;
}

/// Index of the hop back to the neighbour that sent this, 0 if there is no room for another.
uint32_t ModelBalancer::learn(const Arrival& at) {
  const auto key = std::pair(get_mac(at.frame, 6), at.ifindex);
  if (const auto known = learnt_.find(key); known != learnt_.end()) return known->second;
  const auto link = config_.links.find(at.ifindex);
  if (link == config_.links.end() || config_.free_hops.empty()) return 0;
  const uint32_t index = config_.free_hops.front();
  config_.free_hops.pop_front();
  config_.hops[index] = {key.first, link->second.mac, at.ifindex, link->second.mtu, true};
  return learnt_[key] = index;
}

std::string ModelBalancer::open(const ModelTuple& key, const Bytes& out, uint32_t back, Entry& entry) {
  if (out.size() < kEth + kIp + 4) return "a new connection without a packet";
  const ModelMember& member = config_.members[entry.member];
  entry.becomes = {key.proto, get32(out, 26), member.addr, get16(out, 34), member.port};
  const ModelTuple reply{key.proto, member.addr, entry.becomes.source, member.port, entry.becomes.sport};
  const uint32_t local = entry.becomes.source;
  if (local < config_.local_first || local - config_.local_first >= config_.local_count || entry.becomes.sport < 1024)
    return fmt::format("local endpoint {:08x}:{} out of range", local, entry.becomes.sport);
  if (entries_.contains(reply)) return fmt::format("local endpoint {:08x}:{} used twice", local, entry.becomes.sport);
  entries_[key] = entry;
  entries_[reply] = {{key.proto, key.dest, key.source, key.dport, key.sport}, true, back, entry.member};
  connections_.emplace_back(key, reply);
  traffic_[entry.member].connections++;
  return {};
}

ModelVerdict ModelBalancer::forward(const Arrival& at, const Entry& entry) {
  const size_t total = get16(at.frame, 16);
  if (at.frame[22] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (total > hop.mtu) return leave(at, ELB_REASON_TOO_BIG);

  ModelVerdict result{XDP_TX, ELB_REASON_COUNT, at.frame, entry.member, {}};
  Bytes& f = result.frame;
  set_mac(f, 0, hop.dest);
  set_mac(f, 6, hop.source);
  f[22]--;
  set32(f, 26, entry.becomes.source);
  set32(f, 30, entry.becomes.dest);
  set16(f, 34, entry.becomes.sport);
  set16(f, 36, entry.becomes.dport);
  set16(f, 24, carry_over(get16(at.frame, 24), sum_without(at.frame, 14, 34, 24), sum_without(f, 14, 34, 24)));
  const bool udp = entry.becomes.proto == kUdp;
  const size_t check = udp ? 40 : 50, end = std::min(f.size(), kEth + total);
  if (const uint16_t was = get16(at.frame, check); !udp || was) {  // from the addresses on: the pseudo header
    uint16_t is = carry_over(was, sum_without(at.frame, 26, end, check), sum_without(f, 26, end, check));
    if (udp && !is) is = 0xffff;
    set16(f, check, is);
  }
  if (hop.ifindex != at.ifindex) {
    if (!config_.tx_ports.contains(hop.ifindex)) return leave(at, ELB_REASON_NO_HOP);
    result.verdict = XDP_REDIRECT;
  }
  elb_traffic& traffic = traffic_[entry.member];
  (entry.reverse ? traffic.packets_out : traffic.packets_in)++;
  (entry.reverse ? traffic.bytes_out : traffic.bytes_in) += total + kEth;
  return result;
}

void ModelBalancer::end_member(uint32_t member) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.member == member; });
  std::erase_if(connections_, [&](const auto& pair) { return !entries_.contains(pair.first); });
}

}  // namespace elb::test
