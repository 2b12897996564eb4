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

/// Frames here have no VLAN tags: they were taken out, and are put in again when it leaves.
struct ModelBalancer::Arrival {
  const Bytes& frame;
  uint32_t ifindex;
  const Bytes& out;
  uint32_t vlan = 0;
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
  return {static_cast<uint32_t>(kDrops[reason] ? XDP_DROP : XDP_PASS), reason, at.frame, 0, 0, false, {}};
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
  answer.vlan = at.vlan;
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

bool ModelBalancer::bad_source(uint32_t addr) const {
  const uint32_t first = addr >> 24;
  return first == 0 || first == 127 || first >= 224 || kind(addr) != ELB_ADDR_NONE;
}

/// Takes the tags out of the frame; false if one is cut short.
static bool take_tags(Bytes& frame, uint32_t& vlan, Bytes& tags) {
  while (frame.size() >= kEth && tags.size() < 8) {
    const uint16_t type = get16(frame, 12);
    if (type != 0x8100 && type != 0x88a8) break;
    if (frame.size() < kEth + 4) return false;
    vlan = vlan << 16 | ELB_VLAN_TAG | (type == 0x88a8 ? ELB_VLAN_SERVICE : 0) | (get16(frame, 14) & 0xfff);
    tags.insert(tags.end(), frame.begin() + 12, frame.begin() + 16);
    frame.erase(frame.begin() + 12, frame.begin() + 16);
  }
  return true;
}

static Bytes tags_of(uint32_t vlan) {
  Bytes tags;
  for (const uint32_t tag : {vlan >> 16, vlan & 0xffff}) {
    if (!tag) continue;
    const uint16_t type = tag & ELB_VLAN_SERVICE ? 0x88a8 : 0x8100;
    for (const uint16_t word : {type, static_cast<uint16_t>(tag & ELB_VLAN_ID)}) {
      tags.push_back(word >> 8);
      tags.push_back(word & 0xff);
    }
  }
  return tags;
}

ModelVerdict ModelBalancer::judge(const Bytes& frame, uint32_t ifindex, const Bytes& out) {
  Bytes plain = frame, plain_out = out, tags, tags_out;
  Arrival at{plain, ifindex, plain_out};
  uint32_t vlan_out = 0;
  take_tags(plain_out, vlan_out, tags_out);
  const bool whole = take_tags(plain, at.vlan, tags);
  if (frame.size() < kEth || !whole) return leave({frame, ifindex, out}, ELB_REASON_MALFORMED);
  ModelVerdict verdict = untagged(at);
  if (verdict.verdict != XDP_TX && verdict.verdict != XDP_REDIRECT) {
    verdict.frame = frame;
    return verdict;
  }
  const Bytes leaves = verdict.vlan == at.vlan ? tags : tags_of(verdict.vlan);
  verdict.tagged = verdict.vlan != at.vlan && verdict.vlan;
  verdict.frame.insert(verdict.frame.begin() + 12, leaves.begin(), leaves.end());
  return verdict;
}

/// Options that are broken or ask for a source route.
static bool odd_options(const Bytes& f, size_t end) {
  for (size_t i = kEth + kIp; i < end;) {
    if (i + 2 > f.size()) return true;
    if (f[i] == 0) return false;
    if (f[i] == 1) {
      i++;
      continue;
    }
    if (f[i] == 131 || f[i] == 137 || f[i + 1] < 2 || i + f[i + 1] > end) return true;
    i += f[i + 1];
  }
  return false;
}

ModelVerdict ModelBalancer::untagged(const Arrival& at) {
  const Bytes& frame = at.frame;
  if (get16(frame, 12) == 0x0806) return arp(at);
  if (get16(frame, 12) != 0x0800) return leave(at, ELB_REASON_PASS_OTHER);
  if (frame.size() < kEth + kIp) return leave(at, ELB_REASON_MALFORMED);

  const uint8_t version = frame[14] >> 4, proto = frame[23];
  const size_t header = (frame[14] & 15) * 4u, total = get16(frame, 16);
  const bool cut = total + kEth > frame.size();
  const uint16_t fragment = get16(frame, 20) & 0x3fff;
  const size_t l4_header = proto == kTcp ? 20 : proto == kUdp ? 8 : 0;
  const bool has_l4 = l4_header && total >= header + l4_header && frame.size() >= kEth + header + l4_header;
  const bool plain = version == 4 && header == kIp && !fragment && has_l4 && !at.vlan;
  const Fragment piece{proto, get32(frame, 26), get32(frame, 30), get16(frame, 18)};
  ModelTuple key{proto, piece.source, piece.dest, 0, 0};
  if (!plain) {
    if (version != 4 || header < kIp || total < header || cut) return unbalanced(at, ELB_REASON_MALFORMED);
    if (proto == kIcmp) return icmp(at, header);
    if (!l4_header) return unbalanced(at, ELB_REASON_PROTOCOL);
    if (odd_options(frame, kEth + header)) return unbalanced(at, ELB_REASON_IP_OPTIONS);
    if (fragment & 0x1fff) {
      const auto first = fragments_.find(piece);
      if (first == fragments_.end()) return unbalanced(at, ELB_REASON_FRAGMENT);
      std::tie(key.sport, key.dport) = first->second;
      const auto known = entries_.find(key);
      return known == entries_.end() ? unbalanced(at, ELB_REASON_FRAGMENT) : forward(at, known->second, header, false);
    }
    if (!has_l4) return unbalanced(at, fragment ? ELB_REASON_FRAGMENT : ELB_REASON_MALFORMED);
  }
  key.sport = get16(frame, kEth + header);
  key.dport = get16(frame, kEth + header + 2);
  ModelVerdict verdict;
  if (const auto known = entries_.find(key); known != entries_.end()) {
    verdict = forward(at, known->second, header, true);
  } else {
    const size_t udp_length = proto == kUdp ? get16(frame, kEth + header + 4) : 0;
    const bool long_udp = !fragment && udp_length > total - header;
    const bool bad = cut || (proto == kTcp ? frame[kEth + header + 12] >> 4 < 5 : udp_length < 8 || long_udp);
    Entry entry;
    const uint32_t reason = refuse_opening(at, key, bad, proto == kTcp ? frame[kEth + header + 13] : 0, entry);
    if (reason == ELB_REASON_TOO_BIG) return too_big(at, config_.hops[entry.hop].mtu);
    if (reason != ELB_REASON_COUNT) return leave(at, reason);
    const std::string complaint = open(key, at.out, learn(at), entry);
    if (!complaint.empty()) {
      verdict.complaint = complaint;
      return verdict;
    }
    verdict = forward(at, entry, header, true);
  }
  if (fragment && verdict.reason == ELB_REASON_COUNT) fragments_[piece] = {key.sport, key.dport};
  return verdict;
}

ModelVerdict ModelBalancer::icmp(const Arrival& at, size_t header) {
  const Bytes& f = at.frame;
  const elb_addr_kind whose = kind(get32(f, 30));
  if (whose == ELB_ADDR_NONE) return leave(at, ELB_REASON_PASS_OTHER);
  if (whose == ELB_ADDR_HOST) return leave(at, ELB_REASON_PASS_HOST);
  if (get16(f, 20) & 0x3fff) return leave(at, ELB_REASON_FRAGMENT);
  if (get16(f, 16) < header + 8) return leave(at, ELB_REASON_MALFORMED);
  const uint8_t type = f[kEth + header];
  if (type == 3 || type == 11 || type == 12) return icmp_error(at, header);
  if (type != 8) return leave(at, whose == ELB_ADDR_VIP ? ELB_REASON_PASS_ICMP : ELB_REASON_STRAY_REPLY);
  if (bad_source(get32(f, 26))) return leave(at, ELB_REASON_BAD_SOURCE);
  ModelVerdict answer = leave(at, ELB_REASON_ECHO_ANSWERED);
  answer.verdict = XDP_TX;
  answer.vlan = at.vlan;
  Bytes& a = answer.frame;
  set_mac(a, 0, get_mac(f, 6));
  set_mac(a, 6, config_.links.at(at.ifindex).mac);
  set32(a, 26, get32(f, 30));
  set32(a, 30, get32(f, 26));
  a[22] = 64;
  const size_t l4 = kEth + header;
  set16(a, 24, carry_over(get16(f, 24), sum_without(f, 14, l4, 24), sum_without(a, 14, l4, 24)));
  a[l4] = 0;
  set16(a, l4 + 2,
        carry_over(get16(f, l4 + 2), sum_without(f, l4, f.size(), l4 + 2), sum_without(a, l4, a.size(), l4 + 2)));
  return answer;
}

/// The quoted packet was sent by us: it is turned back into what its sender sent, and the error goes there.
ModelVerdict ModelBalancer::icmp_error(const Arrival& at, size_t header) {
  const Bytes& f = at.frame;
  const size_t total = get16(f, 16), icmp = kEth + header, inner = icmp + 8, end = kEth + total;
  if (inner + kIp > f.size()) return leave(at, ELB_REASON_ICMP_STRAY);
  const size_t inner_header = (f[inner] & 15) * 4u, l4 = inner + inner_header;
  if (f[inner] >> 4 != 4 || inner_header < kIp || end < l4 + 8 || get32(f, inner + 12) != get32(f, 30) ||
      get16(f, inner + 6) & 0x1fff)
    return leave(at, ELB_REASON_ICMP_STRAY);
  const ModelTuple reply{f[inner + 9], get32(f, inner + 16), get32(f, inner + 12), get16(f, l4 + 2), get16(f, l4)};
  const auto known = entries_.find(reply);
  if (known == entries_.end()) return leave(at, ELB_REASON_ICMP_STRAY);
  const Entry& entry = known->second;
  if (f[22] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (total > hop.mtu) return leave(at, ELB_REASON_TOO_BIG);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, f, 0, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  reasons_[ELB_REASON_ICMP_TRANSLATED]++;
  result.reason = ELB_REASON_ICMP_TRANSLATED;

  Bytes& a = result.frame;
  const ModelTuple& to = entry.becomes;
  set32(a, inner + 12, to.dest);
  set32(a, inner + 16, to.source);
  set16(a, l4, to.dport);
  set16(a, l4 + 2, to.sport);
  set16(a, inner + 10,
        carry_over(get16(f, inner + 10), sum_without(f, inner, l4, inner + 10), sum_without(a, inner, l4, inner + 10)));
  const auto both = [&](size_t check) {
    const uint64_t before = sum_without(f, inner + 12, inner + 20, 0) + sum_without(f, l4, l4 + 4, 0);
    const uint64_t after = sum_without(a, inner + 12, inner + 20, 0) + sum_without(a, l4, l4 + 4, 0);
    return carry_over(get16(f, check), before % 65535, after % 65535);
  };
  if (reply.proto == kUdp && get16(f, l4 + 6)) {
    const uint16_t check = both(l4 + 6);
    set16(a, l4 + 6, check ? check : 0xffff);
  }
  if (reply.proto == kTcp && end >= l4 + 20 && f.size() >= l4 + 20) set16(a, l4 + 16, both(l4 + 16));
  set16(a, icmp + 2,
        carry_over(get16(f, icmp + 2), sum_without(f, icmp, end, icmp + 2), sum_without(a, icmp, end, icmp + 2)));
  a[22]--;
  set32(a, 26, to.source);
  set32(a, 30, to.dest);
  set16(a, 24, carry_over(get16(f, 24), sum_without(f, 14, icmp, 24), sum_without(a, 14, icmp, 24)));
  return result;
}

/// The message has the packet's first 68 bytes; the program's limit of messages is taken from what it did.
ModelVerdict ModelBalancer::too_big(const Arrival& at, uint16_t mtu) {
  const Bytes& f = at.frame;
  if (!(get16(f, 20) & 0x4000) || f.size() < kEth + 96 || at.out.size() < 48 || at.out[23] != kIcmp || at.out[34] != 3)
    return leave(at, ELB_REASON_TOO_BIG);
  ModelVerdict answer = leave(at, ELB_REASON_TOO_BIG_TOLD);
  answer.verdict = XDP_TX;
  answer.vlan = at.vlan;
  Bytes a(kEth + 28, 0);
  set_mac(a, 0, get_mac(f, 6));
  set_mac(a, 6, config_.links.at(at.ifindex).mac);
  set16(a, 12, 0x0800);
  a[14] = 0x45;
  set16(a, 16, 96);
  a[22] = 64;
  a[23] = kIcmp;
  set32(a, 26, get32(f, 30));
  set32(a, 30, get32(f, 26));
  set16(a, 24, (65535 - sum_without(a, 14, 34, 24)) % 65535);
  a[34] = 3;
  a[35] = 4;
  set16(a, 40, mtu);
  a.insert(a.end(), f.begin() + kEth, f.begin() + kEth + 68);
  set16(a, 36, (65535 - sum_without(a, 34, a.size(), 36)) % 65535);
  answer.frame = a;
  return answer;
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
  if (bad_source(key.source)) return ELB_REASON_BAD_SOURCE;

  static const ModelPolicy kPlainPolicy;
  const auto policy = config_.policies.find(listener->second);
  const auto ring = config_.rings.find(listener->second);
  const auto answer = admission_.ask({
      .listener = listener->second,
      .client = key.source,
      .policy = policy == config_.policies.end() ? kPlainPolicy : policy->second,
      .ring = ring == config_.rings.end() ? nullptr : &ring->second,
      .fitness =
          [this](uint32_t index) {
            const ModelMember& member = config_.members[index];
            if (!member.usable) return ModelFitness::kUnusable;
            const ModelHop& way = config_.hops[member.hop];
            return way.ifindex && way.valid ? ModelFitness::kFit : ModelFitness::kNoHop;
          },
      .weight = [this](uint32_t index) { return config_.members[index].weight; },
  });
  if (answer.reason != ELB_REASON_COUNT) {
    refused_[listener->second]++;
    return answer.reason;
  }
  entry.listener = listener->second;
  entry.member = answer.member;
  entry.hop = config_.members[entry.member].hop;
  const ModelHop& hop = config_.hops[entry.hop];
  if (get16(at.frame, 16) > hop.mtu) return ELB_REASON_TOO_BIG;
  if (!learn(at)) {
    refused_[listener->second]++;
    return ELB_REASON_HOPS_FULL;
  }
  return ELB_REASON_COUNT;
}

/// Index of the hop back to the neighbour that sent this, 0 if there is no room for another.
uint32_t ModelBalancer::learn(const Arrival& at) {
  const auto key = std::tuple(get_mac(at.frame, 6), at.ifindex, at.vlan);
  if (const auto known = learnt_.find(key); known != learnt_.end()) return known->second;
  const auto link = config_.links.find(at.ifindex);
  if (link == config_.links.end() || config_.free_hops.empty()) return 0;
  const uint32_t index = config_.free_hops.front();
  config_.free_hops.pop_front();
  config_.hops[index] = {std::get<0>(key), link->second.mac, at.ifindex, link->second.mtu, true, at.vlan};
  return learnt_[key] = index;
}

std::string ModelBalancer::open(const ModelTuple& key, const Bytes& out, uint32_t back, Entry& entry) {
  if (out.size() < kEth + kIp + 4 || out.size() < kEth + (out[14] & 15) * 4u + 4)
    return "a new connection without a packet";
  const ModelMember& member = config_.members[entry.member];
  entry.becomes = {key.proto, get32(out, 26), member.addr, get16(out, kEth + (out[14] & 15) * 4u), member.port};
  const ModelTuple reply{key.proto, member.addr, entry.becomes.source, member.port, entry.becomes.sport};
  const uint32_t local = entry.becomes.source;
  if (local < config_.local_first || local - config_.local_first >= config_.local_count || entry.becomes.sport < 1024)
    return fmt::format("local endpoint {:08x}:{} out of range", local, entry.becomes.sport);
  if (entries_.contains(reply)) return fmt::format("local endpoint {:08x}:{} used twice", local, entry.becomes.sport);
  entry.forward = key;
  entries_[key] = entry;
  entries_[reply] = {
      {key.proto, key.dest, key.source, key.dport, key.sport}, true, back, entry.member, entry.listener, key};
  admission_.opened(entry.member, entry.listener);
  connections_.emplace_back(key, reply);
  traffic_[entry.member].connections++;
  return {};
}

/// FIN of both sides or a RST closes; the client's next SYN opens anew.
void ModelBalancer::track(const Entry& entry, uint8_t flags) {
  Entry& known = entries_.at(entry.forward);
  const bool was_closed = known.closed();
  if (!entry.reverse && (flags & (kSyn | kAck | kRst | kFin)) == kSyn) known.fin_in = known.fin_out = known.rst = false;
  if (flags & kFin) (entry.reverse ? known.fin_out : known.fin_in) = true;
  if (flags & kRst) known.rst = true;
  if (known.closed() && !was_closed) admission_.closed(known.member, known.listener);
  if (!known.closed() && was_closed) admission_.opened(known.member, known.listener);
}

/// Where it leaves, with the addresses of level 2.
ModelVerdict ModelBalancer::deliver(const Arrival& at, const Entry& entry, ModelVerdict result) {
  const ModelHop& hop = config_.hops[entry.hop];
  if (hop.ifindex != at.ifindex) {
    if (!config_.tx_ports.contains(hop.ifindex)) return leave(at, ELB_REASON_NO_HOP);
    result.verdict = XDP_REDIRECT;
  }
  result.vlan = hop.vlan;
  set_mac(result.frame, 0, hop.dest);
  set_mac(result.frame, 6, hop.source);
  return result;
}

ModelVerdict ModelBalancer::forward(const Arrival& at, const Entry& entry, size_t header, bool ports) {
  const size_t total = get16(at.frame, 16), l4 = kEth + header;
  if (at.frame[22] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (total > hop.mtu) return too_big(at, hop.mtu);

  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, at.frame, entry.member, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  Bytes& f = result.frame;
  f[22]--;
  set32(f, 26, entry.becomes.source);
  set32(f, 30, entry.becomes.dest);
  set16(f, 24, carry_over(get16(at.frame, 24), sum_without(at.frame, 14, l4, 24), sum_without(f, 14, l4, 24)));
  const bool udp = entry.becomes.proto == kUdp;
  if (ports) {
    set16(f, l4, entry.becomes.sport);
    set16(f, l4 + 2, entry.becomes.dport);
    const size_t check = l4 + (udp ? 6 : 16);
    if (const uint16_t was = get16(at.frame, check); !udp || was) {  // addresses and ports are all that changed
      const auto covered = [&](const Bytes& b) {
        return (sum_without(b, 26, 34, 0) + sum_without(b, l4, l4 + 4, 0)) % 65535;
      };
      uint16_t is = carry_over(was, covered(at.frame), covered(f));
      if (udp && !is) is = 0xffff;
      set16(f, check, is);
    }
  }
  if (ports && !udp) track(entry, at.frame[l4 + 13]);
  elb_traffic& traffic = traffic_[entry.member];
  (entry.reverse ? traffic.packets_out : traffic.packets_in)++;
  (entry.reverse ? traffic.bytes_out : traffic.bytes_in) += total + kEth;
  return result;
}

void ModelBalancer::end_member(uint32_t member) {
  for (const auto& [key, entry] : entries_)
    if (entry.member == member && !entry.reverse && !entry.closed()) admission_.closed(member, entry.listener);
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.member == member; });
  std::erase_if(connections_, [&](const auto& pair) { return !entries_.contains(pair.first); });
}

}  // namespace elb::test
