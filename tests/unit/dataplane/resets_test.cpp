// SPDX-License-Identifier: Apache-2.0
// Shows: LS-12.
// The numbers of the resets that tell both ends of a connection that it was ended.
#include "dataplane/resets.h"

#include <arpa/inet.h>
#include <elb/flow_seq.h>

#include <array>
#include <cstring>

#include "flow_fixture.h"

namespace elb::dataplane {
namespace {

constexpr uint32_t kNow = 100;

struct Numbers {
  uint32_t client_seq, client_ack, member_seq, member_ack;
  bool operator==(const Numbers&) const = default;
};

/// Of the two resets, told apart by their destination; zero where there is none.
Numbers numbers_of(test::FlowFixture& table, const test::FlowFixture::Flow& flow, uint64_t seq,
                   elb_flow_state state = ELB_STATE_ESTABLISHED) {
  std::vector<elb_reset> resets;
  table.set_seq(flow, seq);
  add_resets(table.table, *flow.forward, *flow.reverse, state, resets);
  Numbers numbers{};
  for (const elb_reset& reset : resets) {
    const bool to_client = reset.dest.word[3] == flow.reverse->new_dest;
    (to_client ? numbers.client_seq : numbers.member_seq) = ntohl(reset.seq);
    (to_client ? numbers.client_ack : numbers.member_ack) = ntohl(reset.ack);
  }
  return numbers;
}

TEST(Resets, LS_12_EachEndGetsTheNumberThatItExpects) {
  test::FlowFixture table;
  const auto flow = table.open(1, 1, kNow);
  flow.forward->ack = htonl(5000);  // by the client
  flow.reverse->ack = htonl(100);   // by the member
  EXPECT_EQ(numbers_of(table, flow, 0), (Numbers{5000, 100, 100, 5000}));
  flow.reverse->ack = 0;
  EXPECT_EQ(numbers_of(table, flow, 0), (Numbers{5000, 0, 0, 0})) << "the member has said nothing yet";
  EXPECT_EQ(numbers_of(table, flow, 0, ELB_STATE_CLOSED), Numbers{});
}

TEST(Resets, LS_12_OfAnIpv6ConnectionHaveItsAddresses) {
  test::FlowFixture table;
  const auto flow = table.open(1, 1, kNow);
  flow.forward->ack = htonl(5000);
  flow.reverse->ack = htonl(100);
  table.make_six(flow, *IpAddress::parse("2001:db8:1::7"));
  std::vector<elb_reset> resets;
  add_resets(table.table, *flow.forward, *flow.reverse, ELB_STATE_ESTABLISHED, resets);
  ASSERT_EQ(resets.size(), 2U);
  const auto text = [](const elb_ip& ip) {
    std::array<uint8_t, 16> bytes;
    std::memcpy(bytes.data(), ip.word, bytes.size());
    return IpAddress::from_v6(bytes).to_string();
  };
  EXPECT_EQ(text(resets[0].source), "fd00:100:125::2");
  EXPECT_EQ(text(resets[0].dest), "2001:db8:2::2");
  EXPECT_EQ(ntohl(resets[0].seq), 100U);
  EXPECT_EQ(text(resets[1].source), "2001:db8::1");
  EXPECT_EQ(text(resets[1].dest), "2001:db8:1::7");
  EXPECT_EQ(ntohl(resets[1].seq), 5000U);
  table.table.beside = nullptr;
  resets.clear();
  add_resets(table.table, *flow.forward, *flow.reverse, ELB_STATE_ESTABLISHED, resets);
  EXPECT_TRUE(resets.empty()) << "no addresses, no reset";
}

TEST(Resets, LS_12_OfAConnectionOpenedByCookieInTheNumbersOfEachEnd) {
  test::FlowFixture table;
  const auto flow = table.open(1, 1, kNow);
  flow.forward->ctl |= ELB_FLOW_COOKIE;
  flow.reverse->ctl |= ELB_FLOW_COOKIE;
  flow.forward->ack = 0;
  flow.reverse->ack = htonl(778);  // what the member will acknowledge first
  EXPECT_EQ(numbers_of(table, flow, elb_seq_word(4999, 1, 0, ELB_SEQ_WAITING), ELB_STATE_OPENING),
            (Numbers{5000, 778, 778, 0}));
  // The member counts 0xfffffff0 more: the client's 5000 went to it as 4984.
  flow.forward->ack = htonl(4984);
  flow.reverse->ack = htonl(778);
  for (const uint32_t phase : {ELB_SEQ_ANSWERED, ELB_SEQ_ANEW})
    EXPECT_EQ(numbers_of(table, flow, elb_seq_word(0xfffffff0, 1, 0, phase)), (Numbers{5000, 778, 778, 4984}));
}

}  // namespace
}  // namespace elb::dataplane
