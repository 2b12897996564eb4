// SPDX-License-Identifier: Apache-2.0
// Shows: LB-03, TLS-10. What is made of a snapshot, and what is taken over from the one before.
#include "proxy/served.h"

#include <gtest/gtest.h>

#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "proxy/ticket_keeper.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using proxy::Served;

class ServedTest : public testing::Test {
 protected:
  ServedTest() {
    model::SnapshotListener listener;
    listener.id = "listener-1";
    listener.vip = {*IpAddress::parse("192.0.2.1"), 443};
    listener.eip = IpAddress::parse("203.0.113.1").value();
    listener.http.emplace().tls.emplace().sni = {{"a.example.com", 1}};
    snapshot_.listeners.push_back(listener);
    snapshot_.certificates = {certificate("one"), certificate("two")};
  }
  static model::SnapshotCertificate certificate(const std::string& id) {
    const Issued issued = issue_for("www.example.com");
    return {id, issued.certificate, issued.private_key};
  }
  std::shared_ptr<const Served> build(const std::shared_ptr<const Served>& old = nullptr) const {
    return Served::build(std::make_shared<const model::Snapshot>(snapshot_), old.get(), sticky_);
  }

  model::Snapshot snapshot_;
  proxy::StickyParts sticky_{{}, std::make_shared<proxy::LearnedCookies>(64)};
};

TEST_F(ServedTest, lb03_a_listener_is_found_by_vip_and_eip_and_by_nothing_else) {
  const auto served = build();
  const Endpoint eip{*snapshot_.listeners[0].eip, 443};
  ASSERT_NE(served->find(snapshot_.listeners[0].vip), nullptr);
  EXPECT_EQ(served->find(eip), served->find(snapshot_.listeners[0].vip));
  EXPECT_EQ(served->find({eip.address, 80}), nullptr);
  EXPECT_EQ(served->find({*IpAddress::parse("192.0.2.2"), 443}), nullptr);
}

TEST_F(ServedTest, listeners_without_http_are_not_the_proxys) {
  snapshot_.listeners[0].http.reset();
  EXPECT_EQ(build()->find(snapshot_.listeners[0].vip), nullptr);
}

TEST_F(ServedTest, tls10_what_did_not_change_is_the_same_object) {
  const auto first = build();
  snapshot_.generation = 2;
  const auto second = build(first);
  const auto& before = first->listeners()[0];
  const auto& after = second->listeners()[0];
  EXPECT_EQ(before.tls, after.tls);
  EXPECT_EQ(before.router, after.router);
  EXPECT_EQ(before.open, after.open);
  snapshot_.certificates[1] = certificate("two");
  const auto third = build(second);
  ASSERT_NE(third->listeners()[0].tls, nullptr);
  EXPECT_NE(third->listeners()[0].tls, after.tls);
  const auto& settings = third->listeners()[0].tls->settings();
  EXPECT_EQ(settings.certificates[0], after.tls->settings().certificates[0]);
  EXPECT_NE(settings.sni[0].credential, after.tls->settings().sni[0].credential);
  EXPECT_EQ(third->listeners()[0].open, after.open);
}

TEST_F(ServedTest, a_bad_name_costs_only_itself_and_a_bad_default_only_its_listener) {
  snapshot_.certificates[1].private_key = "nonsense";
  const auto without_name = build();
  ASSERT_EQ(without_name->problems().size(), 1U);
  EXPECT_NE(without_name->problems()[0].find("a.example.com"), std::string::npos);
  ASSERT_NE(without_name->listeners()[0].tls, nullptr);
  snapshot_.certificates[0].certificate = "nonsense";
  const auto unusable = build();
  EXPECT_EQ(unusable->listeners()[0].tls, nullptr);
  EXPECT_FALSE(unusable->problems().empty());
  EXPECT_NE(unusable->find(snapshot_.listeners[0].vip), nullptr);
}

TEST(TicketKeeperTest, secrets_are_drawn_anew_each_period_and_the_last_ones_stay_for_one_more) {
  ManualClock clock;
  SeededRandom random(1);
  proxy::TicketKeeper keeper(random);
  const auto first = keeper.current(clock.wall());
  EXPECT_EQ(keeper.current(clock.wall()), first);
  clock.advance(tls::TicketSecrets::kPeriod);
  const auto second = keeper.current(clock.wall());
  ASSERT_NE(second, first);
  const uint64_t epoch = first->epoch_at(clock.wall());
  EXPECT_EQ(second->entries()[second->current(clock.wall())].epoch, epoch);
  EXPECT_EQ(second->entries().front().epoch, epoch - 1);
}

}  // namespace
}  // namespace elb::test
