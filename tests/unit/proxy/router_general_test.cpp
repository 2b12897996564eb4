// SPDX-License-Identifier: Apache-2.0
// Policies with headers, cookies, file types, inverted rules and Octavia's other compares; and the router against a
// plain reading of the rules, on random policies. Shows: FP-06, FP-07, FP-08, FP-09.
#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "unit/proxy/policies.h"

namespace elb::proxy {
namespace {

using model::RuleCompare;
using model::RuleType;
using test::exact;
using test::host;
using test::prefix;
using test::regex;
using test::request;
using test::RouterBuilder;
using test::rule;

constexpr size_t kDefault = RouterBuilder::kDefault;

class RouterGeneral : public testing::Test {
 protected:
  void header(std::string_view name, std::string_view value) { headers.add(http::header_id(name), name, value); }
  size_t pool_of(std::string_view url) {
    return Router::compile(*built.listener.http)->route(built.listener, request(url, &headers)).pool;
  }
  /// Does this rule alone hold for the request?
  bool holds(model::SnapshotRule alone, std::string_view url) {
    built = {};
    built.policy({std::move(alone)});
    return pool_of(url) == 0;
  }

  RouterBuilder built;
  http::HeaderTable headers;
};

TEST_F(RouterGeneral, ComparesOfHeaders) {
  header("X-Kind", "blue-green");
  header("User-Agent", "curl/8");
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kEqualTo, "blue-green", "x-kind"), "/"));
  EXPECT_FALSE(holds(rule(RuleType::kHeader, RuleCompare::kEqualTo, "Blue-Green", "x-kind"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kStartsWith, "blue", "X-KIND"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kEndsWith, "green", "X-Kind"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kContains, "e-g", "X-Kind"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kRegex, "^curl/[0-9]", "user-agent"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kRegex, "url", "user-agent"), "/")) << "any part, as Octavia";
  EXPECT_FALSE(holds(rule(RuleType::kHeader, RuleCompare::kEqualTo, "x", "X-Other"), "/"));
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kEqualTo, "x", "X-Other", true), "/")) << "inverted";
}

TEST_F(RouterGeneral, AnyHeaderOfTheNameWillDo) {
  header("X-Kind", "a");
  header("x-kind", "b");
  EXPECT_TRUE(holds(rule(RuleType::kHeader, RuleCompare::kEqualTo, "b", "X-Kind"), "/"));
}

TEST_F(RouterGeneral, Cookies) {
  header("Cookie", "a=1; kind=canary");
  EXPECT_TRUE(holds(rule(RuleType::kCookie, RuleCompare::kEqualTo, "canary", "kind"), "/"));
  EXPECT_FALSE(holds(rule(RuleType::kCookie, RuleCompare::kEqualTo, "canary", "Kind"), "/")) << "names have case";
  EXPECT_FALSE(holds(rule(RuleType::kCookie, RuleCompare::kContains, "", "missing"), "/"));
}

TEST_F(RouterGeneral, FileTypes) {
  EXPECT_TRUE(holds(rule(RuleType::kFileType, RuleCompare::kEqualTo, "jpg"), "/a/b.jpg?x=y.png"));
  EXPECT_TRUE(holds(rule(RuleType::kFileType, RuleCompare::kEqualTo, ".jpg"), "/a/b.jpg"));
  EXPECT_FALSE(holds(rule(RuleType::kFileType, RuleCompare::kEqualTo, "jpg"), "/a.jpg/b"));
  EXPECT_TRUE(holds(rule(RuleType::kFileType, RuleCompare::kRegex, "^(jpe?g|png)$"), "/a/b.tar.jpeg"));
  EXPECT_FALSE(holds(rule(RuleType::kFileType, RuleCompare::kRegex, "^(jpe?g|png)$"), "/a/jpeg"));
}

TEST_F(RouterGeneral, HostsAndPathsWithOtherCompares) {
  EXPECT_TRUE(holds(rule(RuleType::kHostName, RuleCompare::kEndsWith, ".Test.com"), "A.test.COM:80/"));
  EXPECT_FALSE(holds(rule(RuleType::kHostName, RuleCompare::kEndsWith, ".test.com"), "test.com/"));
  EXPECT_TRUE(holds(rule(RuleType::kHostName, RuleCompare::kRegex, "^api[0-9]+\\."), "api12.test.com/"));
  EXPECT_TRUE(holds(rule(RuleType::kPath, RuleCompare::kContains, "/v2/"), "/a/v2/b"));
  EXPECT_FALSE(holds(rule(RuleType::kPath, RuleCompare::kContains, "/v2/"), "/a?/v2/"));
  EXPECT_TRUE(holds(rule(RuleType::kPath, RuleCompare::kEndsWith, ".css"), "/a.css"));
  EXPECT_TRUE(holds(rule(RuleType::kHostName, RuleCompare::kEqualTo, "a.example", "", true), "b.example/"));
  EXPECT_FALSE(holds(rule(RuleType::kPath, RuleCompare::kRegex, "/a", "", true), "/a"));
  EXPECT_TRUE(holds(rule(RuleType::kPath, RuleCompare::kRegex, "/a", "", true), "/ab")) << "the whole path, FP-06";
}

TEST_F(RouterGeneral, AllRulesOfAPolicyHaveToHold) {
  built.policy({prefix("/api"), rule(RuleType::kHeader, RuleCompare::kEqualTo, "1", "X-Canary")});
  header("X-Canary", "1");
  EXPECT_EQ(pool_of("/api/x"), 0);
  EXPECT_EQ(pool_of("/web"), kDefault);
}

TEST_F(RouterGeneral, FurtherConditionsComeBeforeHostAndPathAndInOrder) {
  built.policy({host("h.example"), exact("/a")});
  built.policy({rule(RuleType::kHeader, RuleCompare::kEqualTo, "1", "X-Canary")});
  built.policy({host("h.example"), rule(RuleType::kHeader, RuleCompare::kEqualTo, "1", "X-Canary")});
  EXPECT_EQ(pool_of("h.example/a"), 0);
  header("X-Canary", "1");
  EXPECT_EQ(pool_of("h.example/a"), 1);
}

TEST_F(RouterGeneral, WithoutHeadersNoHeaderMatches) {
  built.policy({rule(RuleType::kHeader, RuleCompare::kContains, "", "X-A")});
  EXPECT_EQ(Router::compile(*built.listener.http)->route(built.listener, request("/")).pool, kDefault);
}

// X-39 read aloud: the best of all policies that match.
size_t plainly(const RouterBuilder& built, const std::string& host_name, const std::string& path) {
  size_t best = kDefault;
  std::tuple<int, int, size_t, size_t> best_rank;
  for (size_t i = 0; i < built.listener.http->policies.size(); ++i) {
    int level = 0;
    int form = 0;
    size_t length = 0;
    bool matches = true;
    for (const auto& each : built.listener.http->policies[i].rules) {
      if (each.type == RuleType::kHostName) {
        level += 2;
        matches &= each.value == host_name;
        continue;
      }
      level += 1;
      if (each.compare == RuleCompare::kEqualTo) {
        form = 3;
        matches &= path == each.value;
      } else if (each.compare == RuleCompare::kStartsWith) {
        form = 2;
        length = each.value.size();
        matches &= path.starts_with(each.value);
      } else {
        form = 1;
        matches &= std::regex_match(path, std::regex(each.value));
      }
    }
    const std::tuple rank(level, form, length, built.listener.http->policies.size() - i);
    if (matches && rank > best_rank) {
      best_rank = rank;
      best = i;
    }
  }
  return best;
}

TEST(RouterModel, AgreesWithAPlainReadingOfTheRules_FP06_FP07_FP08_FP09) {
  std::mt19937 random(7);
  const auto pick = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const auto a_path = [&] {
    std::string path;
    for (size_t i = 0, n = 1 + pick(4); i < n; ++i) path += std::string("/") + "ab"[pick(2)];
    return path;
  };
  size_t matched = 0;
  for (int round = 0; round < 60; ++round) {
    RouterBuilder built;
    for (size_t i = 0, n = pick(60); i < n; ++i) {
      std::vector<model::SnapshotRule> rules;
      const size_t parts = 1 + pick(3);
      if ((parts & 1) != 0) rules.push_back(host(std::string("h") + "12"[pick(2)]));
      if ((parts & 2) != 0) {
        const std::string path = a_path();
        const size_t form = pick(3);
        rules.push_back(form == 0 ? exact(path) : form == 1 ? prefix(path) : regex(path + "(/.*)?"));
      }
      built.policy(std::move(rules));
    }
    const auto router = Router::compile(*built.listener.http);
    for (int i = 0; i < 200; ++i) {
      const std::string name = std::string("h") + "123"[pick(3)];
      const std::string path = a_path();
      const size_t expected = plainly(built, name, path);
      ASSERT_EQ(router->route(built.listener, request(name + path)).pool, expected) << name << path;
      matched += expected != kDefault;
    }
  }
  EXPECT_GT(matched, 5000) << "the test looks at matches, not at defaults";
}

}  // namespace
}  // namespace elb::proxy
