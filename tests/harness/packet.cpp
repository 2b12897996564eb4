// SPDX-License-Identifier: Apache-2.0
#include "harness/packet.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace elb::test {
namespace {

void put16(Bytes& out, uint16_t value) {
  out.push_back(value >> 8);
  out.push_back(value & 0xff);
}
void put32(Bytes& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void set16(Bytes& out, size_t at, uint16_t value) {
  out[at] = value >> 8;
  out[at + 1] = value & 0xff;
}
void append(Bytes& out, std::span<const uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void put_mac(Bytes& out, const MacAddress& mac) { append(out, mac.bytes); }
void put_addr(Bytes& out, Ipv4Address addr) { put32(out, ntohl(addr.be)); }

uint16_t get16(std::span<const uint8_t> in, size_t at) { return in[at] << 8 | in[at + 1]; }

uint32_t pseudo_sum(std::span<const uint8_t> ip, uint8_t protocol, size_t length) {
  return ones_sum(ip.subspan(12, 8)) + protocol + static_cast<uint32_t>(length);
}

/// What the sums of the inner layers need of the header around them.
struct Outer {
  const IPv4* v4 = nullptr;
  const IPv6* v6 = nullptr;
  uint32_t sum() const {
    Bytes pseudo;
    if (v4) {
      put_addr(pseudo, v4->src);
      put_addr(pseudo, v4->dst);
    }
    if (v6) {
      append(pseudo, v6->src.bytes);
      append(pseudo, v6->dst.bytes);
    }
    return ones_sum(pseudo);
  }
  bool any() const { return v4 || v6; }
};

uint8_t protocol_of(const Layer* next) {
  if (next && std::holds_alternative<ICMPv6>(*next)) return 58;
  if (next && std::holds_alternative<TCP>(*next)) return 6;
  if (next && std::holds_alternative<UDP>(*next)) return 17;
  return 1;
}

uint16_t type_of(const Layer* next) {
  if (next && std::holds_alternative<Arp>(*next)) return 0x0806;
  if (next && std::holds_alternative<Vlan>(*next)) return std::get<Vlan>(*next).service ? 0x88a8 : 0x8100;
  if (next && std::holds_alternative<IPv6>(*next)) return 0x86dd;
  return 0x0800;
}

/// Builds the layers from `index` on; checksums of the inner ones need the addresses of the outer one.
struct Builder {
  const std::vector<Layer>& layers;
  Bytes build(size_t index, Outer outer) const {
    if (index == layers.size()) return {};
    return std::visit([&](const auto& layer) { return one(layer, index, outer); }, layers[index]);
  }
  const Layer* next(size_t index) const { return index + 1 < layers.size() ? &layers[index + 1] : nullptr; }

  Bytes one(const Ethernet& eth, size_t index, Outer) const {
    Bytes out;
    put_mac(out, eth.dst);
    put_mac(out, eth.src);
    put16(out, eth.type.value_or(type_of(next(index))));
    append(out, build(index + 1, {}));
    return out;
  }
  Bytes one(const Vlan& tag, size_t index, Outer) const {
    Bytes out;
    put16(out, tag.priority << 13 | tag.id);
    put16(out, type_of(next(index)));
    append(out, build(index + 1, {}));
    return out;
  }
  Bytes one(const Arp& arp, size_t index, Outer) const {
    Bytes out;
    put16(out, arp.hardware);
    put16(out, 0x0800);
    out.push_back(6);
    out.push_back(4);
    put16(out, arp.op);
    put_mac(out, arp.sender_mac);
    put_addr(out, arp.sender);
    put_mac(out, arp.target_mac);
    put_addr(out, arp.target);
    append(out, build(index + 1, {}));
    return out;
  }
  Bytes one(const IPv4& ip, size_t index, Outer) const {
    const Bytes inner = build(index + 1, {&ip, nullptr});
    const size_t header = 20 + ip.options.size();
    Bytes out;
    out.push_back(ip.version_ihl.value_or(0x40 | header / 4));
    out.push_back(ip.tos);
    put16(out, ip.total_length.value_or(header + inner.size()));
    put16(out, ip.id);
    put16(out, ip.frag);
    out.push_back(ip.ttl);
    out.push_back(ip.protocol.value_or(protocol_of(next(index))));
    put16(out, 0);
    put_addr(out, ip.src);
    put_addr(out, ip.dst);
    append(out, ip.options);
    set16(out, 10, ip.check.value_or(fold_checksum(ones_sum(out))));
    append(out, inner);
    return out;
  }
  Bytes one(const TCP& tcp, size_t index, Outer outer) const {
    Bytes out;
    put16(out, tcp.sport);
    put16(out, tcp.dport);
    put32(out, tcp.seq);
    put32(out, tcp.ack);
    out.push_back(tcp.doff.value_or(5 + tcp.options.size() / 4) << 4);
    out.push_back(tcp.flags);
    put16(out, tcp.window);
    put32(out, 0);  // checksum, urgent pointer
    append(out, tcp.options);
    append(out, build(index + 1, {}));
    set16(out, 16, tcp.check.value_or(l4_check(out, outer, 6)));
    return out;
  }
  Bytes one(const UDP& udp, size_t index, Outer outer) const {
    Bytes out;
    put16(out, udp.sport);
    put16(out, udp.dport);
    put32(out, 0);
    append(out, build(index + 1, {}));
    set16(out, 4, udp.length.value_or(out.size()));
    const uint16_t check = l4_check(out, outer, 17);
    set16(out, 6, udp.check.value_or(check ? check : 0xffff));
    return out;
  }
  Bytes one(const ICMP& icmp, size_t index, Outer) const {
    Bytes out{icmp.type, icmp.code, 0, 0, 0, 1, 0, 1};
    if (icmp.mtu) out[5] = 0, set16(out, 6, *icmp.mtu);
    append(out, build(index + 1, {}));
    set16(out, 2, fold_checksum(ones_sum(out)));
    return out;
  }
  Bytes one(const Payload& payload, size_t index, Outer) const {
    Bytes out = payload.bytes;
    append(out, build(index + 1, {}));
    return out;
  }
  Bytes one(const IPv6& ip, size_t index, Outer) const {
    const Bytes inner = build(index + 1, {nullptr, &ip});
    Bytes out;
    put32(out, uint32_t{ip.version.value_or(6)} << 28 | uint32_t{ip.traffic_class} << 20 | ip.flow_label);
    put16(out, ip.payload_length.value_or(ip.extensions.size() + inner.size()));
    out.push_back(ip.next.value_or(ip.protocol.value_or(protocol_of(next(index)))));
    out.push_back(ip.hop_limit);
    append(out, ip.src.bytes);
    append(out, ip.dst.bytes);
    append(out, ip.extensions);
    append(out, inner);
    return out;
  }
  Bytes one(const ICMPv6& icmp, size_t index, Outer outer) const {
    Bytes out{icmp.type, icmp.code, 0, 0};
    put32(out, icmp.word);
    append(out, build(index + 1, {}));
    set16(out, 2, icmp.check.value_or(l4_check(out, outer, 58)));
    return out;
  }
  static uint16_t l4_check(const Bytes& l4, Outer outer, uint8_t protocol) {
    if (!outer.any()) return 0;
    return fold_checksum(ones_sum(l4, outer.sum() + protocol + static_cast<uint32_t>(l4.size())));
  }
};

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (uint8_t b : bytes) out += fmt::format("{:02x}", b);
  return out;
}
std::string mac_text(std::span<const uint8_t> m) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", m[0], m[1], m[2], m[3], m[4], m[5]);
}
std::string addr_text(std::span<const uint8_t> a) { return fmt::format("{}.{}.{}.{}", a[0], a[1], a[2], a[3]); }
const char* bad(bool holds) { return holds ? "" : " bad"; }

/// The IP packet within a frame, cut to its total length; empty if it does not parse.
std::span<const uint8_t> ip_of(std::span<const uint8_t> frame) {
  if (frame.size() < 34 || get16(frame, 12) != 0x0800) return {};
  auto ip = frame.subspan(14);
  const size_t length = get16(ip, 2), header = (ip[0] & 15) * 4u;
  if (ip[0] >> 4 != 4 || header < 20 || length < header || length > ip.size()) return {};
  return ip.first(length);
}

bool l4_holds(std::span<const uint8_t> ip) {
  const auto l4 = ip.subspan((ip[0] & 15) * 4u);
  if (ip[9] == 17 && l4.size() >= 8 && get16(l4, 6) == 0) return true;
  return fold_checksum(ones_sum(l4, pseudo_sum(ip, ip[9], l4.size()))) == 0;
}

/// The IPv6 packet within a frame, cut to its length; empty if it does not parse.
std::span<const uint8_t> ip6_of(std::span<const uint8_t> frame) {
  if (frame.size() < 54 || get16(frame, 12) != 0x86dd || frame[14] >> 4 != 6) return {};
  const size_t length = 40u + get16(frame, 18);
  return length + 14 > frame.size() ? std::span<const uint8_t>{} : frame.subspan(14, length);
}

/// Without extension headers.
bool l4_holds6(std::span<const uint8_t> ip) {
  const auto l4 = ip.subspan(40);
  return fold_checksum(ones_sum(l4, ones_sum(ip.subspan(8, 32)) + ip[6] + static_cast<uint32_t>(l4.size()))) == 0;
}

std::string addr6_text(std::span<const uint8_t> a) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, a.data(), text, sizeof text);
}

std::string l4_text(std::span<const uint8_t> l4, uint8_t protocol, bool holds) {
  if (protocol == 6 && l4.size() >= 20)
    return fmt::format(" TCP {} > {} flags {:02x} seq {} check {:04x}{} rest {}", get16(l4, 0), get16(l4, 2), l4[13],
                       get16(l4, 4) << 16 | get16(l4, 6), get16(l4, 16), bad(holds), hex(l4.subspan(18)));
  if (protocol == 17 && l4.size() >= 8)
    return fmt::format(" UDP {} > {} length {} check {:04x}{} rest {}", get16(l4, 0), get16(l4, 2), get16(l4, 4),
                       get16(l4, 6), bad(holds), hex(l4.subspan(8)));
  return fmt::format(" protocol {} {}{}", protocol, hex(l4), protocol == 58 ? bad(holds) : "");
}

std::string describe6(std::span<const uint8_t> ip) {
  return fmt::format(" IPv6 {} > {} hops {} class/label {:08x} len {}", addr6_text(ip.subspan(8)),
                     addr6_text(ip.subspan(24)), ip[7], get16(ip, 0) << 16 | get16(ip, 2), ip.size()) +
         l4_text(ip.subspan(40), ip[6], l4_holds6(ip));
}

}  // namespace

MacAddress::MacAddress(const char* text) {
  if (std::sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4],
                  &bytes[5]) != 6)
    std::abort();
}
Ipv4Address::Ipv4Address(const char* text) {
  if (inet_pton(AF_INET, text, &be) != 1) std::abort();
}
Ipv6Address::Ipv6Address(const char* text) {
  if (inet_pton(AF_INET6, text, bytes.data()) != 1) std::abort();
}
Ipv4Address Ipv4Address::from_be(uint32_t network_order) {
  Ipv4Address addr;
  addr.be = network_order;
  return addr;
}
Ipv4Address Ipv4Address::from_host(uint32_t host_order) { return from_be(htonl(host_order)); }

uint32_t ones_sum(std::span<const uint8_t> bytes, uint32_t start) {
  uint32_t sum = start;
  for (size_t i = 0; i < bytes.size(); i += 2) sum += bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0);
  return sum;
}
uint16_t fold_checksum(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

Bytes Packet::build() const { return Builder{layers_}.build(0, {}); }

Packet operator/(Ethernet first, Layer next) { return Packet(first) / std::move(next); }
Packet operator/(Packet packet, Layer next) {
  packet.add(std::move(next));
  return packet;
}
Packet operator/(Packet packet, std::string_view payload) {
  packet.add(Payload{Bytes(payload.begin(), payload.end())});
  return packet;
}
Packet operator/(Packet packet, const char* payload) { return std::move(packet) / std::string_view(payload); }

bool checksums_hold(std::span<const uint8_t> frame) {
  if (const auto ip = ip6_of(frame); !ip.empty()) return l4_holds6(ip);
  const auto ip = ip_of(frame);
  if (ip.empty()) return false;
  return fold_checksum(ones_sum(ip.first((ip[0] & 15) * 4u))) == 0 && l4_holds(ip);
}

std::string describe(std::span<const uint8_t> frame) {
  if (frame.size() < 14) return "short " + hex(frame);
  std::string out = mac_text(frame.subspan(6)) + " > " + mac_text(frame);
  if (const auto ip = ip6_of(frame); !ip.empty()) return out + describe6(ip);
  const auto ip = ip_of(frame);
  if (ip.empty()) return out + " " + hex(frame.subspan(12));
  const size_t header = (ip[0] & 15) * 4u;
  out +=
      fmt::format(" IPv4 {} > {} ttl {} id {} frag {:x} len {}{}", addr_text(ip.subspan(12)), addr_text(ip.subspan(16)),
                  ip[8], get16(ip, 4), get16(ip, 6), ip.size(), bad(fold_checksum(ones_sum(ip.first(header))) == 0));
  const auto l4 = ip.subspan(header);
  return out + l4_text(l4, ip[9], l4_holds(ip));
}

}  // namespace elb::test
