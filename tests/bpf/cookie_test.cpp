// SPDX-License-Identifier: Apache-2.0
// Shows: S8.
// SYN cookies (docs/adr/0012): every row of kWays plays client and member of a connection that is opened by a cookie,
// and compares each frame with one composed anew. The clock stands still unless a test turns it.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "bpf/testbed6.h"
#include "elb/flow_seq.h"

namespace elb::test {
namespace {

struct Way {
  const char* name;
  Hook hook;
  bool client6, member6;
  uint16_t port;
  uint32_t listener, member;
  bool toa = false;
};
constexpr Way kWays[] = {
    {"xdp", Hook::kXdp, false, false, kToa, 10, 100, true}, {"xdp_plain", Hook::kXdp, false, false, kPlain, 1, 10},
    {"xdp_v6", Hook::kXdp, true, true, kSix, 20, 200},      {"xdp_nat64", Hook::kXdp, true, false, kFour, 22, 220},
    {"tc", Hook::kTc, false, false, kToa, 10, 100, true},   {"tc_v6", Hook::kTc, true, true, kSix, 20, 200},
    {"tc_nat64", Hook::kTc, true, false, kFour, 22, 220},
};
std::string way_name(const testing::TestParamInfo<Way>& info) { return info.param.name; }

constexpr uint32_t kIsn = 0xfffffffe;        // the client's first number: what follows it wraps
constexpr uint32_t kMemberIsn = 0x00000005;  // below any cookie, most likely
constexpr uint16_t kCookieWindow = 5840, kAnswerWindow = 2920;

Bytes mss(uint16_t value) { return {2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
size_t tcp_at(const Bytes& frame) { return 14 + (frame.at(12) == 0x86 ? 40 : 20); }
uint32_t word_at(const Bytes& f, size_t at) {
  return uint32_t{f.at(at)} << 24 | uint32_t{f.at(at + 1)} << 16 | uint32_t{f.at(at + 2)} << 8 | f.at(at + 3);
}
uint32_t seq_of(const Bytes& f) { return word_at(f, tcp_at(f) + 4); }
uint32_t ack_of(const Bytes& f) { return word_at(f, tcp_at(f) + 8); }
uint8_t flags_of(const Bytes& f) { return f.at(tcp_at(f) + 13); }
Bytes options_of(const Bytes& f) {
  const size_t at = tcp_at(f);
  return {f.begin() + static_cast<ptrdiff_t>(at + 20),
          f.begin() + static_cast<ptrdiff_t>(at + (f.at(at + 12) >> 4) * 4)};
}

class Cookie : public testing::TestWithParam<Way> {
 protected:
  Cookie() : bed({.hook = GetParam().hook, .tick_shift = 20, .new_per_tick = 1}) {}
  void SetUp() override {
    ASSERT_TRUE(bed.runner.ok());
    bed.runner.set_ring(1, {10});
    pass(client({.sport = 9, .flags = kSyn}));  // all that the CPU may open
  }

  Bytes pass(const Bytes& frame, uint32_t verdict = XDP_TX) {
    const RunResult result = bed.runner.run(frame);
    EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(verdict))) << describe(frame) << reasons();
    EXPECT_TRUE(verdict != XDP_TX || checksums_hold(result.frame)) << describe(result.frame);
    return result.frame;
  }
  std::string reasons() const {
    std::string text;
    const auto counted = bed.runner.reasons();
    for (uint32_t i = 0; i < ELB_REASON_COUNT; i++)
      if (counted[i]) text += std::string(" ") + reason_name(i) + "=" + std::to_string(counted[i]);
    return text;
  }
  uint64_t count(elb_reason reason) const { return bed.runner.reason(reason); }
  void expect(const Bytes& got, const Bytes& wanted) {
    EXPECT_EQ(describe(got), describe(wanted));
    EXPECT_EQ(got, wanted);
  }

  /// A client's frame to the way's listener.
  Bytes client(TCP tcp, std::string_view payload = "") const {
    tcp.dport = GetParam().port;
    if (GetParam().client6) return kFromClient / IPv6{.src = kClient6, .dst = kVip6} / tcp / payload;
    return kFromClient / IPv4{.src = kClient, .dst = kVip} / tcp / payload;
  }
  /// What the client gets, made by the balancer or (with a lower time to live) by the member.
  Bytes to_client(TCP tcp, uint8_t ttl, std::string_view payload = "") const {
    tcp.sport = GetParam().port;
    tcp.dport = 40000;
    if (GetParam().client6) return kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = ttl} / tcp / payload;
    const uint16_t id = ttl == 64 ? 0 : 1;
    return kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = ttl, .id = id} / tcp / payload;
  }
  Bytes member(TCP tcp, std::string_view payload = "") const {
    tcp.sport = kMemberPort;
    if (GetParam().member6) {
      tcp.dport = source6_of(opened).port;
      return kFromMember / IPv6{.src = kMember6, .dst = source6_of(opened).addr} / tcp / payload;
    }
    tcp.dport = source4_of(opened).port;
    return kFromMember / IPv4{.src = kMember4, .dst = source4_of(opened).addr} / tcp / payload;
  }
  /// What the member gets: of the client's, translated, or made by the balancer with a time to live of 64.
  Bytes to_member(TCP tcp, uint8_t ttl, const Bytes& made, std::string_view payload = "") const {
    tcp.dport = kMemberPort;
    if (GetParam().member6) {
      tcp.sport = source6_of(opened).port;
      return kToMember / IPv6{.src = source6_of(opened).addr, .dst = kMember6, .hop_limit = ttl} / tcp / payload;
    }
    const Local4 local = source4_of(made);
    tcp.sport = source4_of(opened).port;
    return kToMember /
           IPv4{.src = source4_of(opened).addr, .dst = kMember4, .ttl = ttl, .id = local.id, .frag = local.frag} / tcp /
           payload;
  }
  Bytes toa() const { return GetParam().toa ? Bytes{254, 8, 0x9c, 0x40, 203, 0, 113, 7} : Bytes{}; }
  /// Of segments of the client; in tc they cannot get it.
  Bytes toa_of_client() const { return GetParam().hook == Hook::kXdp ? toa() : Bytes{}; }

  uint32_t ask(const Bytes& options = mss(1460)) {
    cookie = seq_of(pass(client({.seq = kIsn, .flags = kSyn, .options = options})));
    return cookie;
  }
  void open() {
    ask();
    opened = pass(client({.seq = kIsn + 1, .ack = cookie + 1, .window = 1234}));
  }
  Bytes answer() {
    return pass(member({.seq = kMemberIsn, .ack = kIsn + 1, .flags = kSyn | kAck, .options = mss(1400)}));
  }
  void establish() {
    open();
    answer();
  }
  /// The word of the only connection that has one.
  std::pair<uint32_t, uint64_t> word() const {
    for (uint32_t slot = 0; slot <= bed.runner.table().mask; slot++) {
      uint64_t seq = 0;
      bpf_map_lookup_elem(bed.runner.map_fd(ELB_MAP_SEQS), &slot, &seq);
      if (seq) return {slot, seq};
    }
    return {};
  }
  void next_tick() {
    auto [slot, seq] = word();
    seq -= 1ULL << 34;
    bpf_map_update_elem(bed.runner.map_fd(ELB_MAP_SEQS), &slot, &seq, BPF_ANY);
  }
  elb_sweep_counts used() const {
    elb_flow_limits limits{};
    for (uint32_t& idle : limits.idle) idle = 1U << 30;
    return sweep_all(bed.runner.table(), 0, limits);
  }

  OnCpu one{0};
  Bed6 bed;
  uint32_t cookie = 0;
  Bytes opened;  // the SYN that the member got
};
INSTANTIATE_TEST_SUITE_P(Ways, Cookie, testing::ValuesIn(kWays), way_name);

TEST_P(Cookie, S8_AboveTheRateASynIsAnsweredAndNothingIsKept) {
  const uint64_t before = used().used;
  const Bytes out = pass(client({.seq = kIsn, .flags = kSyn, .options = mss(1460)}));
  const uint16_t offered = GetParam().client6 ? 1500 - 60 - 8 : 1500 - 40 - 8;
  expect(
      out,
      to_client(
          {.seq = seq_of(out), .ack = kIsn + 1, .flags = kSyn | kAck, .window = kCookieWindow, .options = mss(offered)},
          64));
  EXPECT_EQ(seq_of(pass(client({.seq = kIsn, .flags = kSyn, .options = mss(1460)}))), seq_of(out));
  EXPECT_EQ(used().used, before);
  EXPECT_EQ(reasons(), " syn_cookie_sent=2");
  EXPECT_EQ(bed.runner.refused(GetParam().listener), 0u);
}

TEST_P(Cookie, S8_TheAckThatBringsItBackBecomesTheMembersSyn) {
  open();
  expect(opened,
         to_member({.seq = kIsn, .flags = kSyn, .window = 1234, .options = mss(GetParam().client6 ? 1440 : 1460)}, 63,
                   opened));
  EXPECT_EQ(reasons(), " syn_cookie_sent=1 syn_cookie_ok=1");
  EXPECT_EQ(bed.runner.cursor(GetParam().listener).active, 2u);
  EXPECT_EQ(used().live, 2u);
}

TEST_P(Cookie, S8_TheMembersSynAckIsAnsweredAndSoIsTheNextOne) {
  open();
  for (int i = 0; i < 2; i++) {
    const Bytes ack = answer();
    expect(ack,
           to_member({.seq = kIsn + 1, .ack = kMemberIsn + 1, .window = kAnswerWindow, .options = toa()}, 64, ack));
  }
  EXPECT_EQ(reasons(), " syn_cookie_sent=1 syn_cookie_ok=1");
  EXPECT_EQ(bed.runner.traffic(GetParam().member).packets_out, 0u);
}

TEST_P(Cookie, S8_SequencesAreTranslatedBothWays) {
  establish();
  if (GetParam().hook == Hook::kXdp || !GetParam().toa) {
    const Bytes request = pass(client({.seq = kIsn + 1, .ack = cookie + 1}, "GET /"));
    expect(request,
           to_member({.seq = kIsn + 1, .ack = kMemberIsn + 1, .options = toa_of_client()}, 63, request, "GET /"));
  }
  expect(pass(member({.seq = kMemberIsn + 1, .ack = kIsn + 6}, "200 OK")),
         to_client({.seq = cookie + 1, .ack = kIsn + 6}, 63, "200 OK"));
  const Bytes fin = pass(client({.seq = kIsn + 6, .ack = cookie + 7, .flags = kFin | kAck}));
  expect(fin, to_member({.seq = kIsn + 6, .ack = kMemberIsn + 7, .flags = kFin | kAck}, 63, fin));
  expect(pass(member({.seq = kMemberIsn + 7, .ack = kIsn + 7, .flags = kFin | kAck})),
         to_client({.seq = cookie + 7, .ack = kIsn + 7, .flags = kFin | kAck}, 63));
  const Bytes last = pass(client({.seq = kIsn + 7, .ack = cookie + 8}));
  expect(last, to_member({.seq = kIsn + 7, .ack = kMemberIsn + 8}, 63, last));
  EXPECT_EQ(bed.runner.cursor(GetParam().listener).active, 1u) << "closed, as others are";
}

TEST_P(Cookie, S8_DataThatIsTooEarlyIsDroppedAndAfterATickAsksTheMemberAgain) {
  open();
  const Bytes data = client({.seq = kIsn + 1, .ack = cookie + 1, .window = 1234}, "GET /");
  pass(data, XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_EARLY), 1u);
  next_tick();
  const Bytes again = pass(data);
  expect(again, to_member({.seq = kIsn, .flags = kSyn, .window = 1234, .options = options_of(opened)}, 63, again));
  pass(data, XDP_DROP);
  next_tick();
  pass(client({.seq = kIsn + 2, .ack = cookie + 1}, "ET /"), XDP_DROP);  // would begin a byte late
  pass(client({.seq = kIsn + 1, .ack = cookie + 2}, "GET /"), XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_EARLY), 4u);
  answer();
  pass(member({.seq = kMemberIsn + 1, .ack = kIsn + 1}, "welcome"));
  const Bytes out = pass(data);
  expect(out, to_member({.seq = kIsn + 1, .ack = kMemberIsn + 1, .window = 1234}, 63, out, "GET /"));
}

TEST_P(Cookie, S8_TheFirstDataMayBringTheCookie) {
  ask();
  opened = pass(client({.seq = kIsn + 1, .ack = cookie + 1, .flags = kPsh | kAck}, std::string(700, 'x')));
  EXPECT_EQ(flags_of(opened), kSyn);
  EXPECT_EQ(opened.size(), tcp_at(opened) + 24);
}

TEST_P(Cookie, S8_AWrongOneOpensNothing) {
  const Bytes stray = client({.seq = kIsn + 1, .ack = 77});
  pass(stray);
  EXPECT_EQ(count(ELB_REASON_NOT_SYN), 1u) << "no cookie is out: not looked at";
  ask();
  pass(stray);
  pass(client({.seq = kIsn + 1, .ack = cookie + 101}));
  pass(client({.seq = kIsn + 101, .ack = cookie + 1}));
  pass(client({.sport = 40001, .seq = kIsn + 1, .ack = cookie + 1}));
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_BAD), 4u);
  const TCP right{.seq = kIsn + 1, .ack = cookie + 1, .flags = kRst | kAck};
  pass(client(right), XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_OK), 0u);
  EXPECT_EQ(used().live, 1u);
}

TEST_P(Cookie, S8_TheMembersRefusalReachesTheClient) {
  open();
  expect(pass(member({.ack = kIsn + 1, .flags = kRst | kAck})),
         to_client({.seq = cookie + 1, .ack = kIsn + 1, .flags = kRst | kAck}, 63));
  EXPECT_EQ(bed.runner.cursor(GetParam().listener).active, 1u);
}

TEST_P(Cookie, S8_ARstLaterIsTranslated) {
  establish();
  expect(pass(member({.seq = kMemberIsn + 1, .flags = kRst})), to_client({.seq = cookie + 1, .flags = kRst}, 63));
}

TEST_P(Cookie, S8_TheClientMayGiveUpOrOpenAnew) {
  open();
  const Bytes rst = pass(client({.seq = kIsn + 1, .flags = kRst}));
  expect(rst, to_member({.seq = kIsn + 1, .flags = kRst}, 63, rst));
  pass(client({.seq = 700, .flags = kSyn}));
  expect(pass(member({.seq = 900, .ack = 701, .flags = kSyn | kAck})),
         to_client({.seq = 900, .ack = 701, .flags = kSyn | kAck}, 63));
  pass(member({.seq = 901, .ack = 701}, "welcome"));
  const Bytes ack = pass(client({.seq = 701, .ack = 901}));
  EXPECT_EQ(ack_of(ack), 901u);
}

TEST_P(Cookie, S8_AfterItsEndTheConnectionMayBeOpenedAnewByAnOrdinarySyn) {
  establish();
  pass(client({.seq = kIsn + 1, .ack = cookie + 1, .flags = kRst | kAck}));
  pass(client({.seq = 700, .flags = kSyn}));
  const uint32_t difference = kMemberIsn - cookie;
  const Bytes synack = pass(member({.seq = 900, .ack = 701, .flags = kSyn | kAck}));
  EXPECT_EQ(flags_of(synack), kSyn | kAck);
  EXPECT_EQ(seq_of(synack), 900 - difference) << "handed to the client, in numbers that stay translated";
  pass(member({.seq = 901, .ack = 701}, "welcome"));
  EXPECT_EQ(ack_of(pass(client({.seq = 701, .ack = 901 - difference}))), 901u);
}

TEST_P(Cookie, S8_NothingOfTheMemberPassesBeforeItsSynAck) {
  open();
  pass(member({.seq = 5, .ack = kIsn + 1}, "old"), XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_EARLY), 1u);
}

/// The slot's next connection must not inherit the difference.
TEST_P(Cookie, S8_AnotherConnectionInTheSameSlotBeginsAnew) {
  establish();
  const auto [slot, seq] = word();
  EXPECT_EQ(ELB_SEQ_PHASE(seq), ELB_SEQ_ANSWERED);
  elb_flow_limits limits{};
  elb_flow_observer observer{};
  observer.gone = [](void*, uint16_t) { return 1; };
  sweep_all(bed.runner.table(), 1, limits, &observer);
  sweep_all(bed.runner.table(), 100, limits, &observer);
  sweep_all(bed.runner.table(), 200, limits, &observer);
  ASSERT_EQ(used().used, 0u);
  open();
  EXPECT_EQ(word().first, slot) << "the same key, an empty table";
  EXPECT_EQ(ELB_SEQ_PHASE(word().second), ELB_SEQ_WAITING);
  EXPECT_NE(ELB_SEQ_OWNER(word().second), ELB_SEQ_OWNER(seq));
  pass(member({.seq = kMemberIsn + 1, .ack = kIsn + 1}, "old"), XDP_DROP);
}

TEST_P(Cookie, S8_ProvesTheAddressButNotTheRest) {
  ask();
  elb_policy policy{};
  policy.connection_limit = 1;
  bed.runner.set_policy(GetParam().listener, policy);
  const Bytes out = pass(client({.seq = kIsn + 1, .ack = cookie + 1}));
  EXPECT_EQ(count(ELB_REASON_CONNECTION_LIMIT), 1u);
  expect(out, to_client({.seq = cookie + 1, .flags = kRst, .window = 0}, 64));
  policy.connection_limit = 0;
  policy.flags = ELB_POLICY_WHITELIST;
  bed.runner.set_policy(GetParam().listener, policy);
  pass(client({.seq = kIsn + 1, .ack = cookie + 1}), XDP_DROP);
  pass(client({.sport = 7, .flags = kSyn}), XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_NOT_ALLOWED), 2u) << "who may not come gets no cookie either";
}

TEST_P(Cookie, S8_TheMssComesBackAsTheKernelKeepsIt) {
  struct Row {
    uint16_t asked, four, six;
  };
  uint16_t sport = 2000;
  for (const Row& row : {Row{0, 536, 1220},
                         {100, 536, 1220},
                         {1219, 536, 1220},
                         {1300, 1300, 1220},
                         {1430, 1300, 1420},
                         {1440, 1440, 1440},
                         {1460, 1460, 1440},
                         {8960, 1460, 8940}}) {
    // behind a NOP or two it is found as well
    Bytes options = row.asked ? mss(row.asked) : Bytes{};
    if (row.asked == 1300) options.insert(options.begin(), {1, 1, 1, 1});
    sport++;
    const Bytes out = pass(client({.sport = sport, .seq = 5, .flags = kSyn, .options = options}));
    const Bytes syn = pass(client({.sport = sport, .seq = 6, .ack = seq_of(out) + 1}));
    uint16_t is = GetParam().client6 ? row.six : row.four;
    if (GetParam().toa && is > 1460) is = 1460;
    EXPECT_EQ(options_of(syn), mss(is)) << row.asked;
  }
}

TEST_P(Cookie, S8_OnlyPlainSynsGetOne) {
  if (GetParam().client6) {
    pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = {6, 0, 1, 4, 0, 0, 0, 0}, .next = 0} /
             TCP{.dport = GetParam().port, .flags = kSyn},
         XDP_DROP);
  } else {
    pass(kFromClient / IPv4{.src = kClient, .dst = kVip, .options = {1, 1, 1, 1}} /
             TCP{.dport = GetParam().port, .flags = kSyn},
         XDP_DROP);
    pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{.dport = kUdpPlain}, XDP_DROP);
  }
  pass(
      Ethernet{.dst = "01:00:5e:00:00:01", .src = kClientMac} /
          (GetParam().client6 ? Layer(IPv6{.src = kClient6, .dst = kVip6}) : Layer(IPv4{.src = kClient, .dst = kVip})) /
          TCP{.dport = GetParam().port, .flags = kSyn},
      XDP_DROP);
  EXPECT_EQ(count(ELB_REASON_SYN_COOKIE_SENT), 0u);
  EXPECT_EQ(count(ELB_REASON_RATE_GUARD), GetParam().client6 ? 2u : 3u);
}

/// The first sequence number that the quote of an ICMP error has, which comes out as `frame`.
uint32_t quoted_seq(const Bytes& frame) { return word_at(frame, tcp_at(frame) + 8 + (tcp_at(frame) - 14) + 4); }

TEST_P(Cookie, S8_AnErrorQuotesWhatItsReceiverHasSent) {
  if (GetParam().hook == Hook::kTc && GetParam().client6 != GetParam().member6)
    return;  // there, errors are not translated between the families at all
  establish();
  const Bytes data = pass(member({.seq = kMemberIsn + 1, .ack = kIsn + 1}, "200 OK"));
  const size_t quote = GetParam().client6 ? 48 : 28;
  const Payload inner{{data.begin() + 14, data.begin() + 14 + static_cast<ptrdiff_t>(quote)}};
  const Bytes error =
      GetParam().client6
          ? Bytes(kFromClient / IPv6{.src = kElsewhere6, .dst = kVip6} / ICMPv6{.type = 2, .word = 1400} / inner)
          : Bytes(kFromClient / IPv4{.src = kElsewhere, .dst = kVip} / ICMP{.type = 3, .code = 4, .mtu = 1400} / inner);
  const Bytes out = bed.runner.run(error).frame;
  EXPECT_EQ(quoted_seq(out), kMemberIsn + 1);
  const size_t l4 = tcp_at(out);
  const std::span<const uint8_t> all(out);
  const uint32_t pseudo =
      l4 == 54 ? ones_sum(all.subspan(22, 32), static_cast<uint32_t>(out.size() - l4) + IPPROTO_ICMPV6) : 0;
  EXPECT_EQ(fold_checksum(ones_sum(all.subspan(l4), pseudo)), 0) << "the message's checksum holds";
  EXPECT_EQ(count(ELB_REASON_ICMP_TRANSLATED), 1u);
}

TEST_P(Cookie, S8_WithoutTheKernelsHelpTheRateGuardDrops) {
  Bed6 off({.hook = GetParam().hook, .tick_shift = 20, .new_per_tick = 1, .syn_cookies = false});
  off.runner.run(client({.sport = 9, .flags = kSyn}));
  EXPECT_EQ(off.runner.run(client({.flags = kSyn})).verdict, off.runner.shown(XDP_DROP));
  EXPECT_EQ(off.runner.reason(ELB_REASON_RATE_GUARD), 1u);
  EXPECT_EQ(off.runner.refused(GetParam().listener), 1u);
}

}  // namespace
}  // namespace elb::test
