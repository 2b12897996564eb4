// SPDX-License-Identifier: Apache-2.0
// The check of UDP members (HC-13): nobody confirms that a datagram was taken, so two questions take the place of one.
//
//   start          reply                           deadline
//     |--ICMP echo---|--datagram to the check port----|
//        no reply: failed    port unreachable: failed; an answer: healthy at once; silence: healthy
//
// Both share the check's timeout, so a silent healthy member takes all of it; what is shown as its latency is that of
// the echo. The datagram is sent once: a member that has just answered an echo is near enough.
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "health/prober.h"
#include "health/reason.h"
#include "io/datagram.h"

namespace elb::health {
namespace {

constexpr std::string_view kQuestion = "elb-health-check\n";

}  // namespace

void Prober::start_echo(Check& check) {
  const IpAddress& member = check.target.endpoint.address;
  io::DatagramSocket made = io::ping_socket(sources_.towards(member), member);
  if (made.error != 0) return finish(check, made.error);
  UdpCheck& udp = check.udp.emplace();
  udp.echo.sequence = static_cast<uint16_t>(random_.next());
  for (size_t at = 0; at < udp.echo.token.size(); at += sizeof(uint64_t)) {
    const uint64_t bits = random_.next();
    std::memcpy(&udp.echo.token[at], &bits, sizeof bits);
  }
  if (!watch(check, std::move(made.fd), EPOLLIN)) return;
  arm_deadline(check);
  if (const int error = io::send_echo(check.fd.get(), member, udp.echo); error != 0) finish(check, error);
}

void Prober::read_udp(Check& check) {
  if (check.udp->answered) return read_datagram(check);
  int error = 0;
  switch (io::read_echo(check.fd.get(), check.target.endpoint.address, check.udp->echo, error)) {
    case io::EchoAnswer::kNothing:
      return;
    case io::EchoAnswer::kError:
      return finish(check, error);
    case io::EchoAnswer::kReply:
      return ask_port(check);
  }
}

void Prober::ask_port(Check& check) {
  check.udp->answered = clock_.steady();
  io::DatagramSocket made = io::udp_connect(sources_.towards(check.target.endpoint.address), check.target.endpoint);
  if (made.error != 0) return finish(check, made.error);
  loop_.remove(check.fd.get());
  --in_flight_;
  if (!watch(check, std::move(made.fd), EPOLLIN)) return;
  if (::send(check.fd.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) < 0) finish(check, errno);
}

void Prober::read_datagram(Check& check) {
  std::array<char, 16> answer;
  ssize_t got = 0;
  do got = ::recv(check.fd.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got >= 0) return finish(check, 0);
  if (errno == EAGAIN) return;
  if (errno != ECONNREFUSED) return finish(check, errno);
  finish(check, 0, "UDP port closed: the member answered with ICMP port unreachable");
}

/// What waits in the queue still counts, as for other checks.
void Prober::expire_udp(Check& check) {
  const bool echoed = check.udp->answered.has_value();
  read_udp(check);
  if (!check.fd || check.udp->answered.has_value() != echoed) return;  // it ended, or the port is asked only now
  if (echoed) return finish(check, 0);
  finish(check, 0, "no reply to ICMP echo, " + describe(ETIMEDOUT, check.target.timeout));
}

}  // namespace elb::health
