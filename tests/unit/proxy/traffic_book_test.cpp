// SPDX-License-Identifier: Apache-2.0
// Shows: MON-02.
// What the agent makes of the counts of its workers, honest ones and others.
#include "proxy/traffic_book.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace elb::proxy {
namespace {

model::Snapshot snapshot(std::vector<std::string> listeners, std::vector<std::string> members = {}) {
  model::Snapshot made;
  for (std::string& id : listeners) {
    model::SnapshotListener& listener = made.listeners.emplace_back();
    listener.id = std::move(id);
    listener.http.emplace();
  }
  model::SnapshotPool& pool = made.pools.emplace_back();
  for (std::string& id : members) pool.members.emplace_back().id = std::move(id);
  return made;
}

/// As it arrives.
CountReport report(const Counters& counters, const model::Snapshot& of) {
  const auto read = decode_counts(encode_counts(counters, of));
  EXPECT_TRUE(read) << read.error().to_string();
  return read ? *read : CountReport();
}

class Book : public testing::Test {
 protected:
  void serve(unsigned status, uint64_t us) {
    ListenerBlock& block = counters.listener(0, "l1");
    block.count_status(status);
    block.latency_us.record(us);
  }
  void take() { book.take(report(counters, given)); }

  Counters counters{2};
  model::Snapshot given = snapshot({"l1"}, {"m1"});
  TrafficBook book;
};

TEST_F(Book, EveryNumberArrives) {
  ListenerBlock& listener = counters.listener(1, "l1");
  MemberBlock& member = counters.member(1, "m1");
  uint64_t number = 1;
#define ELB_COUNT(name) listener.name.add(number++);
  ELB_PROXY_LISTENER_COUNTS(ELB_COUNT)
#undef ELB_COUNT
#define ELB_COUNT(name) member.name.add(number++);
  ELB_PROXY_MEMBER_COUNTS(ELB_COUNT)
#undef ELB_COUNT
  listener.open_connections.sub(1);
  book.expect(given);
  take();
  const auto seen = book.listener("l1");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->connections, 1);
  EXPECT_EQ(seen->open_connections, 1);
  EXPECT_EQ(seen->requests, 4);
  EXPECT_EQ(seen->status_502, 12);
  EXPECT_EQ(seen->floods, 17);
  EXPECT_EQ(seen->request_us, 22);
  const auto served = book.member("m1");
  ASSERT_TRUE(served);
  EXPECT_EQ(served->requests, 23);
  EXPECT_EQ(served->response_us, 30);
}

TEST_F(Book, NothingOfWhatNobodyHasToldOf) {
  book.expect(given);
  EXPECT_FALSE(book.listener("l1"));
  EXPECT_FALSE(book.member("m1"));
  take();
  EXPECT_TRUE(book.listener("l1")) << "the worker knows it, and has counted nothing yet";
  EXPECT_FALSE(book.listener("l2"));
}

TEST_F(Book, AWorkerThatIsReplacedTakesNothingAway) {
  book.expect(given);
  for (int i = 0; i < 10; ++i) serve(200, 100);
  counters.listener(0, "l1").connections.add(3);
  counters.listener(0, "l1").open_connections.add(2);
  take();
  EXPECT_EQ(book.listener("l1")->open_connections, 2);
  book.worker_ended();
  EXPECT_EQ(book.listener("l1")->requests, 10);
  EXPECT_EQ(book.listener("l1")->open_connections, 0) << "they ended with it";
  Counters next(1);
  next.listener(0, "l1").count_status(502);
  next.listener(0, "l1").latency_us.record(100);
  book.take(report(next, given));
  book.take(report(next, given));
  EXPECT_EQ(book.listener("l1")->requests, 11);
  EXPECT_EQ(book.listener("l1")->status_502, 1);
  EXPECT_EQ(book.listener("l1")->latency_us.count(), 11);
}

TEST_F(Book, SumsNeverGoBack) {
  book.expect(given);
  for (int i = 0; i < 10; ++i) serve(200, 100);
  take();
  book.take(report(Counters(1), given));  // "it was nothing"
  EXPECT_EQ(book.listener("l1")->requests, 10);
  EXPECT_EQ(book.listener("l1")->latency_us.count(), 10);
}

TEST_F(Book, ThingsThatAWorkerWasNeverGivenAreNotKept) {
  book.expect(given);
  counters.listener(0, "other").count_status(200);
  book.take(report(counters, snapshot({"l1", "other"}, {"stranger"})));
  EXPECT_FALSE(book.listener("other"));
  EXPECT_FALSE(book.member("stranger"));
}

TEST_F(Book, MoreOpenConnectionsThanThereEverWereAreNone) {
  book.expect(given);
  counters.listener(0, "l1").connections.add(5);
  counters.listener(0, "l1").open_connections.sub(1);  // 2^64 - 1
  const auto refused = decode_counts(encode_counts(counters, given));
  EXPECT_FALSE(refused);
  counters.listener(0, "l1").open_connections.add(8);
  take();
  EXPECT_EQ(book.listener("l1")->open_connections, 5);
}

TEST_F(Book, WhatIsConfiguredNoMoreIsForgottenWhenThereIsTooMuchOfIt) {
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) many.push_back("l" + std::to_string(i));
  book.expect(snapshot(many));
  serve(200, 1);
  book.take(report(counters, snapshot(many)));
  const size_t before = book.longest_report();
  book.expect(snapshot({"l7"}));
  EXPECT_FALSE(book.listener("l1"));
  EXPECT_TRUE(book.listener("l7"));
  EXPECT_EQ(book.longest_report(), before) << "a worker may still tell of them";
  book.expect(snapshot({"l8"}));
  EXPECT_TRUE(book.listener("l7")) << "a few stay";
}

TEST(CountReport, TheLongestIsLongEnough) {
  const std::string id(36, 'x');
  Counters counters(1);
  for (size_t i = 0; i < kHistogramBuckets; ++i) counters.listener(0, id).latency_us.record(histogram_floor(i));
  const model::Snapshot of = snapshot({id}, {id});
  EXPECT_LE(encode_counts(counters, of).size(), longest_report(1, 1));
}

TEST(CountReport, CutOrChangedItIsRefusedOrStillPossible) {
  Counters counters(1);
  for (uint64_t us = 1; us < 1000; us += 7) counters.listener(0, "l1").latency_us.record(us);
  const std::string good = encode_counts(counters, snapshot({"l1", "l2"}, {"m1"}));
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(decode_counts(good.substr(0, size))) << size;
  EXPECT_FALSE(decode_counts(good + "x"));
  std::string huge = good;
  huge[4] = huge[5] = huge[6] = huge[7] = '\xff';
  EXPECT_FALSE(decode_counts(huge)) << "four thousand million listeners";
  EXPECT_FALSE(decode_counts(encode_counts(counters, snapshot({"l1", "l1"})))) << "the same twice";
  SystemRandom random;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    bad[random.next() % bad.size()] ^= static_cast<char>(1 + random.next() % 255);
    const auto read = decode_counts(bad);
    if (!read) continue;
    TrafficBook book;
    book.expect(snapshot({"l1", "l2"}, {"m1"}));
    book.take(*read);
    const auto seen = book.listener("l1");
    EXPECT_LE(seen ? seen->requests : 0, kMostCounted);
  }
}

}  // namespace
}  // namespace elb::proxy
