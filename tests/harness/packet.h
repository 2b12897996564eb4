// SPDX-License-Identifier: Apache-2.0
// Packets for tests, composed as they are read: Ethernet{} / IPv4{.dst = "10.0.0.1"} / TCP{.dport = 80} / "payload".
// Lengths, protocol numbers and checksums are computed unless a field of that name is given, which is how broken
// packets are made. describe() is for messages of failed comparisons. Thread rule: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace elb::test {

using Bytes = std::vector<uint8_t>;

struct MacAddress {
  uint8_t bytes[6] = {};
  MacAddress() = default;
  MacAddress(const char* text);  // NOLINT: "02:00:00:00:00:01", aborts on anything else
  bool operator==(const MacAddress&) const = default;
};

struct Ipv4Address {
  uint32_t be = 0;  // network order
  Ipv4Address() = default;
  Ipv4Address(const char* text);  // NOLINT: dotted quad, aborts on anything else
  static Ipv4Address from_be(uint32_t network_order);
  static Ipv4Address from_host(uint32_t host_order);
};

struct Ipv6Address {
  std::array<uint8_t, 16> bytes{};
  Ipv6Address() = default;
  Ipv6Address(const char* text);  // NOLINT: RFC 4291 text, aborts on anything else
  auto operator<=>(const Ipv6Address&) const = default;
};

inline constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;

struct Ethernet {
  MacAddress dst = "02:00:00:00:00:01";
  MacAddress src = "02:00:00:00:00:02";
  std::optional<uint16_t> type{};  // host order
};
struct Vlan {  // 802.1Q or 802.1ad, behind Ethernet or another tag
  uint16_t id = 1;
  bool service = false;  // 802.1ad
  uint8_t priority = 0;
};
struct Arp {
  uint16_t op = 1;
  MacAddress sender_mac = "02:00:00:00:00:02";
  Ipv4Address sender = "10.0.0.2";
  MacAddress target_mac;
  Ipv4Address target = "10.0.0.1";
  uint16_t hardware = 1;
};
struct IPv4 {
  Ipv4Address src = "10.0.0.2";
  Ipv4Address dst = "10.0.0.1";
  uint8_t ttl = 64;
  uint8_t tos = 0;
  uint16_t id = 1;
  uint16_t frag = 0x4000;  // flags and offset, host order: DF
  Bytes options;           // a multiple of four
  std::optional<uint8_t> version_ihl;
  std::optional<uint8_t> protocol;
  std::optional<uint16_t> total_length;
  std::optional<uint16_t> check;
};
struct IPv6 {
  Ipv6Address src = "2001:db8:1::2";
  Ipv6Address dst = "2001:db8::1";
  uint8_t hop_limit = 64;
  uint8_t traffic_class = 0;
  uint32_t flow_label = 0;
  Bytes extensions;                 // whole headers, each with its successor's number in its first byte
  std::optional<uint8_t> version;   // 4 bits
  std::optional<uint8_t> next;      // of the fixed header; the first extension's number if there are any
  std::optional<uint8_t> protocol;  // behind the extensions, in the checksums' pseudo header
  std::optional<uint16_t> payload_length;
};
struct TCP {
  uint16_t sport = 40000;
  uint16_t dport = 80;
  uint32_t seq = 1;
  uint32_t ack = 0;
  uint8_t flags = kAck;
  uint16_t window = 64240;
  Bytes options;  // a multiple of four
  std::optional<uint8_t> doff;
  std::optional<uint16_t> check;
};
struct UDP {
  uint16_t sport = 40000;
  uint16_t dport = 53;
  std::optional<uint16_t> length;
  std::optional<uint16_t> check;
};
struct ICMP {
  uint8_t type = 8;
  uint8_t code = 0;
  std::optional<uint16_t> mtu;  // of "fragmentation needed"
};
struct ICMPv6 {
  uint8_t type = 128;
  uint8_t code = 0;
  uint32_t word = 0x00010001;  // identifier and sequence, MTU, flags
  std::optional<uint16_t> check;
};
struct Payload {
  Bytes bytes;
};

using Layer = std::variant<Ethernet, Vlan, Arp, IPv4, IPv6, TCP, UDP, ICMP, ICMPv6, Payload>;

class Packet {
 public:
  explicit Packet(Layer first) : layers_{std::move(first)} {}
  void add(Layer layer) { layers_.push_back(std::move(layer)); }
  Bytes build() const;
  operator Bytes() const { return build(); }  // NOLINT: a packet is its bytes

 private:
  std::vector<Layer> layers_;
};

Packet operator/(Ethernet first, Layer next);
Packet operator/(Packet packet, Layer next);
Packet operator/(Packet packet, std::string_view payload);
Packet operator/(Packet packet, const char* payload);

/// One's complement sum of 16-bit big-endian words, not inverted (RFC 1071).
uint32_t ones_sum(std::span<const uint8_t> bytes, uint32_t start = 0);
uint16_t fold_checksum(uint32_t sum);  // folded and inverted

/// One line a human can compare, with "bad" beside a checksum that does not hold; ends in hex if it does not parse.
std::string describe(std::span<const uint8_t> frame);
/// Checksums of the IP header and of TCP or UDP hold (UDP may have none). False if it does not parse that far.
bool checksums_hold(std::span<const uint8_t> frame);

}  // namespace elb::test
