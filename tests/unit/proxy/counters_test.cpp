// SPDX-License-Identifier: Apache-2.0
#include "proxy/counters.h"

#include <gtest/gtest.h>

#include <thread>

namespace elb::proxy {
namespace {

TEST(Histogram, BucketsHoldTheirValues) {
  uint64_t last = 0;
  for (size_t bucket = 0; bucket + 1 < kHistogramBuckets; ++bucket) {
    const uint64_t floor = histogram_floor(bucket);
    const uint64_t top = histogram_floor(bucket + 1) - 1;
    ASSERT_EQ(histogram_bucket(floor), bucket);
    ASSERT_EQ(histogram_bucket(top), bucket);
    ASSERT_LE(top - floor, floor / 16) << "off by more than 1 in 16";
    ASSERT_TRUE(bucket == 0 || floor == last + 1);
    last = top;
  }
  EXPECT_EQ(histogram_bucket(UINT64_MAX), kHistogramBuckets - 1);
}

TEST(Histogram, Quantiles) {
  Histogram histogram;
  for (uint64_t us = 1; us <= 10000; ++us) histogram.record(us);
  HistogramSums sums;
  histogram.add_to(sums);
  EXPECT_EQ(sums.count(), 10000);
  EXPECT_NEAR(static_cast<double>(sums.quantile(0.5)), 5000, 5000.0 / 16);
  EXPECT_NEAR(static_cast<double>(sums.quantile(0.99)), 9900, 9900.0 / 16);
  EXPECT_EQ(sums.quantile(0), 1);
  EXPECT_EQ(HistogramSums{}.quantile(0.5), 0);
}

TEST(Counters, ReaderSumsOverLoopsWhileTheyCount) {
  Counters counters(3);
  std::vector<std::thread> loops;
  for (size_t loop = 0; loop < 3; ++loop)
    loops.emplace_back([&counters, loop] {
      ListenerBlock& block = counters.listener(loop, "l1");
      for (int i = 0; i < 10000; ++i) {
        block.count_status(i % 2 == 0 ? 200 : 502);
        block.latency_us.record(100);
        block.open_connections.add();
        block.open_connections.sub();
      }
    });
  uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t now = counters.listener_sums("l1").requests;
    EXPECT_GE(now, before);
    before = now;
  }
  for (auto& loop : loops) loop.join();
  const ListenerSums sums = counters.listener_sums("l1");
  EXPECT_EQ(sums.requests, 30000);
  EXPECT_EQ(sums.status_2xx, 15000);
  EXPECT_EQ(sums.status_5xx, 15000);
  EXPECT_EQ(sums.status_502, 15000);
  EXPECT_EQ(sums.open_connections, 0);
  EXPECT_EQ(sums.latency_us.count(), 30000);
}

TEST(Counters, ClassesSumUpToRequests) {
  Counters counters(1);
  ListenerBlock& block = counters.listener(0, "l");
  for (const unsigned status : {101U, 200U, 204U, 301U, 404U, 499U, 400U, 502U, 503U, 999U}) block.count_status(status);
  const ListenerSums sums = counters.listener_sums("l");
  EXPECT_EQ(sums.requests, 10);
  EXPECT_EQ(sums.status_2xx + sums.status_3xx + sums.status_4xx + sums.status_5xx + sums.status_other, 10);
  EXPECT_EQ(sums.status_4xx, 3);
  EXPECT_EQ(sums.status_404, 1);
  EXPECT_EQ(sums.status_499, 1);
  EXPECT_EQ(sums.status_502, 1);
  EXPECT_EQ(sums.status_other, 2);
}

TEST(Counters, BlocksStayAndAreById) {
  Counters counters(2);
  MemberBlock& block = counters.member(1, "m1");
  block.requests.add(5);
  EXPECT_EQ(&counters.member(1, "m1"), &block);
  EXPECT_EQ(counters.member_sums("m1").requests, 5);
  EXPECT_EQ(counters.member_sums("m2").requests, 0);
  EXPECT_EQ(counters.members(), std::vector<std::string>{"m1"});
  EXPECT_TRUE(counters.listeners().empty());
}

}  // namespace
}  // namespace elb::proxy
