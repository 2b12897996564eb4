// SPDX-License-Identifier: Apache-2.0
#include "toa/tun_peer.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "elb/toa.h"
#include "toa/means.h"

namespace elb::test {
namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "toa_harness: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(2);
}

Ipv4Address v4(const IpAddress& address) { return Ipv4Address::from_be(address.v4_be()); }
Ipv6Address v6(const IpAddress& address) {
  Ipv6Address result;
  result.bytes = address.bytes();
  return result;
}
IpAddress parse(const char* text) { return *IpAddress::parse(text); }

/// Options are given to the byte; a header has them in words.
Bytes padded(Bytes options) {
  while (options.size() % 4) options.push_back(ELB_OPTION_NOP);
  return options;
}

uint32_t load32(const uint8_t* at) { return uint32_t{at[0]} << 24 | at[1] << 16 | at[2] << 8 | at[3]; }

}  // namespace

Bytes toa_option(const Endpoint& client) {
  const size_t size = client.address.is_v4() ? ELB_TOA_SIZE : ELB_TOA_SIZE6;
  Bytes option(size);
  option[0] = ELB_OPTION_TOA;
  option[1] = static_cast<uint8_t>(size);
  option[ELB_TOA_PORT] = static_cast<uint8_t>(client.port >> 8);
  option[ELB_TOA_PORT + 1] = static_cast<uint8_t>(client.port);
  std::copy_n(client.address.bytes().begin(), size - ELB_TOA_ADDRESS, option.begin() + ELB_TOA_ADDRESS);
  return option;
}

Endpoint endpoint(const char* address, unsigned port) { return {parse(address), static_cast<uint16_t>(port)}; }

TunPeer::TunPeer() : tun_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
  if (!tun_) die("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "toa0");
  if (ioctl(tun_.get(), TUNSETIFF, &request)) die("TUNSETIFF");
  const Outcome outcome = shell(
      "ip link set lo up && ip addr add 10.99.0.1/32 dev toa0 && ip -6 addr add fd99::1/128 dev toa0 nodad && ip link "
      "set toa0 up && "
      "ip route add default dev toa0 && ip -6 route add default dev toa0");
  if (outcome.status) die(outcome.output);
  // softirq on the other CPU than the application's, as on a network card with several queues
  shell("echo 3 > /sys/class/net/toa0/queues/rx-0/rps_cpus");
}

void TunPeer::send(Connection& connection, uint8_t flags, const Bytes& options, const Bytes& payload) {
  const TCP tcp{.sport = connection.from.port,
                .dport = connection.to_port,
                .seq = connection.seq,
                .ack = connection.ack,
                .flags = flags,
                .options = padded(options)};
  const Bytes frame =
      connection.from.address.is_v4()
          ? Bytes(Ethernet{} / IPv4{.src = v4(connection.from.address), .dst = kMember} / tcp / Payload{payload})
          : Bytes(Ethernet{} / IPv6{.src = v6(connection.from.address), .dst = kMember6} / tcp / Payload{payload});
  constexpr size_t kEthernet = 14;
  if (write(tun_.get(), frame.data() + kEthernet, frame.size() - kEthernet) < 0) die("write to the TUN device");
  connection.seq += static_cast<uint32_t>(payload.size()) + (flags & kSyn ? 1 : 0);
}

std::optional<TunPeer::Heard> TunPeer::hear(const Connection& connection, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
  uint8_t bytes[2048];
  while (Clock::now() < until) {
    pollfd ready{tun_.get(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (poll(&ready, 1, static_cast<int>(left) + 1) <= 0) continue;
    const ssize_t got = read(tun_.get(), bytes, sizeof bytes);
    const bool is_v4 = bytes[0] >> 4 == 4;
    const ssize_t header = is_v4 ? (bytes[0] & 15) * 4 : 40;
    if (got < header + 20 || is_v4 != connection.from.address.is_v4() || bytes[is_v4 ? 9 : 6] != IPPROTO_TCP) continue;
    const uint8_t* to = bytes + (is_v4 ? 16 : 24);
    const uint8_t* tcp = bytes + header;
    if (!std::equal(to, to + (is_v4 ? 4 : 16), connection.from.address.bytes().begin()) ||
        (tcp[2] << 8 | tcp[3]) != connection.from.port)
      continue;
    return Heard{load32(tcp + 4), tcp[13], Bytes(tcp + (tcp[12] >> 4) * 4, static_cast<const uint8_t*>(bytes) + got)};
  }
  return std::nullopt;
}

std::optional<Connection> TunPeer::open(const Opening& opening) {
  const Bytes mss = {2, 4, 5, 0xb4};
  Connection connection{.from = opening.from, .to_port = opening.to_port, .seq = next_seq_ += 0x10001};
  Bytes first = mss;
  if (opening.on_syn) first.insert(first.end(), opening.option.begin(), opening.option.end());
  send(connection, kSyn, first);
  const auto answer = hear(connection, 3000);
  if (!answer || (answer->flags & (kSyn | kAck | kRst)) != (kSyn | kAck)) return std::nullopt;
  connection.ack = answer->seq + 1;
  if (!opening.ack_lost) send(connection, kAck, opening.on_ack ? opening.option : Bytes{});
  if (opening.on_data || opening.ack_lost)
    send(connection, kAck | kPsh, opening.on_data ? opening.option : Bytes{}, {'x'});
  return connection;
}

std::optional<Bytes> TunPeer::receive(Connection& connection, int timeout_ms) {
  while (const auto heard = hear(connection, timeout_ms)) {
    if (heard->payload.empty() || heard->seq != connection.ack) continue;
    connection.ack += static_cast<uint32_t>(heard->payload.size());
    send(connection, kAck);
    return heard->payload;
  }
  return std::nullopt;
}

TunPeer& peer() {
  static TunPeer instance;
  return instance;
}

Endpoint next_local(const char* address) {
  static uint16_t port = 20000;
  port = port == 60000 ? 20000 : static_cast<uint16_t>(port + 1);
  return {parse(address), port};
}

}  // namespace elb::test
