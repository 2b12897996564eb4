// SPDX-License-Identifier: Apache-2.0
// ModelBalancer: what is special about TCP: resets, options, the state that the counters hang on.
#include <linux/bpf.h>

#include "harness/model_bytes.h"

namespace elb::test {

namespace {

Ipv6Address address6(const ModelAddress& addr) {
  Ipv6Address same;
  std::copy(addr.bytes.begin(), addr.bytes.end(), same.bytes.begin());
  return same;
}

/// Who has it may be answered: no group, nobody, this host itself, or in an IPv6 packet IPv4 in disguise.
bool is_one_host(const ModelAddress& addr, bool v4) {
  if (!v4) return !addr.is_v4() && addr.bytes[0] != 0xff && !addr.within(ModelAddress(), 127);
  const uint32_t first = addr.v4() >> 24;
  return first != 0 && first != 127 && first < 224;
}

}  // namespace

/// The packet's sender is told by a RST, if it is TCP and the reason is one that it can do nothing about.
ModelVerdict ModelBalancer::refuse(const Arrival& at, const ModelTuple& key, uint32_t reason) {
  static const std::set<uint32_t> kTold = {ELB_REASON_NOT_SYN,         ELB_REASON_STRAY_REPLY, ELB_REASON_NO_MEMBER,
                                           ELB_REASON_NO_PORT,         ELB_REASON_TABLE_FULL,  ELB_REASON_TABLE_SHARE,
                                           ELB_REASON_CONNECTION_LIMIT};
  ModelVerdict result = leave(at, reason);
  const Bytes& in = at.frame;
  const bool v4 = is_v4(in);
  const size_t l4 = kEth + (v4 ? kIp : kIp6), room = packet_end(in) - l4;
  if (v4 ? in[14] != 0x45 || get16(in, 20) & 0x3fff : in[20] != kTcp) return result;  // only a plain one is answered
  if (!kTold.contains(reason) || key.proto != kTcp || in[l4 + 13] & kRst || in[0] & 1 || !is_one_host(key.source, v4))
    return result;
  const size_t header = (in[l4 + 12] >> 4) * 4u;
  if (header < 20 || header > room) return result;
  const uint8_t flags = in[l4 + 13];
  const uint32_t length = static_cast<uint32_t>(room - header) + !!(flags & kSyn) + !!(flags & kFin);
  const bool acks = flags & kAck;
  const TCP tcp{.sport = key.dport,
                .dport = key.sport,
                .seq = acks ? get32(in, l4 + 8) : 0,
                .ack = acks ? 0 : get32(in, l4 + 4) + length,
                .flags = static_cast<uint8_t>(acks ? kRst : kRst | kAck),
                .window = 0};
  result.frame = v4 ? Bytes(Ethernet{} /
                            IPv4{.src = Ipv4Address::from_host(key.dest.v4()),
                                 .dst = Ipv4Address::from_host(key.source.v4()),
                                 .ttl = 64,
                                 .id = 0} /
                            tcp)
                    : Bytes(Ethernet{} / IPv6{.src = address6(key.dest), .dst = address6(key.source)} / tcp);
  set_mac(result.frame, 0, get_mac(in, 6));
  set_mac(result.frame, 6, get_mac(in, 0));
  result.verdict = XDP_TX;
  result.vlan = at.vlan;
  reasons_[ELB_REASON_RESET_SENT]++;
  return result;
}

/// What is done to a segment before it is readdressed, with the checksum that the frame had kept as right or wrong as
/// it was; `room`: what the packet may measure, as it is now, on the link that it leaves by.
void ModelBalancer::operate(Bytes& f, const Entry& entry, size_t l4, uint32_t room) {
  const uint8_t flags = f[l4 + 13];
  const bool fragment = is_v4(f) && get16(f, 20) & 0x3fff;  // cannot grow
  const Entry& forward = entry.reverse ? entries_.at(entry.peer) : entries_.at(entries_.at(entry.peer).peer);
  edit_options(f, entry, l4, fragment);
  if (fragment || entry.reverse || !entry.toa || forward.spoken || flags & kSyn || !(flags & kAck)) return;
  const uint32_t size = is_v4(f) ? 8 : 20;
  const bool near = l4 - kEth <= 60;  // behind more extension headers nothing is moved
  if (!config_.can_insert || !near || (f[l4 + 12] >> 4) * 4u + size > 60 || packet_end(f) - kEth + size > room)
    reasons_[ELB_REASON_TOA_NO_ROOM]++;
  else
    insert_client(f, l4);
}

/// The MSS of a listener that tells the client's address is lowered to what fits the links; nobody but the balancer
/// says who the client is.
void ModelBalancer::edit_options(Bytes& f, const Entry& entry, size_t l4, bool fragment) {
  const Bytes was = f;
  const bool syn = f[l4 + 13] & kSyn;
  const size_t check_at = l4 + 16, options = l4 + 20, end = l4 + std::max(5, f[l4 + 12] >> 4) * 4u;
  if (entry.toa && syn && !fragment) {
    const Entry& other = entries_.at(entry.peer);
    const bool client_v4 = (entry.reverse ? entry : other).becomes.is_v4();
    const uint32_t less = entry.reverse ? (client_v4 ? 8 : 20) : 0;
    const uint32_t most = config_.hops[other.hop].mtu - (is_v4(f) ? 40 : 60) - less;
    walk_options(f, options, end, [&](size_t at, size_t size) {
      if (f[at] != 2 || size != 4 || at + size > f.size()) return;
      const uint32_t mss = get16(f, at + 2);
      const uint32_t is = std::max(std::min(mss > less ? mss - less : 0, most), 88u);
      if (is < mss) set16(f, at + 2, is);
    });
  }
  if ((entry.toa && syn) || !entry.reverse)
    walk_options(f, options, end, [&](size_t at, size_t size) {
      if (f[at] == 254) std::fill(f.begin() + at, f.begin() + std::min(at + size, f.size()), 1);
    });
  set16(f, check_at,
        carry_over(get16(was, check_at), sum_without(was, l4, f.size(), check_at),
                   sum_without(f, l4, f.size(), check_at)));
}

/// Behind the base header, with every length and sum that covers it.
void ModelBalancer::insert_client(Bytes& f, size_t l4) {
  const bool v4 = is_v4(f);
  const size_t check_at = l4 + 16, source = v4 ? 26 : 22, length = v4 ? 4 : 16, size = 4 + length;
  const auto sum = [&] {
    const size_t end = std::min(f.size(), packet_end(f));
    return (sum_without(f, l4, end, check_at) + end - l4) % 65535;
  };
  const uint64_t before = sum(), ip_before = sum_without(f, 14, l4, 24);
  Bytes option = {254, static_cast<uint8_t>(size), f[l4], f[l4 + 1]};
  option.insert(option.end(), f.begin() + source, f.begin() + source + length);
  f.insert(f.begin() + l4 + 20, option.begin(), option.end());
  f[l4 + 12] += size / 4 << 4;
  set16(f, v4 ? 16 : 18, get16(f, v4 ? 16 : 18) + size);
  set16(f, check_at, carry_over(get16(f, check_at), before, sum()));
  if (v4) set16(f, 24, carry_over(get16(f, 24), ip_before, sum_without(f, 14, l4, 24)));
}

/// TCP's progress, as far as later packets' treatment and the counters hang on it.
void ModelBalancer::track(const Bytes& f, const ModelTuple& key, size_t l4) {
  const bool reverse = entries_.at(key).reverse;
  Entry& truth = entries_.at(reverse ? entries_.at(key).peer : key);
  const uint8_t flags = f[l4 + 13];
  const bool was_closed = truth.closed();
  if (!reverse && (flags & (kSyn | kAck | kRst | kFin)) == kSyn) {
    if (truth.fin_in || truth.fin_out || truth.rst) truth.spoken = truth.fin_in = truth.fin_out = truth.rst = false;
  } else {
    if (flags & kFin) (reverse ? truth.fin_out : truth.fin_in) = true;
    if (flags & kRst) truth.rst = true;
    if (reverse && packet_end(f) - l4 > (f[l4 + 12] >> 4) * 4u) truth.spoken = true;
  }
  if (truth.closed() && !was_closed) admission_.closed(truth.member, truth.listener);
  if (!truth.closed() && was_closed) admission_.opened(truth.member, truth.listener);
}

}  // namespace elb::test
