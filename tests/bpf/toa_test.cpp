// SPDX-License-Identifier: Apache-2.0
// Shows: CA-02, LB-10.
// CA-02: the client's address for the member, and who may not say it. LB-10: what a bucket lets pass at once.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

const Ethernet kEth{.dst = kOwnMac, .src = kClientMac};

Bytes from_client(TCP tcp, std::string_view payload = "", uint16_t port = kToa) {
  tcp.dport = port;
  return kEth / IPv4{.src = kClient, .dst = kVip} / tcp / payload;
}
/// The member's segment of the connection whose client segment came out as `out`.
Bytes from_member(const Bytes& out, TCP tcp, std::string_view payload = "") {
  tcp.sport = kMemberPort;
  tcp.dport = static_cast<uint16_t>(out.at(34) << 8 | out.at(35));
  return Ethernet{.dst = kOwnMac, .src = kMemberMac} /
         IPv4{.src = "10.0.0.11",
              .dst = Ipv4Address::from_host(uint32_t{out.at(26)} << 24 | out.at(27) << 16 | out.at(28) << 8 |
                                            out.at(29))} /
         tcp / payload;
}
Bytes options_of(const Bytes& frame) { return {frame.begin() + 54, frame.begin() + 34 + (frame.at(46) >> 4) * 4}; }
const Bytes kOption = {254, 8, 0x9c, 0x40, 203, 0, 113, 7};  // 203.0.113.7, port 40000

TEST(Toa, OnSegmentsWithAckUntilTheMemberSpeaks) {
  Testbed bed;
  const Bytes syn = bed.runner.run(from_client({.flags = kSyn})).frame;
  EXPECT_EQ(options_of(syn), Bytes{}) << "never on a SYN";
  bed.runner.run(from_member(syn, {.flags = kSyn | kAck}));
  for (const char* payload : {"", "data", "more data"}) {
    const Bytes out = bed.runner.run(from_client({.flags = kAck}, payload)).frame;
    EXPECT_EQ(options_of(out), kOption);
    EXPECT_TRUE(checksums_hold(out)) << describe(out);
    EXPECT_EQ(Bytes(out.begin() + 62, out.end()), Bytes(payload, payload + std::char_traits<char>::length(payload)));
  }
  bed.runner.run(from_member(syn, {.flags = kAck}));
  EXPECT_EQ(options_of(bed.runner.run(from_client({.flags = kAck})).frame), kOption) << "an ACK alone is no word";
  bed.runner.run(from_member(syn, {.flags = kAck}, "welcome"));
  EXPECT_EQ(options_of(bed.runner.run(from_client({.flags = kAck}, "x")).frame), Bytes{});
}

TEST(Toa, StandsBeforeOtherOptions) {
  Testbed bed;
  bed.runner.run(from_client({.flags = kSyn}));
  const Bytes stamp = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
  const Bytes out = bed.runner.run(from_client({.flags = kAck, .options = stamp}, "data")).frame;
  Bytes wanted = kOption;
  wanted.insert(wanted.end(), stamp.begin(), stamp.end());
  EXPECT_EQ(options_of(out), wanted);
  EXPECT_TRUE(checksums_hold(out));
}

TEST(Toa, WithoutRoomTheSegmentGoesWithout) {
  Testbed bed;
  bed.runner.run(from_client({.flags = kSyn}));
  const Bytes full(36, 1);
  const Bytes out = bed.runner.run(from_client({.flags = kAck, .options = full})).frame;
  EXPECT_EQ(options_of(out), full) << "14 words leave room for one";
  const Bytes large = bed.runner.run(from_client({.flags = kAck}, std::string(1453, 'x'))).frame;
  EXPECT_EQ(large.size(), 14u + 40 + 1453) << "one byte more than the link takes with the option";
  EXPECT_EQ(bed.runner.reason(ELB_REASON_TOA_NO_ROOM), 2u);
  EXPECT_EQ(bed.runner.run(from_client({.flags = kAck}, std::string(1452, 'x'))).frame.size(), 14u + 1500);
}

TEST(Toa, S6_ManyShortOptionsHideNoForgedOne) {
  Testbed bed;
  Bytes options;
  for (int i = 0; i < 16; i++) options.insert(options.end(), {254, 2});
  options.insert(options.end(), {254, 8, 1, 2, 10, 9, 8, 7});
  EXPECT_EQ(options_of(bed.runner.run(from_client({.flags = kSyn, .options = options})).frame), Bytes(40, 1));
}

TEST(Toa, MssLeavesRoom) {
  Testbed bed;
  const auto mss = [](uint16_t value) {
    return Bytes{2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  };
  const Bytes syn = bed.runner.run(from_client({.flags = kSyn, .options = mss(8960)})).frame;
  EXPECT_EQ(options_of(syn), mss(1460)) << "what the client's link takes";
  for (const auto& [was, is] : std::initializer_list<std::pair<uint16_t, uint16_t>>{
           {1460, 1452}, {8960, 1452}, {1400, 1392}, {536, 528}, {96, 88}, {90, 88}, {88, 88}, {40, 40}}) {
    const Bytes answer = bed.runner.run(from_member(syn, {.flags = kSyn | kAck, .options = mss(was)})).frame;
    EXPECT_EQ(options_of(answer), mss(is)) << was;
    EXPECT_TRUE(checksums_hold(answer));
  }
}

TEST(Toa, OfAClientIsNeutralisedOnEveryListener) {
  for (const uint16_t port : {kPlain, kToa}) {
    Testbed bed;
    Bytes lie = {254, 8, 1, 2, 9, 9, 9, 9, 254, 3, 7, 1};
    const Bytes syn = bed.runner.run(from_client({.flags = kSyn, .options = lie}, "", port)).frame;
    EXPECT_EQ(options_of(syn), Bytes(12, 1));
    EXPECT_TRUE(checksums_hold(syn));
    const Bytes out = bed.runner.run(from_client({.flags = kAck, .options = lie}, "data", port)).frame;
    Bytes wanted = port == kToa ? kOption : Bytes{};
    wanted.resize(wanted.size() + 12, 1);
    EXPECT_EQ(options_of(out), wanted);
    EXPECT_TRUE(checksums_hold(out));
  }
}

/// A bucket that earns next to nothing while the test runs: what passes is its burst, whatever CPUs took at once.
TEST(Bandwidth, BurstAndNoMore) {
  Testbed bed;
  constexpr uint32_t kBurst = 200000, kLength = 40 + 960;
  elb_policy policy{};
  policy.rate_vip = 1;
  bed.runner.set_policy(1, policy);
  bed.runner.run(from_client({.flags = kSyn}, "", kPlain));
  const Bytes data = from_client({.flags = kAck}, std::string(960, 'x'), kPlain);
  EXPECT_EQ(bed.runner.run(data).verdict, uint32_t{XDP_TX}) << "an index alone is no limit";
  elb_rate rate{};
  rate.per_jiffy = 1 << ELB_RATE_SHIFT;  // a byte
  rate.burst = kBurst;
  rate.quantum = 5000;
  bed.runner.set_rate(1, rate);
  bed.runner.set_rate(0, rate);
  uint32_t passed = 0;
  for (int i = 0; i < 400; i++) passed += bed.runner.run(data).verdict == XDP_TX;
  EXPECT_GE(passed, kBurst / kLength - 1);
  EXPECT_LE(passed, kBurst / kLength + 5) << "a byte a jiffy";
  EXPECT_EQ(bed.runner.reason(ELB_REASON_BANDWIDTH), 400 - passed);
  EXPECT_EQ(bed.runner.limited(1), 400 - passed);
  EXPECT_EQ(bed.runner.run(from_client({.sport = 1, .flags = kSyn}, "", kToa)).verdict, uint32_t{XDP_TX})
      << "another listener has no limit";
  bed.runner.set_rate(0, elb_rate{});
  EXPECT_EQ(bed.runner.run(data).verdict, uint32_t{XDP_TX}) << "no limit any more, the connection lives";
}

}  // namespace
}  // namespace elb::test
