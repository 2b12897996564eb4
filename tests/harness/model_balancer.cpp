// SPDX-License-Identifier: Apache-2.0
#include "harness/model_balancer.h"

#include <fmt/format.h>
#include <linux/bpf.h>

#include "harness/model_bytes.h"

namespace elb::test {
elb_addr_kind ModelBalancer::kind(const ModelAddress& addr) const {
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
  at.tags_within = !tags.empty();
  if (frame.size() < kEth || !whole) return leave({frame, ifindex, out}, ELB_REASON_MALFORMED);
  ModelVerdict verdict = untagged(at);
  if (verdict.verdict != XDP_TX && verdict.verdict != XDP_REDIRECT) {
    verdict.frame = frame;
    return verdict;
  }
  // A frame whose family changes gets a new header in XDP, tags and all: their priority is lost.
  const bool anew = config_.can_reshape && get16(plain, 12) != get16(verdict.frame, 12);
  const Bytes leaves = verdict.vlan == at.vlan && !anew ? tags : tags_of(verdict.vlan);
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
  if (get16(frame, 12) == 0x86dd) return untagged6(at);
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
      return known == entries_.end() ? unbalanced(at, ELB_REASON_FRAGMENT) : forward(at, key, header, false);
    }
    if (!has_l4) return unbalanced(at, fragment ? ELB_REASON_FRAGMENT : ELB_REASON_MALFORMED);
  }
  key.sport = get16(frame, kEth + header);
  key.dport = get16(frame, kEth + header + 2);
  ModelVerdict verdict;
  if (const auto known = entries_.find(key); known != entries_.end()) {
    verdict = forward(at, key, header, true);
  } else {
    const size_t udp_length = proto == kUdp ? get16(frame, kEth + header + 4) : 0;
    const bool long_udp = !fragment && udp_length > total - header;
    const bool bad = cut || (proto == kTcp ? frame[kEth + header + 12] >> 4 < 5 : udp_length < 8 || long_udp);
    Entry entry;
    const uint8_t flags = proto == kTcp ? frame[kEth + header + 13] : 0;
    const uint32_t length = static_cast<uint32_t>(total);
    const uint32_t reason =
        refuse_opening(at, key, {bad, bad_source(piece.source), flags, frame[22], length, length}, entry);
    if (reason == ELB_REASON_TOO_BIG) return too_big(at, config_.hops[entry.hop].mtu);
    if (reason != ELB_REASON_COUNT) return refuse(at, key, reason);
    entry.toa = proto == kTcp && config_.toa.contains(config_.listeners.at({key.dest, key.dport, proto}));
    verdict.complaint = open(key, at.out, header, learn(at), entry);
    if (!verdict.complaint.empty()) return verdict;
    verdict = forward(at, key, header, true);
  }
  if (fragment && verdict.reason == ELB_REASON_COUNT) fragments_[piece] = {key.sport, key.dport};
  return verdict;
}

uint32_t ModelBalancer::refuse_opening(const Arrival& at, const ModelTuple& key, const Newcomer& who, Entry& entry) {
  const auto listener = config_.listeners.find({key.dest, key.dport, key.proto});
  if (listener == config_.listeners.end()) {
    const elb_addr_kind whose = kind(key.dest);
    if (whose == ELB_ADDR_NONE) return ELB_REASON_PASS_OTHER;
    if (whose == ELB_ADDR_HOST) return ELB_REASON_PASS_HOST;
    if (who.bad) return ELB_REASON_MALFORMED;
    return whose == ELB_ADDR_LOCAL ? ELB_REASON_STRAY_REPLY : ELB_REASON_NO_LISTENER;
  }
  const bool proxied = config_.proxied.contains(listener->second);
  if (who.bad) return ELB_REASON_MALFORMED;
  if (!proxied && key.proto == kTcp && (who.flags & (kSyn | kAck | kRst | kFin)) != kSyn) return ELB_REASON_NOT_SYN;
  if (!proxied && who.hops < 2) return ELB_REASON_TTL;
  if (who.bad_source) return ELB_REASON_BAD_SOURCE;

  static const ModelPolicy kPlainPolicy;
  const auto policy = config_.policies.find(listener->second);
  if (proxied) {
    const bool denied = policy != config_.policies.end() && policy->second.whitelist &&
                        !ModelAdmission::allows(policy->second, key.source);
    if (!denied) return ELB_REASON_PASS_PROXY;
    refused_[listener->second]++;
    return ELB_REASON_NOT_ALLOWED;
  }
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
  const ModelMember& member = config_.members[entry.member];
  if (key.proto == kTcp && config_.toa.contains(entry.listener) && member.addr == key.source) {
    refused_[entry.listener]++;
    return ELB_REASON_TOA_LOOP;
  }
  entry.hop = member.hop;
  if ((member.addr.is_v4() ? who.total4 : who.total) > config_.hops[entry.hop].mtu) return ELB_REASON_TOO_BIG;
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

bool ModelBalancer::is_local(const ModelAddress& addr) const {
  const ModelAddress& first = config_.local6_first;
  if (addr.is_v4()) return addr.v4() - config_.local_first < config_.local_count;
  return addr.within(first, 96) && addr.v4() - first.v4() < config_.local6_count;
}

/// `header`: of the packet, with IPv6's extensions; an IPv4 header made of IPv6's has none.
std::string ModelBalancer::open(const ModelTuple& key, const Bytes& out, size_t header, uint32_t back, Entry& entry) {
  const ModelMember& member = config_.members[entry.member];
  const bool six = !member.addr.is_v4();
  if (!six && !key.is_v4()) header = kIp;
  if (out.size() < kEth + header + 4 || get16(out, 12) != (six ? 0x86dd : 0x0800))
    return "a new connection without a packet";
  const ModelAddress local = six ? ModelAddress::at(out, 22) : ModelAddress(get32(out, 26));
  entry.becomes = {key.proto, local, member.addr, get16(out, kEth + header), member.port};
  const ModelTuple reply{key.proto, member.addr, local, member.port, entry.becomes.sport};
  const std::string endpoint = fmt::format("local endpoint {:02x}:{}", fmt::join(local.bytes, ""), reply.dport);
  if (!is_local(local) || reply.dport < 1024) return endpoint + " out of range";
  if (entries_.contains(reply)) return endpoint + " used twice";
  entry.peer = reply;
  entries_[key] = entry;
  Entry back_entry = entry;
  back_entry.becomes = {key.proto, key.dest, key.source, key.dport, key.sport};
  back_entry.reverse = true;
  back_entry.hop = back;
  back_entry.peer = key;
  entries_[reply] = back_entry;
  admission_.opened(entry.member, entry.listener);
  connections_.emplace_back(key, reply);
  traffic_[entry.member].connections++;
  return {};
}

/// Where it leaves, with the addresses of level 2.
ModelVerdict ModelBalancer::deliver(const Arrival& at, const Entry& entry, ModelVerdict result) {
  const ModelHop& hop = config_.hops[entry.hop];
  if (hop.ifindex != at.ifindex) {
    result.verdict = XDP_REDIRECT;
    if (!config_.tx_ports.contains(hop.ifindex)) return leave(at, ELB_REASON_NO_HOP);
  }
  result.vlan = hop.vlan;
  set_mac(result.frame, 0, hop.dest);
  set_mac(result.frame, 6, hop.source);
  return result;
}

/// Addresses and ports of the entry; `from` is the packet as it was. Only they have changed for TCP's and UDP's
/// checksum, also between the families, whose pseudo headers differ in the addresses alone.
void ModelBalancer::readdress(Bytes& f, const Bytes& from, const Entry& entry, size_t l4) const {
  const bool udp = entry.becomes.proto == kUdp;
  const auto covered = [](const Bytes& b, size_t ports) {
    const bool six = get16(b, 12) == 0x86dd;
    return (sum_without(b, six ? 22 : 26, six ? 54 : 34) + sum_without(b, ports, ports + 4)) % 65535;
  };
  const size_t l4_before = l4 + from.size() - f.size(), check = l4 + (udp ? 6 : 16);
  set16(f, l4, entry.becomes.sport);
  set16(f, l4 + 2, entry.becomes.dport);
  const uint16_t was = get16(f, check);
  if (udp && !was) return;
  const uint16_t is = carry_over(was, covered(from, l4_before), covered(f, l4));
  set16(f, check, udp && !is ? 0xffff : is);
}

/// Counts a packet that was forwarded; `bytes` of its IP packet.
void ModelBalancer::count_sent(const Entry& entry, size_t bytes) {
  elb_traffic& traffic = traffic_[entry.member];
  (entry.reverse ? traffic.packets_out : traffic.packets_in)++;
  (entry.reverse ? traffic.bytes_out : traffic.bytes_in) += bytes + kEth;
}

ModelVerdict ModelBalancer::forward(const Arrival& at, const ModelTuple& key, size_t header, bool ports) {
  const Entry entry = entries_.at(key);
  if (!entry.becomes.is_v4()) return forward46(at, key, header);
  const size_t l4 = kEth + header;
  if (at.frame[22] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (get16(at.frame, 16) > hop.mtu) return too_big(at, hop.mtu);

  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, at.frame, entry.member, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  Bytes& f = result.frame;
  const bool tcp = ports && key.proto == kTcp;
  if (tcp) operate(f, entry, l4, hop.mtu);
  const Bytes from = f;
  f[22]--;
  set32(f, 26, entry.becomes.source.v4());
  set32(f, 30, entry.becomes.dest.v4());
  set16(f, 24, carry_over(get16(from, 24), sum_without(from, 14, l4, 24), sum_without(f, 14, l4, 24)));
  if (ports) readdress(f, from, entry, l4);
  if (tcp) track(at.frame, key, l4);
  count_sent(entry, get16(f, 16));
  return result;
}

void ModelBalancer::end_member(uint32_t member) {
  for (const auto& [key, entry] : entries_)
    if (entry.member == member && !entry.reverse && !entry.closed()) admission_.closed(member, entry.listener);
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.member == member; });
  std::erase_if(connections_, [&](const auto& pair) { return !entries_.contains(pair.first); });
}

}  // namespace elb::test
