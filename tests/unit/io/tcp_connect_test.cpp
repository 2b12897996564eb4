// SPDX-License-Identifier: Apache-2.0
#include "io/tcp_connect.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "harness/loopback.h"
#include "harness/manual_clock.h"
#include "io/event_loop.h"

namespace elb::io {
namespace {

const IpAddress kSource = *IpAddress::parse("127.0.0.9");

/// Waits (real time) for the attempt to end; EINPROGRESS when it does not within `wait`.
int outcome(const TcpAttempt& attempt, std::chrono::milliseconds wait = std::chrono::milliseconds(2000)) {
  if (attempt.error != EINPROGRESS) return attempt.error;
  test::ManualClock clock;
  EventLoop loop(clock);
  int error = EINPROGRESS;
  EXPECT_TRUE(loop.add(attempt.fd.get(), EPOLLOUT, [&](uint32_t) { error = connect_error(attempt.fd.get()); }));
  loop.run_once(wait);
  EXPECT_EQ(connect_pending(attempt.fd.get()), error == EINPROGRESS);
  return error;
}

TEST(TcpConnect, ConnectsFromTheGivenSource) {
  test::LoopbackMember member;
  const TcpAttempt attempt = tcp_connect(kSource, member.endpoint());
  ASSERT_EQ(outcome(attempt), 0);
  EXPECT_EQ(member.accept_one().address, kSource);
}

TEST(TcpConnect, TellsWhyItFailed) {
  test::LoopbackMember member;
  member.close();
  EXPECT_EQ(outcome(tcp_connect(kSource, member.endpoint())), ECONNREFUSED);
  EXPECT_EQ(outcome(tcp_connect(*IpAddress::parse("192.0.2.1"), member.endpoint())), EADDRNOTAVAIL);
  EXPECT_EQ(outcome(tcp_connect(*IpAddress::parse("::1"), member.endpoint())), EAFNOSUPPORT);
}

TEST(TcpConnect, StaysPendingWhileNobodyAnswers) {
  test::LoopbackMember member;
  member.stop_answering();
  EXPECT_EQ(outcome(tcp_connect(kSource, member.endpoint()), std::chrono::milliseconds(50)), EINPROGRESS);
}

TEST(TcpConnect, ConnectsOverIpv6) {
  const Fd listener(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_addr = in6addr_loopback;
  socklen_t length = sizeof name;
  if (!listener || bind(listener.get(), reinterpret_cast<sockaddr*>(&name), length) != 0)
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  ASSERT_EQ(listen(listener.get(), 1), 0);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &length), 0);
  const IpAddress loopback = *IpAddress::parse("::1");
  EXPECT_EQ(outcome(tcp_connect(loopback, {loopback, ntohs(name.sin6_port)})), 0);
}

}  // namespace
}  // namespace elb::io
