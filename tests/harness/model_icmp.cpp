// SPDX-License-Identifier: Apache-2.0
// ModelBalancer: ICMP of IPv4.
#include <linux/bpf.h>

#include "harness/model_bytes.h"

namespace elb::test {

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

ModelVerdict ModelBalancer::icmp_unknown(const Arrival& at, const ModelTuple& quoted) {
  const auto listener = config_.listeners.find({quoted.dest, quoted.dport, quoted.proto});
  const bool proxys =
      quoted.proto == kTcp && listener != config_.listeners.end() && config_.proxied.contains(listener->second);
  return leave(at, proxys ? ELB_REASON_PASS_PROXY : ELB_REASON_ICMP_STRAY);
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
  if (known == entries_.end()) return inner_header == kIp ? icmp_unknown(at, reply) : leave(at, ELB_REASON_ICMP_STRAY);
  const Entry& entry = known->second;
  if (!entry.becomes.is_v4()) return icmp_error46(at, entry, header);
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
  set32(a, inner + 12, to.dest.v4());
  set32(a, inner + 16, to.source.v4());
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
  set32(a, 26, to.source.v4());
  set32(a, 30, to.dest.v4());
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
  set16(a, 16, 96 + config_.message_tail);
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
  a.resize(a.size() + config_.message_tail);
  answer.frame = a;
  return answer;
}

}  // namespace elb::test
