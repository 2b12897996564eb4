// SPDX-License-Identifier: Apache-2.0
// ModelBalancer: ICMPv6, and errors that go over to the other family (RFC 7915, 4.2 and 5.2).
#include <linux/bpf.h>

#include "harness/model_bytes.h"

namespace elb::test {
namespace {

constexpr uint8_t kUnreachable6 = 1, kTooBig6 = 2, kTime6 = 3, kParameter6 = 4, kEcho6 = 128, kEchoReply6 = 129;
constexpr uint8_t kSolicit = 135, kAdvertise = 136;
constexpr uint32_t kMtuMin6 = 1280;

using Kind = std::pair<uint8_t, uint8_t>;  // type, code; none is translated to type 0

Kind error_to6(uint8_t type, uint8_t code) {
  if (type == 11) return {kTime6, code};
  if (type != 3) return {};
  static const std::map<uint8_t, Kind> kUnreachable = {
      {0, {1, 0}}, {1, {1, 0}}, {3, {1, 4}},  {4, {kTooBig6, 0}}, {5, {1, 0}},  {6, {1, 0}},  {7, {1, 0}},
      {8, {1, 0}}, {9, {1, 1}}, {10, {1, 1}}, {11, {1, 0}},       {12, {1, 0}}, {13, {1, 1}}, {15, {1, 1}}};
  const auto found = kUnreachable.find(code);
  return found == kUnreachable.end() ? Kind{} : found->second;
}

Kind error_to4(uint8_t type, uint8_t code) {
  if (type == kTime6) return {11, code};
  if (type == kTooBig6) return {3, 4};
  if (type != kUnreachable6 || code > 4) return {};
  return {3, code == 4 ? 3 : code == 1 ? 10 : 1};
}

/// The fixed header of a packet of the balancer's own.
Bytes header6(uint16_t payload, uint8_t next, uint8_t hops, const ModelAddress& from, const ModelAddress& to) {
  Bytes ip(kIp6, 0);
  ip[0] = 0x60;
  set16(ip, 4, payload);
  ip[6] = next;
  ip[7] = hops;
  set_addr6(ip, 8, from);
  set_addr6(ip, 24, to);
  return ip;
}
void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }
/// Of a frame without tags whose ICMPv6 message ends with it.
void finish6(Bytes& f) {
  const size_t icmp = kEth + kIp6;
  set16(f, icmp + 2,
        checksum_of(sum_without(f, 22, 54) + kIcmp6 + f.size() - icmp + sum_without(f, icmp, f.size(), icmp + 2)));
}

}  // namespace

ModelVerdict ModelBalancer::icmp6(const Arrival& at, size_t header) {
  const Bytes& f = at.frame;
  const size_t icmp = kEth + header, end = packet_end(f);
  if (end < icmp + 8 || end > f.size()) return unbalanced6(at, ELB_REASON_MALFORMED);
  const uint8_t type = f[icmp], code = f[icmp + 1];
  if (type == kSolicit && header == kIp6) return neighbour(at);
  const ModelAddress dest = ModelAddress::at(f, 38), source = ModelAddress::at(f, 22);
  const elb_addr_kind whose = kind(dest);
  const bool ours = whose == ELB_ADDR_VIP || whose == ELB_ADDR_LOCAL;
  if (ours && type >= kUnreachable6 && type <= kParameter6) return icmp_error6(at, header);
  if (!ours || type != kEcho6 || code) return unbalanced6(at, ELB_REASON_PASS_ICMP);
  if (bad_source6(source)) return leave(at, ELB_REASON_BAD_SOURCE);
  ModelVerdict answer = leave(at, ELB_REASON_ECHO_ANSWERED);
  answer.verdict = XDP_TX;
  answer.vlan = at.vlan;
  Bytes& a = answer.frame;
  set_mac(a, 0, get_mac(f, 6));
  set_mac(a, 6, config_.links.at(at.ifindex).mac);
  set_addr6(a, 22, dest);
  set_addr6(a, 38, source);
  a[21] = 64;
  a[icmp] = kEchoReply6;
  set16(a, icmp + 2, carry_over(get16(f, icmp + 2), sum_without(f, icmp, icmp + 2), sum_without(a, icmp, icmp + 2)));
  return answer;
}

/// RFC 4861, 7.1.1 and 7.2.4; a question from nowhere asks whether the address is in use (RFC 4862, 5.4).
ModelVerdict ModelBalancer::neighbour(const Arrival& at) {
  const Bytes& f = at.frame;
  const auto link = config_.links.find(at.ifindex);
  if (link == config_.links.end() || packet_end(f) < 78 || f[21] != 255 || f[55])
    return leave(at, ELB_REASON_PASS_OTHER);
  const ModelAddress target = ModelAddress::at(f, 62), asker = ModelAddress::at(f, 22);
  if (target.is_v4() || kind(target) == ELB_ADDR_NONE) return leave(at, ELB_REASON_PASS_OTHER);
  const bool probe = asker == ModelAddress();
  ModelVerdict answer = leave(at, ELB_REASON_ND_ANSWERED);
  answer.verdict = XDP_TX;
  answer.vlan = at.vlan;
  Bytes a(f.begin(), f.begin() + kEth);
  set_mac(a, 0, probe ? Mac{0x33, 0x33, 0, 0, 0, 1} : get_mac(f, 6));
  set_mac(a, 6, link->second.mac);
  append(a, header6(32, kIcmp6, 255, target, probe ? ModelAddress(Ipv6Address("ff02::1")) : asker));
  append(a, {kAdvertise, 0, 0, 0, static_cast<uint8_t>(probe ? 0x20 : 0x60), 0, 0, 0});
  append(a, Bytes(target.bytes.begin(), target.bytes.end()));
  append(a, {2, 1});
  append(a, Bytes(link->second.mac.begin(), link->second.mac.end()));
  finish6(a);
  answer.frame = a;
  return answer;
}

/// The quoted packet was sent by us: it is turned back into what its sender sent, and the error goes there.
ModelVerdict ModelBalancer::icmp_error6(const Arrival& at, size_t header) {
  const Bytes& f = at.frame;
  const size_t icmp = kEth + header, inner = icmp + 8, l4 = inner + kIp6, end = packet_end(f);
  if (end < l4 + 8 || f[inner] >> 4 != 6 || (f[inner + 6] != kTcp && f[inner + 6] != kUdp))
    return leave(at, ELB_REASON_ICMP_STRAY);
  const ModelTuple reply{f[inner + 6], ModelAddress::at(f, inner + 24), ModelAddress::at(f, inner + 8),
                         get16(f, l4 + 2), get16(f, l4)};
  const auto known = entries_.find(reply);
  if (known == entries_.end()) return icmp_unknown(at, reply);
  if (reply.dest != ModelAddress::at(f, 38)) return leave(at, ELB_REASON_ICMP_STRAY);
  const Entry& entry = known->second;
  const ModelTuple& to = entry.becomes;
  if (to.is_v4()) return icmp_error64(at, entry, header);
  if (f[21] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (end - kEth > hop.mtu) return leave(at, ELB_REASON_TOO_BIG);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, f, 0, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  reasons_[ELB_REASON_ICMP_TRANSLATED]++;
  result.reason = ELB_REASON_ICMP_TRANSLATED;

  Bytes& a = result.frame;
  a[21]--;
  set_addr6(a, 22, to.source);
  set_addr6(a, 38, to.dest);
  set_addr6(a, inner + 8, to.dest);
  set_addr6(a, inner + 24, to.source);
  set16(a, l4, to.dport);
  set16(a, l4 + 2, to.sport);
  const auto quoted = [&](const Bytes& b) {
    return (sum_without(b, inner + 8, l4) + sum_without(b, l4, l4 + 4)) % 65535;
  };
  const bool udp = reply.proto == kUdp;
  const size_t check = l4 + (udp ? 6 : 16);
  if (udp ? get16(f, check) != 0 : end >= l4 + 20) {
    const uint16_t is = carry_over(get16(f, check), quoted(f), quoted(a));
    set16(a, check, udp && !is ? 0xffff : is);
  }
  const auto covered = [&](const Bytes& b) {
    return (sum_without(b, 22, 54) + sum_without(b, icmp, end, icmp + 2)) % 65535;
  };
  set16(a, icmp + 2, carry_over(get16(f, icmp + 2), covered(f), covered(a)));
  return result;
}

/// A client's complaint about an answer of an IPv4 member: made anew, quoting what the member has sent.
ModelVerdict ModelBalancer::icmp_error64(const Arrival& at, const Entry& entry, size_t header) {
  const Bytes& f = at.frame;
  const size_t icmp = kEth + header, inner = icmp + 8;
  const Kind kind4 = error_to4(f[icmp], f[icmp + 1]);
  const uint32_t mtu = get32(f, icmp + 4);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!kind4.first || !hop.valid || (f[icmp] == kTooBig6 && mtu < kMtuMin6)) return leave(at, ELB_REASON_ICMP_STRAY);
  if (!config_.can_reshape) return leave(at, ELB_REASON_NO_HEADROOM);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, f, 0, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  reasons_[ELB_REASON_ICMP_TRANSLATED]++;
  result.reason = ELB_REASON_ICMP_TRANSLATED;

  const ModelTuple& to = entry.becomes;
  const auto header4 = [](uint8_t tos, uint16_t total, uint16_t frag, uint8_t ttl, uint8_t proto, uint32_t source,
                          uint32_t dest) {
    Bytes ip(kIp, 0);
    ip[0] = 0x45;
    ip[1] = tos;
    set16(ip, 2, total);
    set16(ip, 6, frag);
    ip[8] = ttl;
    ip[9] = proto;
    set32(ip, 12, source);
    set32(ip, 16, dest);
    set16(ip, 10, checksum_of(sum_without(ip, 0, kIp)));
    return ip;
  };
  Bytes message(8, 0);
  message[0] = kind4.first;
  message[1] = kind4.second;
  if (f[icmp] == kTooBig6) set16(message, 6, static_cast<uint16_t>(std::min<uint32_t>(mtu - 20, 65535)));
  append(message, header4(get16(f, inner) >> 4 & 0xff, get16(f, inner + 4) + kIp, 0x4000, f[inner + 7], f[inner + 6],
                          to.dest.v4(), to.source.v4()));
  Bytes ports(4);
  set16(ports, 0, to.dport);
  set16(ports, 2, to.sport);
  append(message, ports);
  append(message, Bytes(f.begin() + inner + kIp6 + 4, f.begin() + inner + kIp6 + 8));
  set16(message, 2, checksum_of(sum_without(message, 0, message.size(), 2)));
  Bytes a(kEth, 0);
  set_mac(a, 0, hop.dest);
  set_mac(a, 6, hop.source);
  set16(a, 12, 0x0800);
  append(a, header4(0, static_cast<uint16_t>(kIp + message.size()), 0, 64, kIcmp, to.source.v4(), to.dest.v4()));
  append(a, message);
  result.frame = a;
  return result;
}

/// The member's network complains about a packet of an IPv6 client. `header`: of the IPv4 packet around the complaint,
/// whose lengths icmp_error() has looked at.
ModelVerdict ModelBalancer::icmp_error46(const Arrival& at, const Entry& entry, size_t header) {
  const Bytes& f = at.frame;
  const size_t icmp = kEth + header, inner = icmp + 8, inner_header = (f[inner] & 15) * 4u, l4 = inner + inner_header;
  const Kind kind6 = error_to6(f[icmp], f[icmp + 1]);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!kind6.first || !hop.valid) return leave(at, ELB_REASON_ICMP_STRAY);
  if (!config_.can_reshape) return leave(at, ELB_REASON_NO_HEADROOM);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, f, 0, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  reasons_[ELB_REASON_ICMP_TRANSLATED]++;
  result.reason = ELB_REASON_ICMP_TRANSLATED;

  const ModelTuple& to = entry.becomes;
  Bytes a(kEth, 0);
  set_mac(a, 0, hop.dest);
  set_mac(a, 6, hop.source);
  set16(a, 12, 0x86dd);
  append(a, header6(56, kIcmp6, 64, to.source, to.dest));
  append(a, {kind6.first, kind6.second, 0, 0, 0, 0, 0, 0});
  if (kind6.first == kTooBig6) set32(a, kEth + kIp6 + 4, std::max<uint32_t>(get16(f, icmp + 6) + 20u, kMtuMin6));
  append(a, header6(static_cast<uint16_t>(get16(f, inner + 2) - inner_header), f[inner + 9], f[inner + 8], to.dest,
                    to.source));
  set16(a, a.size() - kIp6, 6 << 12 | f[inner + 1] << 4);
  Bytes ports(4);
  set16(ports, 0, to.dport);
  set16(ports, 2, to.sport);
  append(a, ports);
  append(a, Bytes(f.begin() + l4 + 4, f.begin() + l4 + 8));
  finish6(a);
  result.frame = a;
  return result;
}

/// Quotes the header and 8 bytes; the program's limit of messages is taken from what it did.
ModelVerdict ModelBalancer::too_big6(const Arrival& at, uint32_t mtu) {
  const Bytes& f = at.frame;
  const size_t icmp = kEth + kIp6;
  if (!config_.can_reshape || f.size() < kEth + 96 || at.out.size() != kEth + 96 || at.out[20] != kIcmp6 ||
      at.out[icmp] != kTooBig6)
    return leave(at, ELB_REASON_TOO_BIG);
  ModelVerdict answer = leave(at, ELB_REASON_TOO_BIG_TOLD);
  answer.verdict = XDP_TX;
  answer.vlan = at.vlan;
  Bytes a(f.begin(), f.begin() + kEth);
  set_mac(a, 0, get_mac(f, 6));
  set_mac(a, 6, config_.links.at(at.ifindex).mac);
  append(a, header6(56, kIcmp6, 64, ModelAddress::at(f, 38), ModelAddress::at(f, 22)));
  append(a, {kTooBig6, 0, 0, 0, 0, 0, 0, 0});
  set32(a, icmp + 4, std::max(mtu, kMtuMin6));
  append(a, Bytes(f.begin() + kEth, f.begin() + kEth + 48));
  finish6(a);
  answer.frame = a;
  return answer;
}

}  // namespace elb::test
