// SPDX-License-Identifier: Apache-2.0
// Shows: AC-02, GEN-09, LS-09, MB-05, MB-06, MB-07, PL-04, PL-05, PL-06, PL-07, PL-09, ST-05, ST-10.
#include "dataplane/map_sync.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/fake_map_port.h"
#include "harness/snapshot_builder.h"

namespace elb::dataplane {
namespace {

using test::listener_id;
using test::member;
using test::member_id;
using test::SnapshotBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TickRate kRate{250, 7};

DataplaneOptions options() {
  DataplaneOptions options;
  options.interfaces = {"eth0"};
  options.local_addresses = *Cidr::parse("100.125.0.0/24");
  options.max_listeners = 8;
  options.max_members = 32;
  return options;
}

class MapSyncTest : public testing::Test {
 protected:
  uint64_t apply(const model::Snapshot& snapshot) {
    auto desired = sync.plan(snapshot, usage);
    if (!desired) ADD_FAILURE() << desired.error().to_string();
    auto writes = sync.commit(std::move(*desired), begun);
    if (!writes) ADD_FAILURE() << writes.error().to_string();
    return *writes;
  }
  /// n sweeps that see `flows` entries of each member index.
  void sweep(uint64_t n, std::vector<uint32_t> flows = {}) {
    usage.begun += n;
    usage.ended += n;
    usage.flows = std::move(flows);
  }
  std::optional<uint32_t> index_of(int listener, int member_number) const {
    for (const auto& [index, value] : port.members)
      if (to_string(uuid_of(value.id)) == member_id(member_number) &&
          to_string(uuid_of(value.listener_id)) == listener_id(listener))
        return index;
    return std::nullopt;
  }
  std::map<uint32_t, size_t> ring_counts(uint32_t listener) const {
    std::map<uint32_t, size_t> counts;
    const auto it = port.rings.find(listener);
    if (it != port.rings.end())
      for (const uint32_t index : *it->second) ++counts[index];
    return counts;
  }

  test::FakeMapPort port;
  Usage usage;
  std::function<uint64_t()> begun = [this] { return usage.begun; };
  MapSync sync{port, options(), kRate};
};

TEST_F(MapSyncTest, WritesWhatIsPointedAtBeforeWhatPointsAtIt) {
  EXPECT_EQ(apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build()), 8U);
  EXPECT_THAT(port.log, ElementsAre("put member 0", "put member 1", "put member 2", "put ring 0", "put listener 0",
                                    "put addr 100.125.0.0", "put addr 100.125.0.1", "put addr 192.0.2.1"));
}

TEST_F(MapSyncTest, RemovesInTheReverseOrder) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  port.take_log();
  apply(model::Snapshot{});
  EXPECT_THAT(port.take_log(), ElementsAre("erase addr 192.0.2.1", "erase listener 0", "erase ring 0",
                                           "put member 1" /* no longer usable */));
  sweep(3);
  apply(model::Snapshot{});
  EXPECT_THAT(port.take_log(), ElementsAre("erase member 1"));
  apply(model::Snapshot{});
  EXPECT_THAT(port.take_log(), ElementsAre("erase member 0")) << "the listener's own entry goes after its members";
  EXPECT_TRUE(port.members.empty());
}

TEST_F(MapSyncTest, ApplyingTheSameAgainWritesNothing) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1, 10), member(2, 20)}).listener(2, {member(3)}).build();
  EXPECT_GT(apply(snapshot), 0U);
  port.take_log();
  EXPECT_EQ(apply(snapshot), 0U);
  sweep(5);
  EXPECT_EQ(apply(snapshot), 0U);
  EXPECT_THAT(port.log, IsEmpty());
}

TEST_F(MapSyncTest, PL04_RingHoldsMembersByWeight) {
  apply(SnapshotBuilder().listener(1, {member(1, 10), member(2, 20), member(3, 70)}).build());
  EXPECT_EQ(ring_counts(0),
            (std::map<uint32_t, size_t>{{*index_of(1, 1), 1}, {*index_of(1, 2), 2}, {*index_of(1, 3), 7}}));
}

TEST_F(MapSyncTest, PL09_WeightZeroKeepsTheMemberOutOfTheRing) {
  apply(SnapshotBuilder().listener(1, {member(1, 0), member(2, 5)}).build());
  EXPECT_EQ(ring_counts(0), (std::map<uint32_t, size_t>{{*index_of(1, 2), 1}}));
  EXPECT_EQ(port.members[*index_of(1, 1)].flags, 0U);
}

TEST_F(MapSyncTest, MB05_AnUnusableMemberHasAnEntryButNoPlaceInTheRing) {
  apply(SnapshotBuilder().listener(1, {member(1, 1, false), member(2, 1)}).build());
  EXPECT_EQ(ring_counts(0), (std::map<uint32_t, size_t>{{*index_of(1, 2), 1}}));
  EXPECT_EQ(port.members[*index_of(1, 1)].flags, 0U);
  EXPECT_EQ(port.members[*index_of(1, 2)].flags, ELB_MEMBER_USABLE);
  // Its first successful check is two writes.
  port.take_log();
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  EXPECT_THAT(port.log, ElementsAre(fmt::format("put member {}", *index_of(1, 1)), "put ring 0"));
}

TEST_F(MapSyncTest, NoUsableMemberMeansNoRing) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  port.take_log();
  apply(SnapshotBuilder().listener(1, {member(1, 1, false)}).build());
  EXPECT_THAT(port.log, ElementsAre("erase ring 0", "put member 1"));
  EXPECT_EQ(port.listeners.size(), 1U);
}

TEST_F(MapSyncTest, GEN09_AddingAMemberTouchesNoOther) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).listener(2, {member(9)}).build());
  const auto before = port.members;
  port.take_log();
  apply(SnapshotBuilder().listener(1, {member(1), member(2), member(3)}).listener(2, {member(9)}).build());
  EXPECT_THAT(port.log, ElementsAre(fmt::format("put member {}", *index_of(1, 3)), "put ring 0"));
  for (const auto& [index, value] : before) EXPECT_TRUE(same(port.members[index], value)) << index;
}

// Found by the test of the same name in tests/bpf_dataplane: packets met the old ring without a usable member.
TEST_F(MapSyncTest, R4_MembersAreUsableForAsLongAsARingNamesThem) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  port.take_log();
  apply(SnapshotBuilder().listener(1, {member(3), member(4)}).build());
  EXPECT_THAT(port.take_log(),
              ElementsAre("put member 3", "put member 4", "put ring 0", "put member 1", "put member 2"));
}

TEST_F(MapSyncTest, MB06_ARemovedMemberLeavesTheRingAtOnceAndItsIndexLater) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  const uint32_t removed = *index_of(1, 1);
  port.take_log();
  apply(SnapshotBuilder().listener(1, {member(2)}).build());
  EXPECT_THAT(port.take_log(), ElementsAre("put ring 0", fmt::format("put member {}", removed)));
  EXPECT_EQ(ring_counts(0).count(removed), 0U);
  EXPECT_FALSE(sync.view().get()->live[removed]) << "its connections are to be ended";

  std::vector<uint32_t> flows(32);
  flows[removed] = 1;
  sweep(10, flows);
  apply(SnapshotBuilder().listener(1, {member(2), member(3)}).build());
  EXPECT_NE(index_of(1, 3), removed) << "a connection still holds the index";
  sweep(3);
  apply(SnapshotBuilder().listener(1, {member(2), member(3), member(4)}).build());
  EXPECT_EQ(index_of(1, 4), removed);
}

// Found by the system tests: a listener that moved to another pool lost the connections to the members of the old one.
TEST_F(MapSyncTest, LS09_AParkedMemberLeavesTheRingAndKeepsItsConnections) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  const uint32_t parked = *index_of(1, 1);
  apply(SnapshotBuilder().listener(1, {member(2)}).parked(1).build());
  EXPECT_EQ(ring_counts(0).count(parked), 0U);
  EXPECT_TRUE(sync.view().get()->live[parked]);

  apply(SnapshotBuilder().parked(1).build());
  EXPECT_FALSE(sync.view().get()->live[parked]) << "its listener is gone";
}

TEST_F(MapSyncTest, MB07_ANewWeightIsItsMemberAndOneRingSwap) {
  apply(SnapshotBuilder().listener(1, {member(1, 1), member(2, 1)}).build());
  port.take_log();
  EXPECT_EQ(apply(SnapshotBuilder().listener(1, {member(1, 1), member(2, 3)}).build()), 2U);
  EXPECT_THAT(port.log, ElementsAre("put member 2", "put ring 0"));
}

TEST_F(MapSyncTest, APoolOfTwoListenersHasAnEntryForEach) {
  apply(SnapshotBuilder().listener(1, {member(1)}).listener_with_pool(2, 0).build());
  EXPECT_NE(index_of(1, 1), index_of(2, 1));
  EXPECT_EQ(port.members[*index_of(1, 1)].hop, port.members[*index_of(2, 1)].hop);
  EXPECT_EQ(sync.view().get()->members.at(*parse_uuid(member_id(1))).size(), 2U);
}

TEST_F(MapSyncTest, AListenerThatTakesOverAnothersAddressReplacesItInOneWrite) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  auto snapshot = SnapshotBuilder().listener(2, {member(2)}).build();
  snapshot.listeners[0].vip.port = 81;  // that of listener 1
  port.take_log();
  apply(snapshot);
  EXPECT_EQ(std::count_if(port.log.begin(), port.log.end(),
                          [](const std::string& line) { return line.find("erase listener") == 0; }),
            0);
  ASSERT_EQ(port.listeners.size(), 1U);
  EXPECT_EQ(to_string(uuid_of(port.listeners.begin()->second.id)), listener_id(2));
}

TEST_F(MapSyncTest, AFailedWriteIsRepeatedAndTheOthersAreNot) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1), member(2)}).build();
  port.writes_until_failure = 4;
  auto desired = sync.plan(snapshot, usage);
  ASSERT_TRUE(desired);
  EXPECT_FALSE(sync.commit(std::move(*desired), begun));
  EXPECT_EQ(port.log.size(), 4U);
  EXPECT_TRUE(port.listeners.empty());
  port.writes_until_failure = -1;
  EXPECT_EQ(apply(snapshot), 4U);
  EXPECT_EQ(apply(snapshot), 0U);
}

TEST_F(MapSyncTest, NoQuarantineRunsWhileTheOldRingStands) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  const uint32_t removed = *index_of(1, 1);
  port.writes_until_failure = 0;
  auto desired = sync.plan(SnapshotBuilder().listener(1, {member(2)}).build(), usage);
  ASSERT_TRUE(desired);
  ASSERT_FALSE(sync.commit(std::move(*desired), begun));
  EXPECT_TRUE(sync.view().get()->live[removed]) << "packets still choose it: its connections are not to be ended";
  sweep(50);
  port.writes_until_failure = -1;
  apply(SnapshotBuilder().listener(1, {member(2), member(3)}).build());
  EXPECT_NE(index_of(1, 3), removed);
  EXPECT_FALSE(sync.view().get()->live[removed]);
}

TEST_F(MapSyncTest, ANewMemberIsLiveBeforeAPacketCanChooseIt) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  auto desired = sync.plan(SnapshotBuilder().listener(1, {member(1), member(2)}).build(), usage);
  port.writes_until_failure = 1;  // the member is written, the ring is not
  ASSERT_FALSE(sync.commit(std::move(*desired), begun));
  EXPECT_TRUE(sync.view().get()->live[*index_of(1, 2)]);
}

TEST_F(MapSyncTest, TooManyMembersNameTheOptionAndChangeNothing) {
  std::vector<model::SnapshotMember> many;
  for (int i = 1; i <= 40; ++i) many.push_back(member(i));
  const auto desired = sync.plan(SnapshotBuilder().listener(1, many).build(), usage);
  ASSERT_FALSE(desired);
  EXPECT_EQ(desired.error().code, ErrorCode::kQuota);
  EXPECT_THAT(desired.error().message, HasSubstr("max-members"));
  EXPECT_THAT(port.log, IsEmpty());
}

TEST_F(MapSyncTest, ARestartedAgentFindsItsIndexesAndChangesOnlyTheRings) {
  const auto snapshot =
      SnapshotBuilder().listener(1, {member(1), member(2, 1, false)}).listener(2, {member(3)}).build();
  apply(snapshot);
  apply(SnapshotBuilder().listener(2, {member(3)}).build());  // listener 1 goes: its indexes are in quarantine
  apply(snapshot);
  const auto members = port.members;
  const auto listeners = port.listeners;
  for (auto& [listener, ring] : port.rings) ring.reset();  // another process' ring can not be read
  port.take_log();

  MapSync restarted(port, options(), kRate);
  ASSERT_TRUE(restarted.adopt());
  EXPECT_THAT(restarted.adopted_members(), ElementsAre(member_id(1), member_id(3))) << "the usable ones";
  auto desired = restarted.plan(snapshot, usage);
  ASSERT_TRUE(desired);
  EXPECT_EQ(*restarted.commit(std::move(*desired), begun), 2U);
  EXPECT_THAT(port.log, ElementsAre("put ring 0", "put ring 1"));
  for (const auto& [index, value] : members) EXPECT_TRUE(same(port.members[index], value));
  EXPECT_EQ(port.listeners.size(), listeners.size());
}

TEST_F(MapSyncTest, ARestartedAgentKeepsTheQuarantine) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  const uint32_t removed = *index_of(1, 1);
  apply(SnapshotBuilder().listener(1, {member(2)}).build());
  MapSync restarted(port, options(), kRate);
  ASSERT_TRUE(restarted.adopt());
  EXPECT_TRUE(restarted.view().get()->live.empty()) << "before the first snapshot no connection is ended";
  auto desired = restarted.plan(SnapshotBuilder().listener(1, {member(2), member(3)}).build(), usage);
  ASSERT_TRUE(desired);
  ASSERT_TRUE(restarted.commit(std::move(*desired), begun));
  EXPECT_NE(index_of(1, 3), removed);
  EXPECT_FALSE(restarted.view().get()->live[removed]);
}

TEST_F(MapSyncTest, AnAuditOfAnUntouchedKernelFindsNothing) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  port.take_log();
  const auto audit = sync.audit(usage);
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->checked, 7U);  // 2 members, 1 ring, 1 listener, 3 addresses
  EXPECT_EQ(audit->repaired, 0U);
  EXPECT_THAT(audit->findings, IsEmpty());
  EXPECT_THAT(port.log, IsEmpty());
}

TEST_F(MapSyncTest, AnAuditRepairsAndDescribesDrift) {
  apply(SnapshotBuilder().listener(1, {member(1)}).listener(2, {member(2)}).build());
  const auto listeners = port.listeners;
  const auto members = port.members;
  const auto rings = port.rings;
  const auto addrs = port.addrs;

  elb_listener_key strange{};
  strange.addr = elb_mapped(0x01020304);
  port.listeners.erase(port.listeners.begin());      // deleted
  port.listeners[strange] = elb_listener{};          // inserted
  port.members[*index_of(1, 1)].port = 1;            // changed
  port.members[30] = port.members[*index_of(2, 2)];  // inserted
  port.rings[0] = Ring{7};                           // contents changed
  port.rings[1] = std::nullopt;                      // swapped for another map
  port.addrs.erase(port.addrs.begin());
  port.take_log();

  const auto audit = sync.audit(usage);
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->repaired, 7U);
  EXPECT_THAT(audit->findings, testing::UnorderedElementsAre(
                                   HasSubstr("listener TCP 192.0.2.1:81 was missing"),
                                   HasSubstr("listener UDP 4.3.2.1:0 was in the kernel and is not ours"),
                                   HasSubstr(member_id(1) + ") was changed"), HasSubstr("member entry 30 was in"),
                                   HasSubstr("ring of listener 0 was changed"),
                                   HasSubstr("ring of listener 1 was changed"), HasSubstr("was missing")));
  EXPECT_EQ(port.listeners.size(), listeners.size());
  for (const auto& [key, value] : listeners) EXPECT_TRUE(same(port.listeners[key], value));
  EXPECT_EQ(port.members.size(), members.size());
  for (const auto& [index, value] : members) EXPECT_TRUE(same(port.members[index], value));
  EXPECT_EQ(port.rings, rings);
  EXPECT_EQ(port.addrs.size(), addrs.size());
  EXPECT_EQ(sync.audit(usage)->repaired, 0U);
}

TEST_F(MapSyncTest, ARemovedMembersCountersStayInTheListenersSum) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  const uint32_t removed = *index_of(1, 1);
  port.traffic[removed] = {.connections = 5, .packets_in = 50, .bytes_in = 500, .packets_out = 7, .bytes_out = 70};
  port.traffic[*index_of(1, 2)].connections = 1;
  apply(SnapshotBuilder().listener(1, {member(2)}).build());
  sweep(3);
  ASSERT_TRUE(sync.audit(usage));
  EXPECT_EQ(port.members.count(removed), 0U);
  EXPECT_EQ(port.traffic[removed].connections, 0U) << "the next owner starts at 0";
  uint64_t connections = 0, bytes_out = 0;
  for (const uint32_t index : sync.view().get()->listeners.at(*parse_uuid(listener_id(1))).members) {
    connections += port.traffic[index].connections;
    bytes_out += port.traffic[index].bytes_out;
  }
  EXPECT_EQ(connections, 6U);
  EXPECT_EQ(bytes_out, 70U);
}

TEST_F(MapSyncTest, ARemovedListenersCountersAreClearedForTheNextOne) {
  apply(SnapshotBuilder().listener(1, {member(1)}).build());
  port.refused[0] = 9;
  port.traffic[0].connections = port.traffic[1].connections = 3;
  apply(model::Snapshot{});
  for (int i = 0; i < 3; ++i) {
    sweep(3);
    ASSERT_TRUE(sync.audit(usage));
  }
  EXPECT_EQ(port.refused[0], 0U);
  EXPECT_EQ(port.traffic[0].connections + port.traffic[1].connections, 0U);
  EXPECT_TRUE(port.members.empty());
  apply(SnapshotBuilder().listener(2, {member(2)}).build());
  EXPECT_EQ(port.listeners.begin()->second.index, 0U);
}

struct Families {
  const char* vip;
  const char* member;
  const char* local6;  // null: IPv6 is not configured
  size_t listeners, ring;
};

TEST(MapSyncFamilies, Ipv6ClientsReachBothFamiliesIpv4ClientsOnlyTheirOwn) {
  for (const Families& row : {Families{"192.0.2.1", "10.0.0.1", nullptr, 1, 1},
                              {"192.0.2.1", "10.0.0.1", "fd00::/112", 1, 1},
                              {"192.0.2.1", "2001:db8::1", "fd00::/112", 1, 0},
                              {"2001:db8::1", "10.0.0.1", "fd00::/112", 1, 1},
                              {"2001:db8::1", "2001:db8::2", "fd00::/112", 1, 1},
                              {"2001:db8::1", "10.0.0.1", nullptr, 0, 0},
                              {"192.0.2.1", "2001:db8::1", nullptr, 1, 0}}) {
    SCOPED_TRACE(fmt::format("{} {} {}", row.vip, row.member, row.local6 ? row.local6 : "-"));
    auto with = options();
    if (row.local6) with.local_addresses6 = *Cidr::parse(row.local6);
    test::FakeMapPort port;
    MapSync sync(port, with, kRate);
    auto snapshot = SnapshotBuilder().listener(1, {member(1)}).build();
    snapshot.vips = {*IpAddress::parse(row.vip)};
    snapshot.listeners[0].vip.address = snapshot.vips[0];
    snapshot.pools[0].members[0].endpoint.address = *IpAddress::parse(row.member);
    auto desired = sync.plan(snapshot, {});
    ASSERT_TRUE(desired);
    ASSERT_TRUE(sync.commit(std::move(*desired), [] { return 0; }));
    EXPECT_EQ(port.listeners.size(), row.listeners);
    EXPECT_EQ(port.rings.empty() ? 0 : port.rings.begin()->second->size(), row.ring);
    const auto holds = [&](const char* prefix, uint8_t length, uint32_t kind) {
      const auto found = port.addrs.find(abi_prefix(*IpAddress::parse(prefix), length));
      return found != port.addrs.end() && found->second == kind;
    };
    EXPECT_EQ(port.addrs.contains(abi_host(*IpAddress::parse(row.vip))), row.listeners != 0);
    EXPECT_EQ(holds("fd00::", 112, ELB_ADDR_LOCAL), row.local6 != nullptr);
    EXPECT_EQ(holds("fd00::1", 128, ELB_ADDR_HOST), row.local6 != nullptr);
  }
}

TEST_F(MapSyncTest, TheNodesOwnAddressWinsOverAVirtualOne) {
  auto snapshot = SnapshotBuilder().listener(1, {}).build();
  snapshot.vips = {*IpAddress::parse("100.125.0.1")};
  apply(snapshot);
  const elb_addr_key key = abi_prefix(*IpAddress::parse("100.125.0.1"), 32);
  EXPECT_EQ(port.addrs.at(key), static_cast<uint32_t>(ELB_ADDR_HOST));
}

model::Snapshot with_algorithm(model::Snapshot snapshot, model::Algorithm algorithm, int sticky_s = 0) {
  snapshot.pools[0].algorithm = algorithm;
  snapshot.pools[0].sticky_s = sticky_s;
  return snapshot;
}
model::Snapshot with_whitelist(model::Snapshot snapshot, const std::vector<const char*>& entries) {
  auto& list = snapshot.listeners[0].whitelist.emplace();
  for (const char* entry : entries) list.push_back(*Cidr::parse(entry));
  return snapshot;
}

TEST_F(MapSyncTest, PL05_LeastConnectionsHasEachMemberOnceWithItsWeight) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1, 10), member(2, 70), member(3, 0)}).build();
  apply(with_algorithm(snapshot, model::Algorithm::kLeastConnections));
  EXPECT_EQ(ring_counts(0), (std::map<uint32_t, size_t>{{*index_of(1, 1), 1}, {*index_of(1, 2), 1}}));
  EXPECT_EQ(port.policies.at(0).algorithm, static_cast<uint32_t>(ELB_LEAST_CONNECTIONS));
  EXPECT_EQ(port.members[*index_of(1, 2)].weight, 70);
}

TEST_F(MapSyncTest, PL06_X24_TheSourceHashHasMaglevsTableWithoutWeightsButForZero) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1, 1), member(2, 100), member(3, 0)}).build();
  apply(with_algorithm(snapshot, model::Algorithm::kSourceIp));
  const auto counts = ring_counts(0);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_NEAR(static_cast<double>(counts.at(*index_of(1, 1))), 16381 / 2.0, 1);
  EXPECT_NE(port.policies.at(0).hash_seed, 0U);
}

TEST_F(MapSyncTest, PL07_TheSourceHashMeetsMaglevsTablesOnly) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1), member(2)}).build();
  apply(snapshot);
  EXPECT_TRUE(port.policies.empty()) << "a plain listener needs none";
  port.take_log();
  apply(with_algorithm(snapshot, model::Algorithm::kSourceIp));
  EXPECT_THAT(port.take_log(), ElementsAre("put ring 0", "put policy 0"));
  apply(with_algorithm(snapshot, model::Algorithm::kLeastConnections));
  EXPECT_THAT(port.take_log(), ElementsAre("put policy 0", "put ring 0"));
  apply(snapshot);
  EXPECT_TRUE(port.policies.empty());
}

TEST_F(MapSyncTest, ST10_StickinessIsOneWrite) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1), member(2)}).build();
  apply(snapshot);
  port.take_log();
  apply(with_algorithm(snapshot, model::Algorithm::kRoundRobin, 60));
  EXPECT_THAT(port.take_log(), ElementsAre("put policy 0"));
  EXPECT_EQ(port.policies.at(0).sticky_ticks, kRate.ticks(60));
  apply(with_algorithm(snapshot, model::Algorithm::kLeastConnections, 60));
  EXPECT_EQ(port.policies.at(0).sticky_ticks, 0U) << "only beside round robin (ST-05)";
}

TEST_F(MapSyncTest, AMembersGenerationIsItsOwn) {
  apply(SnapshotBuilder().listener(1, {member(1), member(2)}).build());
  const uint32_t index = *index_of(1, 1), before = port.members[index].generation;
  EXPECT_NE(before, port.members[*index_of(1, 2)].generation);
  apply(SnapshotBuilder().listener(1, {member(2)}).build());
  sweep(3);
  apply(SnapshotBuilder().listener(1, {member(2), member(3)}).build());
  ASSERT_EQ(index_of(1, 3), index);
  EXPECT_NE(port.members[index].generation, before);
}

TEST_F(MapSyncTest, AC02_AListIsCompleteBeforeItIsNamedAndGoesAfterIt) {
  const auto snapshot = SnapshotBuilder().listener(1, {member(1)}).build();
  apply(snapshot);
  port.take_log();
  apply(with_whitelist(snapshot, {}));
  EXPECT_THAT(port.take_log(), ElementsAre("put policy 0")) << "nobody";
  EXPECT_EQ(port.policies.at(0).flags, ELB_POLICY_WHITELIST);
  const uint32_t empty = port.policies.at(0).acl;

  apply(with_whitelist(snapshot, {"10.0.0.0/8", "2001:db8::/32"}));
  EXPECT_THAT(port.take_log(), ElementsAre("put acl x2", "put policy 0"));
  const uint32_t first = port.policies.at(0).acl;
  EXPECT_NE(first, empty);
  EXPECT_EQ(port.acl.count({ELB_ACL_BITS + ELB_MAPPED_SHIFT + 8, first, elb_mapped(htonl(0x0A000000))}), 1U);
  apply(with_whitelist(snapshot, {"10.0.0.0/8", "2001:db8::/32"}));
  EXPECT_THAT(port.take_log(), IsEmpty()) << "the same list";

  apply(with_whitelist(snapshot, {"10.0.0.0/8"}));
  EXPECT_THAT(port.take_log(), ElementsAre("put acl x1", "put policy 0"));
  EXPECT_EQ(port.acl.size(), 3U) << "a packet may be amid a look into the old list";
  ASSERT_TRUE(sync.audit(usage));
  EXPECT_THAT(port.take_log(), ElementsAre("erase acl x2"));

  apply(snapshot);
  EXPECT_THAT(port.take_log(), ElementsAre("put policy 0"));
  EXPECT_EQ(sync.audit(usage)->repaired, 0U);
  EXPECT_TRUE(port.acl.empty());
  EXPECT_TRUE(sync.view().get()->whitelists.empty());
}

TEST_F(MapSyncTest, ARestartedAgentKeepsWhitelistsAndPolicies) {
  auto snapshot = with_whitelist(SnapshotBuilder().listener(1, {member(1)}).build(), {"10.0.0.0/8", "2001:db8::/32"});
  snapshot.listeners[0].connection_limit = 7;
  apply(snapshot);
  const auto acl = port.acl;
  port.rings[0].reset();
  port.take_log();
  MapSync restarted(port, options(), kRate);
  ASSERT_TRUE(restarted.adopt());
  EXPECT_EQ(restarted.view().get()->whitelists.at(0)->entries().size(), 2U);
  auto desired = restarted.plan(snapshot, usage);
  ASSERT_TRUE(desired);
  ASSERT_TRUE(restarted.commit(std::move(*desired), begun));
  EXPECT_THAT(port.take_log(), ElementsAre("put ring 0"));
  desired = restarted.plan(with_whitelist(snapshot, {"192.0.2.0/24"}), usage);
  ASSERT_TRUE(restarted.commit(std::move(*desired), begun));
  EXPECT_GT(port.policies.at(0).acl, acl.begin()->first.acl) << "a number that nobody has used";
}

TEST_F(MapSyncTest, AnAuditRepairsPoliciesAndWhitelists) {
  const auto snapshot = with_whitelist(SnapshotBuilder().listener(1, {member(1)}).build(), {"10.0.0.0/8"});
  apply(snapshot);
  const auto policies = port.policies;
  const auto acl = port.acl;
  port.policies[0].flags = 0;
  port.policies[5].connection_limit = 1;
  port.acl.clear();
  port.acl[{ELB_ACL_BITS + ELB_MAPPED_SHIFT, policies.at(0).acl, elb_mapped(0)}] = 1;
  const auto audit = sync.audit(usage);
  ASSERT_TRUE(audit);
  EXPECT_THAT(audit->findings,
              testing::UnorderedElementsAre(HasSubstr("policy of listener 0 was changed"),
                                            HasSubstr("policy of listener 5 was in"),
                                            HasSubstr("10.0.0.0/8 of whitelist"), HasSubstr("0.0.0.0/0 of whitelist")));
  EXPECT_EQ(port.policies.size(), 1U);
  EXPECT_TRUE(same(port.policies.at(0), policies.at(0)));
  ASSERT_EQ(port.acl.size(), 1U);
  EXPECT_TRUE(same(port.acl.begin()->first, acl.begin()->first));
}

TEST_F(MapSyncTest, TooManyWhitelistEntriesNameTheOption) {
  auto few = options();
  few.max_acl_entries = 1;
  MapSync small(port, few, kRate);
  const auto desired =
      small.plan(with_whitelist(SnapshotBuilder().listener(1, {}).build(), {"10.0.0.0/8", "11.0.0.0/8"}), usage);
  ASSERT_FALSE(desired);
  EXPECT_THAT(desired.error().message, HasSubstr("max-acl-entries"));
}

TEST_F(MapSyncTest, LB03_TheEipIsASecondKeyOfTheListener) {
  auto snapshot = SnapshotBuilder().listener(1, {member(1)}).build();
  snapshot.listeners[0].eip = *IpAddress::parse("198.51.100.9");
  apply(snapshot);
  ASSERT_EQ(port.listeners.size(), 2U);
  for (const auto& [key, value] : port.listeners) {
    EXPECT_EQ(value.index, 0U);
    EXPECT_EQ(value.flags, ip_of(key.addr) == *snapshot.listeners[0].eip ? ELB_LISTENER_EIP : 0U);
  }
}

}  // namespace
}  // namespace elb::dataplane
