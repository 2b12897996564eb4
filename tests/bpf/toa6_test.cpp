// SPDX-License-Identifier: Apache-2.0
// Shows: CA-02.
// CA-02 for IPv6 clients: their address for members of either family (kind 254, 20 bytes), and who may not say it.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/world6.h"

namespace elb::test {
namespace {

constexpr size_t kTcp6 = 54, kTcp4 = 34;

Bytes options_of(const Bytes& frame) {
  const size_t tcp = frame.at(12) == 0x86 ? kTcp6 : kTcp4;
  const auto begin = frame.begin() + static_cast<ptrdiff_t>(tcp);
  return {begin + 20, begin + (frame.at(tcp + 12) >> 4) * 4};
}
Bytes mss(uint16_t value) { return {2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
Bytes client_option() {
  Bytes option = {254, 20, 0x9c, 0x40};  // port 40000
  const Ipv6Address client(kClient6);
  option.insert(option.end(), client.bytes.begin(), client.bytes.end());
  return option;
}

/// A listener that hands over the client's address, with an IPv6 member or an IPv4 one.
class Toa6 : public testing::TestWithParam<World6> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(bed.runner.ok());
    syn = from_client({.flags = kSyn});
  }
  Bytes from_client(TCP tcp, std::string_view payload = "", Bytes extensions = {}) {
    tcp.dport = GetParam();
    IPv6 ip{.src = kClient6, .dst = kVip6, .extensions = std::move(extensions)};
    if (!ip.extensions.empty()) ip.next = 60;
    const Bytes frame = kFromClient / ip / tcp / payload;
    return bed.runner.run(frame).frame;
  }
  Bytes from_member(TCP tcp, std::string_view payload = "") {
    tcp.sport = kMemberPort;
    Packet packet(kFromMember);
    if (GetParam() == kToaSix) {
      const Local6 local = source6_of(syn);
      packet.add(IPv6{.src = kMember6, .dst = local.addr});
      tcp.dport = local.port;
    } else {
      const Local4 local = source4_of(syn);
      packet.add(IPv4{.src = kMember4, .dst = local.addr});
      tcp.dport = local.port;
    }
    packet.add(tcp);
    const Bytes frame = std::move(packet) / payload;
    return bed.runner.run(frame).frame;
  }
  Testbed bed{options6(Hook::kXdp), world6()};
  Bytes syn;
};

INSTANTIATE_TEST_SUITE_P(Members, Toa6, testing::Values(kToaSix, kToaFour),
                         [](const auto& of) { return of.param == kToaSix ? "IPv6" : "IPv4"; });

TEST_P(Toa6, OnSegmentsWithAckUntilTheMemberSpeaks) {
  EXPECT_EQ(options_of(syn), Bytes{}) << "never on a SYN";
  from_member({.flags = kSyn | kAck});
  for (const char* payload : {"", "data", "more data"}) {
    const Bytes out = from_client({.flags = kAck}, payload);
    EXPECT_EQ(options_of(out), client_option());
    EXPECT_TRUE(checksums_hold(out)) << describe(out);
    EXPECT_EQ(std::string(out.end() - static_cast<ptrdiff_t>(std::string_view(payload).size()), out.end()), payload);
  }
  from_member({.flags = kAck});
  EXPECT_EQ(options_of(from_client({.flags = kAck})), client_option()) << "an ACK alone is no word";
  from_member({.flags = kAck}, "welcome");
  EXPECT_EQ(options_of(from_client({.flags = kAck}, "x")), Bytes{});
}

TEST_P(Toa6, WithoutRoomTheSegmentGoesWithout) {
  const Bytes full(24, 1);
  EXPECT_EQ(options_of(from_client({.flags = kAck, .options = full})), full) << "11 words leave room for 4, not 5";
  const size_t headers = GetParam() == kToaSix ? 60 : 40;
  const std::string fits(1500 - headers - 20, 'x');
  EXPECT_EQ(options_of(from_client({.flags = kAck}, fits)).size(), 20u);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_TOA_NO_ROOM), 1u);
  EXPECT_EQ(options_of(from_client({.flags = kAck}, fits + "x")), Bytes{}) << "of the member's link";
  EXPECT_EQ(bed.runner.reason(ELB_REASON_TOA_NO_ROOM), 2u);
}

TEST_P(Toa6, MssLeavesRoom) {
  const Bytes out = from_client({.sport = 2, .flags = kSyn, .options = mss(8940)});
  EXPECT_EQ(options_of(out), mss(1440)) << "what the client's link takes";
  EXPECT_TRUE(checksums_hold(out));
  const uint16_t most = GetParam() == kToaSix ? 1420 : 1440;  // what the member's link takes with the option
  for (const auto& [was, is] :
       std::initializer_list<std::pair<uint16_t, uint16_t>>{{8940, most}, {1400, 1380}, {100, 88}, {40, 40}}) {
    const Bytes answer = from_member({.flags = kSyn | kAck, .options = mss(was)});
    EXPECT_EQ(options_of(answer), mss(is)) << was;
    EXPECT_TRUE(checksums_hold(answer)) << describe(answer);
  }
}

/// Also behind extension headers, however long they are.
TEST_P(Toa6, OfAClientIsNeutralised) {
  const Bytes lie = {254, 20, 1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
  EXPECT_EQ(options_of(from_client({.sport = 3, .flags = kSyn, .options = lie})), Bytes(20, 1));
  Bytes wanted = client_option();
  wanted.resize(40, 1);
  const Bytes out = from_client({.flags = kAck, .options = lie}, "data");
  EXPECT_EQ(options_of(out), wanted);
  EXPECT_TRUE(checksums_hold(out)) << describe(out);
  for (const size_t size : {8, 16, 24, 128, 208}) {
    Bytes extension(size, 0);
    extension[0] = 6;
    extension[1] = static_cast<uint8_t>(size / 8 - 1);
    Bytes far = from_client({.flags = kAck, .options = lie}, "data", extension);
    if (GetParam() == kToaSix) {
      far[20] = 6;
      far.erase(far.begin() + kTcp6, far.begin() + kTcp6 + static_cast<ptrdiff_t>(size));
    }
    Bytes expected = size <= 20 ? client_option() : Bytes{};
    expected.resize(expected.size() + 20, 1);
    EXPECT_EQ(options_of(far), expected) << size;
  }
}

}  // namespace
}  // namespace elb::test
