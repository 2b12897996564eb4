// SPDX-License-Identifier: Apache-2.0
// Shows: ST-03, ST-05, ST-07, ST-08, ST-09, ST-10.
#include "proxy/sticky.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/snapshot_builder.h"

namespace elb::proxy {
namespace {

using model::CookieKind;
using test::member;
using namespace std::chrono_literals;

constexpr WallTime kNow{1'700'000'000s};
constexpr StickyKey kKey{1, 2, 3};

class StickyTest : public testing::Test {
 protected:
  StickyTest() {
    snapshot = test::SnapshotBuilder().listener(1, {member(1), member(2), member(3)}).listener(2, {member(4)}).build();
    cookies(0, CookieKind::kLoadBalancer);
    cookies(1, CookieKind::kLoadBalancer);
    learned = std::make_shared<LearnedCookies>();
  }
  void cookies(size_t pool, CookieKind kind) {
    snapshot.pools[pool].cookie = {.kind = kind, .name = "JSESSIONID", .duration_s = 600};
  }
  std::shared_ptr<const Sticky> build(const StickyKey& key = kKey) { return Sticky::build(snapshot, key, learned); }

  /// The Set-Cookie of an answer by `member`, empty if there is none.
  static std::string set_cookie(const Sticky& sticky, size_t pool, size_t member, std::optional<size_t> bound = {}) {
    std::array<char, Sticky::kSetCookieMax> memory;
    http::OutBuffer out(memory);
    return sticky.write_set_cookie(pool, member, bound, kNow, out) ? std::string(out.written()) : std::string();
  }
  /// What a client that was given it sends.
  static std::string cookie_of(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

  static std::optional<size_t> find(const Sticky& sticky, size_t pool, const std::string& cookie, WallTime now = kNow) {
    http::HeaderTable headers;
    headers.add(http::HeaderId::kAccept, "Accept", "*/*");
    if (!cookie.empty()) headers.add(http::HeaderId::kCookie, "Cookie", cookie);
    return sticky.find(pool, headers, now);
  }
  static void learn(const Sticky& sticky, size_t member, const std::string& set_cookie, WallTime now = kNow) {
    http::HeaderTable headers;
    headers.add(http::HeaderId::kSetCookie, "Set-Cookie", set_cookie);
    sticky.learn(0, member, headers, now);
  }

  model::Snapshot snapshot;
  std::shared_ptr<LearnedCookies> learned;
};

TEST_F(StickyTest, CookieHasTheGuidesAttributes_ST07) {
  const std::string text = set_cookie(*build(), 0, 1);
  EXPECT_NE(text.find("; Path=/"), std::string::npos) << text;
  EXPECT_NE(text.find("; Max-Age=600"), std::string::npos) << text;
  EXPECT_NE(text.find("; Expires=Tue, 14 Nov 2023 22:23:20 GMT"), std::string::npos) << text;
  EXPECT_NE(text.find("; HttpOnly"), std::string::npos) << text;
}

TEST_F(StickyTest, CookieLeadsBackToItsMember_ST07) {
  const auto sticky = build();
  for (size_t i = 0; i < 3; ++i) {
    const std::string cookie = cookie_of(set_cookie(*sticky, 0, i));
    EXPECT_EQ(find(*sticky, 0, cookie), i);
    EXPECT_EQ(find(*sticky, 0, "a=b; " + cookie + "; c=d"), i);
    EXPECT_EQ(find(*build(), 0, cookie), i) << "after a restart";
  }
}

TEST_F(StickyTest, WithoutCookieFree_ST07_ST09) {
  EXPECT_FALSE(find(*build(), 0, ""));
  EXPECT_FALSE(find(*build(), 0, "a=b"));
}

TEST_F(StickyTest, SetOnceNotAgain_ST07) {
  const auto sticky = build();
  EXPECT_TRUE(set_cookie(*sticky, 0, 1, 1).empty()) << "the client is bound to it already";
  EXPECT_FALSE(set_cookie(*sticky, 0, 1, 2).empty()) << "it was bound to another one";
}

TEST_F(StickyTest, ForgedCookiesAreNone_ST07) {
  const auto sticky = build();
  const std::string cookie = cookie_of(set_cookie(*sticky, 0, 1));
  const size_t value = cookie.find('=') + 1;
  for (size_t i = value; i < cookie.size(); ++i) {
    std::string forged = cookie;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(find(*sticky, 0, forged)) << i;
  }
  EXPECT_FALSE(find(*sticky, 0, cookie + "A"));
  EXPECT_FALSE(find(*sticky, 0, cookie.substr(0, cookie.size() - 1)));
  EXPECT_FALSE(find(*sticky, 0, cookie.substr(0, value)));
  EXPECT_FALSE(find(*build(StickyKey{9}), 0, cookie)) << "of another key";
}

TEST_F(StickyTest, CookieSaysNothing_ST07) {
  const std::string cookie = cookie_of(set_cookie(*build(), 0, 1));
  EXPECT_EQ(cookie.find(snapshot.pools[0].members[1].id), std::string::npos);
  EXPECT_EQ(cookie.find(snapshot.pools[0].members[1].endpoint.address.to_string()), std::string::npos);
  EXPECT_EQ(cookie.find(snapshot.pools[0].id.substr(0, 8)), std::string::npos);
}

TEST_F(StickyTest, PoolsDoNotTakeEachOthersCookies_ST07) {
  const auto sticky = build();
  const std::string first = cookie_of(set_cookie(*sticky, 0, 1));
  const std::string second = cookie_of(set_cookie(*sticky, 1, 0));
  EXPECT_NE(first.substr(0, first.find('=')), second.substr(0, second.find('=')));
  EXPECT_EQ(find(*sticky, 0, first + "; " + second), 1);
  EXPECT_EQ(find(*sticky, 1, first + "; " + second), 0);
  const std::string renamed = second.substr(0, second.find('=')) + first.substr(first.find('='));
  EXPECT_FALSE(find(*sticky, 1, renamed));
}

TEST_F(StickyTest, EndsWithItsDuration_ST05_ST09) {
  const auto sticky = build();
  const std::string cookie = cookie_of(set_cookie(*sticky, 0, 1));
  EXPECT_EQ(find(*sticky, 0, cookie, kNow + 599s), 1);
  EXPECT_FALSE(find(*sticky, 0, cookie, kNow + 600s));
  EXPECT_FALSE(find(*sticky, 0, cookie, kNow - 1h)) << "from the future";
}

TEST_F(StickyTest, MemberGone_ST09) {
  const std::string cookie = cookie_of(set_cookie(*build(), 0, 1));
  snapshot.pools[0].members.erase(snapshot.pools[0].members.begin());
  EXPECT_EQ(find(*build(), 0, cookie), 0) << "the same member, at its new place";
  snapshot.pools[0].members.erase(snapshot.pools[0].members.begin());
  EXPECT_FALSE(find(*build(), 0, cookie));
}

TEST_F(StickyTest, OnlyBesideRoundRobin_ST03) {
  const std::string cookie = cookie_of(set_cookie(*build(), 0, 1));
  for (const auto algorithm : {model::Algorithm::kLeastConnections, model::Algorithm::kSourceIp}) {
    snapshot.pools[0].algorithm = algorithm;
    EXPECT_TRUE(set_cookie(*build(), 0, 1).empty());
    EXPECT_FALSE(find(*build(), 0, cookie));
  }
}

TEST_F(StickyTest, SwitchedOffAndOn_ST10) {
  const std::string cookie = cookie_of(set_cookie(*build(), 0, 1));
  cookies(0, CookieKind::kNone);
  EXPECT_FALSE(find(*build(), 0, cookie));
  EXPECT_TRUE(set_cookie(*build(), 0, 1).empty());
  cookies(0, CookieKind::kLoadBalancer);
  EXPECT_EQ(find(*build(), 0, cookie), 1);
}

TEST_F(StickyTest, ApplicationsCookieIsLearned_ST08) {
  cookies(0, CookieKind::kApplication);
  const auto sticky = build();
  EXPECT_FALSE(find(*sticky, 0, "JSESSIONID=abc"));
  learn(*sticky, 2, "JSESSIONID=abc; Path=/");
  EXPECT_EQ(find(*sticky, 0, "JSESSIONID=abc"), 2);
  EXPECT_EQ(find(*build(), 0, "x=y; JSESSIONID=abc"), 2) << "in the next snapshot too";
  EXPECT_FALSE(find(*sticky, 0, "JSESSIONID=abd")) << "ST-09: another value";
  EXPECT_FALSE(find(*sticky, 0, "OTHER=abc"));
  EXPECT_TRUE(set_cookie(*sticky, 0, 2).empty()) << "nothing of ours is added";
  learn(*sticky, 1, "JSESSIONID=abc");
  EXPECT_EQ(find(*sticky, 0, "JSESSIONID=abc"), 1) << "the last one who gave it";
}

TEST_F(StickyTest, LearnedMemberGone_ST09) {
  cookies(0, CookieKind::kApplication);
  learn(*build(), 2, "JSESSIONID=abc");
  snapshot.pools[0].members.pop_back();
  EXPECT_FALSE(find(*build(), 0, "JSESSIONID=abc"));
}

TEST_F(StickyTest, LearnedSessionsEndWhenIdle_ST09) {
  cookies(0, CookieKind::kApplication);
  const auto sticky = build();
  learn(*sticky, 2, "JSESSIONID=abc");
  EXPECT_EQ(find(*sticky, 0, "JSESSIONID=abc", kNow + 23h), 2);
  EXPECT_EQ(find(*sticky, 0, "JSESSIONID=abc", kNow + 46h), 2) << "used meanwhile";
  EXPECT_FALSE(find(*sticky, 0, "JSESSIONID=abc", kNow + 71h));
}

TEST(LearnedCookies, IsBoundedAndKeepsTheNewest) {
  LearnedCookies table(64);
  for (uint64_t i = 1; i <= 1000; ++i) table.put({i * 0x9E3779B97F4A7C15U, i}, i, 1000 + static_cast<int64_t>(i));
  size_t found = 0;
  for (uint64_t i = 1; i <= 1000; ++i) found += table.find({i * 0x9E3779B97F4A7C15U, i}, 2000).has_value();
  EXPECT_LE(found, 64);
  EXPECT_GE(found, 32);
  EXPECT_EQ(table.evicted(), 1000 - found);
  EXPECT_EQ(table.find({1000 * 0x9E3779B97F4A7C15U, 1000}, 2000), 1000);
}

}  // namespace
}  // namespace elb::proxy
