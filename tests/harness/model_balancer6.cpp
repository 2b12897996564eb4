// SPDX-License-Identifier: Apache-2.0
// ModelBalancer: IPv6 packets with ports, and those that change the family (docs/life-of-a-packet.md, RFC 7915).
#include <linux/bpf.h>

#include "harness/model_bytes.h"

namespace elb::test {
namespace {

constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuth = 51, kDestination = 60;
constexpr size_t kSteps = 4, kHeadersMax = 40 + 208;
constexpr uint32_t kMayFragment = 1260;

/// What stands behind the fixed header and the options that nobody on the way needs.
struct Behind {
  uint32_t reason = ELB_REASON_COUNT;  // else: not balanced
  size_t header = kIp6;
  uint8_t proto = 0;
};

Behind step_over(const Bytes& f) {
  Behind at{.proto = f[20]};
  for (size_t step = 0; step < kSteps && (at.proto == kHopByHop || at.proto == kDestination); step++) {
    const size_t extension = kEth + at.header;
    if (extension + 2 > f.size()) return {.reason = ELB_REASON_MALFORMED};
    at.proto = f[extension];
    at.header += (f[extension + 1] + 1) * 8u;
    if (at.header > kHeadersMax) return {.reason = ELB_REASON_IP6_EXTENSION};
  }
  if (at.header > packet_end(f) - kEth) return {.reason = ELB_REASON_MALFORMED};
  static const std::map<uint8_t, uint32_t> kRefused = {{kFragment, ELB_REASON_FRAGMENT},
                                                       {kHopByHop, ELB_REASON_IP6_EXTENSION},
                                                       {kDestination, ELB_REASON_IP6_EXTENSION},
                                                       {kRouting, ELB_REASON_IP6_EXTENSION},
                                                       {kAuth, ELB_REASON_IP6_EXTENSION}};
  const auto refused = kRefused.find(at.proto);
  if (refused != kRefused.end())
    at.reason = refused->second;
  else if (at.proto != kTcp && at.proto != kUdp && at.proto != kIcmp6)
    at.reason = ELB_REASON_PROTOCOL;
  return at;
}

uint8_t traffic_class(const Bytes& f) { return get16(f, 14) >> 4 & 0xff; }

}  // namespace

ModelVerdict ModelBalancer::unbalanced6(const Arrival& at, uint32_t if_ours) {
  const elb_addr_kind whose = kind(ModelAddress::at(at.frame, 38));
  if (whose == ELB_ADDR_NONE) return leave(at, ELB_REASON_PASS_OTHER);
  if (whose == ELB_ADDR_HOST) return leave(at, ELB_REASON_PASS_HOST);
  if (if_ours != ELB_REASON_PASS_ICMP) return leave(at, if_ours);
  return leave(at, whose == ELB_ADDR_VIP ? ELB_REASON_PASS_ICMP : ELB_REASON_STRAY_REPLY);
}

/// Multicast, unspecified, loopback, IPv4 in disguise, or one of our own.
bool ModelBalancer::bad_source6(const ModelAddress& addr) const {
  const bool low = addr.within(ModelAddress(), 127);  // :: and ::1
  return addr.bytes[0] == 0xff || low || addr.is_v4() || kind(addr) != ELB_ADDR_NONE;
}

ModelVerdict ModelBalancer::untagged6(const Arrival& at) {
  const Bytes& f = at.frame;
  if (f.size() < kEth + kIp6) return leave(at, ELB_REASON_MALFORMED);
  if (f[14] >> 4 != 6 || ModelAddress::at(f, 38).is_v4()) return unbalanced6(at, ELB_REASON_MALFORMED);
  const Behind behind = step_over(f);
  if (behind.reason != ELB_REASON_COUNT) return unbalanced6(at, behind.reason);
  const size_t header = behind.header, l4 = kEth + header, end = packet_end(f);
  if (behind.proto == kIcmp6) return icmp6(at, header);

  const bool udp = behind.proto == kUdp;
  const size_t l4_header = udp ? 8 : 20;
  if (end < l4 + l4_header || f.size() < l4 + l4_header) return unbalanced6(at, ELB_REASON_MALFORMED);
  if (udp && !get16(f, l4 + 6)) return unbalanced6(at, ELB_REASON_NO_UDP_CHECKSUM);
  const ModelTuple key{behind.proto, ModelAddress::at(f, 22), ModelAddress::at(f, 38), get16(f, l4), get16(f, l4 + 2)};
  const bool disguised = key.source.is_v4();
  if (!disguised && entries_.contains(key)) return forward6(at, key, header);

  const size_t udp_length = get16(f, l4 + 4);
  const bool lies = udp ? udp_length < 8 || udp_length > end - l4 : f[l4 + 12] >> 4 < 5;
  Newcomer who{.bad = lies || end > f.size(), .bad_source = bad_source6(key.source), .hops = f[21]};
  who.flags = udp ? 0 : f[l4 + 13];
  who.total = static_cast<uint32_t>(end - kEth);
  who.total4 = static_cast<uint32_t>(end - l4 + kIp);
  Entry entry;
  const uint32_t reason = refuse_opening(at, key, who, entry);
  if (reason == ELB_REASON_TOO_BIG) {
    const bool same = !config_.members[entry.member].addr.is_v4();
    return too_big6(at, config_.hops[entry.hop].mtu + (same ? 0 : 20));
  }
  if (reason != ELB_REASON_COUNT) return refuse(at, key, reason);
  entry.toa = !udp && config_.toa.contains(entry.listener);
  ModelVerdict verdict;
  verdict.complaint = open(key, at.out, header, learn(at), entry);
  return verdict.complaint.empty() ? forward6(at, key, header) : verdict;
}

ModelVerdict ModelBalancer::forward6(const Arrival& at, const ModelTuple& key, size_t header) {
  const Entry entry = entries_.at(key);
  const Bytes& in = at.frame;
  const size_t l4 = kEth + header, length = packet_end(in) - kEth;
  const size_t shrinks = entry.becomes.is_v4() ? header - kIp : 0;
  if (in[21] < 2) return leave(at, ELB_REASON_TTL);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (length - shrinks > hop.mtu) return too_big6(at, hop.mtu + (shrinks ? 20 : 0));
  if (shrinks) return forward64(at, key, header);

  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, in, entry.member, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  Bytes& f = result.frame;
  if (key.proto == kTcp) operate(f, entry, l4, hop.mtu);
  const Bytes from = f;
  f[21]--;
  set_addr6(f, 22, entry.becomes.source);
  set_addr6(f, 38, entry.becomes.dest);
  readdress(f, from, entry, l4);
  if (key.proto == kTcp) track(in, key, l4);
  count_sent(entry, packet_end(f) - kEth);
  return result;
}

/// An IPv6 client's packet to an IPv4 member: RFC 7915, 5.1.
ModelVerdict ModelBalancer::forward64(const Arrival& at, const ModelTuple& key, size_t header) {
  const Entry entry = entries_.at(key);
  const ModelHop& hop = config_.hops[entry.hop];
  const size_t l4 = kEth + header;
  Bytes from = at.frame;
  if (key.proto == kTcp) operate(from, entry, l4, static_cast<uint32_t>(hop.mtu + header - kIp));
  if (!config_.can_reshape && (at.tags_within || header != kIp6 || hop.vlan >> 16))
    return leave(at, ELB_REASON_NO_HEADROOM);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, from, entry.member, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  Bytes& f = result.frame;
  const uint32_t length = static_cast<uint32_t>(packet_end(f) - kEth);
  const uint32_t total = static_cast<uint32_t>(length - header + kIp);
  Bytes ip(kIp, 0);
  ip[0] = 0x45;
  ip[1] = traffic_class(from);
  set16(ip, 2, total);
  set16(ip, 6, total > kMayFragment ? 0x4000 : 0);
  if (total <= kMayFragment && at.out.size() >= 20) set16(ip, 4, get16(at.out, 18));  // the program draws it
  ip[8] = from[21] - 1;
  ip[9] = key.proto;
  set32(ip, 12, entry.becomes.source.v4());
  set32(ip, 16, entry.becomes.dest.v4());
  set16(ip, 10, checksum_of(sum_without(ip, 0, kIp)));
  f.erase(f.begin() + kEth, f.begin() + l4);
  f.insert(f.begin() + kEth, ip.begin(), ip.end());
  set16(f, 12, 0x0800);
  readdress(f, from, entry, kEth + kIp);
  if (key.proto == kTcp) track(at.frame, key, l4);
  count_sent(entry, length);
  return result;
}

/// An IPv4 member's answer to an IPv6 client: RFC 7915, 4.1.
ModelVerdict ModelBalancer::forward46(const Arrival& at, const ModelTuple& key, size_t header) {
  const Entry entry = entries_.at(key);
  const Bytes& in = at.frame;
  const size_t l4 = kEth + header, total = get16(in, 16);
  if (get16(in, 20) & 0x3fff) return leave(at, ELB_REASON_FRAGMENT);
  if (in[22] < 2) return leave(at, ELB_REASON_TTL);
  if (key.proto == kUdp && !get16(in, l4 + 6)) return leave(at, ELB_REASON_NO_UDP_CHECKSUM);
  const ModelHop& hop = config_.hops[entry.hop];
  if (!hop.valid) return leave(at, ELB_REASON_NO_HOP);
  if (total - header + kIp6 > hop.mtu) return too_big(at, hop.mtu - 20);
  if (!config_.can_reshape && (at.tags_within || header != kIp || hop.vlan >> 16))
    return leave(at, ELB_REASON_NO_HEADROOM);
  ModelVerdict result = deliver(at, entry, {XDP_TX, ELB_REASON_COUNT, in, entry.member, 0, false, {}});
  if (result.reason != ELB_REASON_COUNT) return result;
  Bytes& f = result.frame;
  if (key.proto == kTcp) operate(f, entry, l4, hop.mtu);
  const Bytes from = f;
  Bytes ip(kIp6, 0);
  set16(ip, 0, 6 << 12 | from[15] << 4);
  set16(ip, 4, static_cast<uint16_t>(total - header));
  ip[6] = key.proto;
  ip[7] = from[22] - 1;
  set_addr6(ip, 8, entry.becomes.source);
  set_addr6(ip, 24, entry.becomes.dest);
  f.erase(f.begin() + kEth, f.begin() + l4);
  f.insert(f.begin() + kEth, ip.begin(), ip.end());
  set16(f, 12, 0x86dd);
  readdress(f, from, entry, kEth + kIp6);
  if (key.proto == kTcp) track(in, key, l4);
  count_sent(entry, total);
  return result;
}

}  // namespace elb::test
