// SPDX-License-Identifier: Apache-2.0
// Shows: FP-04, FP-05, FP-06, FP-07, FP-08, FP-09, FP-12, FP-17, RD-03, RD-04, X-32 (expressions match the whole path).
#include "proxy/router.h"

#include <gtest/gtest.h>

#include "unit/proxy/policies.h"

namespace elb::proxy {
namespace {

using model::PolicyAction;
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

size_t pool_of(const RouterBuilder& built, const RouteRequest& wanted) {
  const auto router = Router::compile(*built.listener.http);
  const Route route = router->route(built.listener, wanted);
  EXPECT_EQ(route.kind, Route::Kind::kPool);
  return route.pool;
}
size_t pool_of(const RouterBuilder& built, std::string_view url) { return pool_of(built, request(url)); }

std::string location_of(const RouterBuilder& built, const RouteRequest& wanted, uint16_t status) {
  const auto router = Router::compile(*built.listener.http);
  const Route route = router->route(built.listener, wanted);
  EXPECT_EQ(route.kind, Route::Kind::kRedirect);
  EXPECT_EQ(route.status, status);
  std::array<char, 256> memory;
  http::OutBuffer out(memory);
  EXPECT_TRUE(Router::write_location(built.listener, route, wanted, out));
  return std::string(out.written());
}

TEST(Router, HostIsExactWithoutCaseAndPort_FP04) {
  RouterBuilder built;
  built.policy({host("www.test.com")});
  EXPECT_EQ(pool_of(built, "www.test.com/"), 0);
  EXPECT_EQ(pool_of(built, "WWW.Test.COM/x"), 0);
  EXPECT_EQ(pool_of(built, "www.test.com:8080/"), 0);
  EXPECT_EQ(pool_of(built, "www.test.com./"), 0);
  EXPECT_EQ(pool_of(built, "a.www.test.com/"), kDefault);
  EXPECT_EQ(pool_of(built, "test.com/"), kDefault);
  EXPECT_EQ(pool_of(built, "/"), kDefault) << "no host at all";
}

TEST(Router, HostOfThePolicyMayBeInCapitals_FP04) {
  RouterBuilder built;
  built.policy({host("WWW.Test.com")});
  EXPECT_EQ(pool_of(built, "www.test.com/"), 0);
}

TEST(Router, PathsAreMatchedWithoutQuery_FP05) {
  RouterBuilder built;
  built.policy({exact("/elb")}).policy({regex("/.*\\.html")});
  EXPECT_EQ(pool_of(built, "/elb?x=1"), 0);
  EXPECT_EQ(pool_of(built, "/a?b.html"), kDefault);
  EXPECT_EQ(pool_of(built, "/a.html?b"), 1);
}

struct PathCase {
  model::SnapshotRule rule;
  bool matches;
};

// The guide's table for the path /elb/index.html.
TEST(Router, TableOfTheGuide_FP06) {
  const std::vector<PathCase> cases = {
      {exact("/elb/index.html"), true}, {exact("/elb"), false},         {prefix("/elb/index.html"), true},
      {prefix("/elb"), true},           {prefix("/index.html"), false}, {regex("/elb/index.html"), true},
      {regex("/elb"), false},           {regex("/elb[^\\s]*"), true},   {regex("/index.html"), false},
      {regex("^/elb/.*$"), true},
  };
  for (const PathCase& each : cases) {
    RouterBuilder built;
    built.policy({each.rule});
    EXPECT_EQ(pool_of(built, "/elb/index.html") == 0, each.matches) << each.rule.value;
  }
}

TEST(Router, PathsAreComparedWithCase_FP06) {
  RouterBuilder built;
  built.policy({exact("/Elb")});
  EXPECT_EQ(pool_of(built, "/elb"), kDefault);
}

TEST(Router, ExactBeforePrefixBeforeRegex_FP07) {
  RouterBuilder built;
  built.policy({regex("/elb.*")}).policy({prefix("/elb")}).policy({exact("/elb/x")});
  EXPECT_EQ(pool_of(built, "/elb_gls/glossary.html"), 1) << "the guide's example";
  EXPECT_EQ(pool_of(built, "/elb/x"), 2);
}

TEST(Router, LongestPrefixWins_FP08) {
  RouterBuilder built;
  built.policy({prefix("/a")}).policy({prefix("/a/b/c")}).policy({prefix("/a/b")}).policy({prefix("/a/b/x")});
  EXPECT_EQ(pool_of(built, "/a"), 0);
  EXPECT_EQ(pool_of(built, "/ab"), 0);
  EXPECT_EQ(pool_of(built, "/a/b"), 2);
  EXPECT_EQ(pool_of(built, "/a/b/bb"), 2);
  EXPECT_EQ(pool_of(built, "/a/b/cd"), 1);
  EXPECT_EQ(pool_of(built, "/a/b/z"), 2);
  EXPECT_EQ(pool_of(built, "/a/c"), 0) << "behind /a/b/x in the order, yet of none of them but /a";
  EXPECT_EQ(pool_of(built, "/b"), kDefault);
}

TEST(Router, FirstRegexWins_FP08) {
  RouterBuilder built;
  built.policy({regex("/x/.*")}).policy({regex("/.*/y")}).policy({regex("/[xz]/y")});
  EXPECT_EQ(pool_of(built, "/x/y"), 0);
  EXPECT_EQ(pool_of(built, "/z/y"), 1);
}

TEST(Router, HostAndPathBeforeHostBeforePath_FP09) {
  RouterBuilder built;
  built.policy({exact("/p")}).policy({host("h.example")}).policy({host("h.example"), regex("/p.*")});
  EXPECT_EQ(pool_of(built, "h.example/p"), 2) << "a regex with a host beats an exact path without";
  EXPECT_EQ(pool_of(built, "h.example/q"), 1);
  EXPECT_EQ(pool_of(built, "other.example/p"), 0);
  EXPECT_EQ(pool_of(built, "other.example/q"), kDefault);
}

TEST(Router, AHostKnownForOtherPathsLeavesTheRestToPathPolicies_FP09) {
  RouterBuilder built;
  built.policy({host("h.example"), prefix("/a")}).policy({prefix("/b")});
  EXPECT_EQ(pool_of(built, "h.example/b"), 1);
  EXPECT_EQ(pool_of(built, "h.example/c"), kDefault);
}

TEST(Router, WithoutMatchTheDefaultPool_FP12) {
  RouterBuilder built;
  built.policy({exact("/a")});
  EXPECT_EQ(pool_of(built, "/b"), kDefault);
  built.listener.pool.reset();
  const Route route = Router::compile(*built.listener.http)->route(built.listener, request("/b"));
  EXPECT_EQ(route.kind, Route::Kind::kNobody);
  EXPECT_EQ(route.status, 503);
  EXPECT_EQ(route.policy, Route::kNone);
}

TEST(Router, APolicyWhosePoolDoesNotServeIs503NotTheDefaultPool_FP12) {
  RouterBuilder built;
  built.policy({exact("/a")});
  built.listener.http->policies[0].pool.reset();
  const Route route = Router::compile(*built.listener.http)->route(built.listener, request("/a"));
  EXPECT_EQ(route.kind, Route::Kind::kNobody);
  EXPECT_EQ(route.policy, 0);
}

TEST(Router, EverythingIsRedirectedToHttps_RD03_RD04) {
  RouterBuilder built;
  built.policy({exact("/a")}).action(PolicyAction::kReject);
  built.listener.http->redirect_https_port = 443;
  EXPECT_EQ(location_of(built, request("www.test.com/a?b=c"), 301), "https://www.test.com/a?b=c");
  EXPECT_EQ(location_of(built, request("www.test.com:8080/a"), 301), "https://www.test.com/a");
  EXPECT_EQ(location_of(built, request("[2001:db8::1]:80/a"), 301), "https://[2001:db8::1]/a");
  EXPECT_EQ(location_of(built, request("/a"), 301), "https://192.0.2.1/a") << "without a Host";
  built.listener.http->redirect_https_port = 8443;
  EXPECT_EQ(location_of(built, request("www.test.com/"), 301), "https://www.test.com:8443/");
  RouteRequest options = request("www.test.com/");
  options.target = "*";
  options.path_size = 1;
  EXPECT_EQ(location_of(built, options, 301), "https://www.test.com:8443/") << "OPTIONS *";
}

TEST(Router, RedirectsOfPolicies) {
  RouterBuilder built;
  built.policy({exact("/u")}).action(PolicyAction::kRedirectUrl, "https://other.example/new", 307);
  built.policy({prefix("/p")}).action(PolicyAction::kRedirectPrefix, "https://other.example/", 308);
  EXPECT_EQ(location_of(built, request("h.example/u?x"), 307), "https://other.example/new");
  EXPECT_EQ(location_of(built, request("h.example/p/q?x=1"), 308), "https://other.example/p/q?x=1");
}

TEST(Router, LocationThatDoesNotFitIsAnError) {
  RouterBuilder built;
  built.policy({exact("/u")}).action(PolicyAction::kRedirectUrl, "https://other.example/new");
  const RouteRequest wanted = request("/u");
  const Route route = Router::compile(*built.listener.http)->route(built.listener, wanted);
  std::array<char, 10> memory;
  http::OutBuffer out(memory);
  EXPECT_FALSE(Router::write_location(built.listener, route, wanted, out));
}

TEST(Router, RejectIs403) {
  RouterBuilder built;
  built.policy({prefix("/admin")}).action(PolicyAction::kReject);
  const Route route = Router::compile(*built.listener.http)->route(built.listener, request("/admin/x"));
  EXPECT_EQ(route.kind, Route::Kind::kReject);
  EXPECT_EQ(route.status, 403);
  EXPECT_EQ(route.policy, 0);
}

TEST(Router, ValuesOfPathsAreNormalAsRequestsAre) {
  RouterBuilder built;
  built.policy({exact("/a%7eb")}).policy({prefix("/%61pi/")}).policy({prefix("/.")});
  EXPECT_EQ(pool_of(built, "/a~b"), 0);
  EXPECT_EQ(pool_of(built, "/api/x"), 1);
  EXPECT_EQ(pool_of(built, "/.well-known/x"), 2);
  EXPECT_EQ(pool_of(built, "/x"), kDefault);
}

TEST(Router, APolicyWithoutRulesNeverMatches) {
  RouterBuilder built;
  built.policy({});
  EXPECT_EQ(pool_of(built, "/"), kDefault);
}

TEST(Router, BrokenRegexIsToldAndMatchesNothing) {
  RouterBuilder built;
  built.policy({regex("/[")}).policy({regex("/a"), rule(RuleType::kHeader, RuleCompare::kRegex, "(", "X-A")});
  const auto router = Router::compile(*built.listener.http);
  ASSERT_EQ(router->broken().size(), 2);
  EXPECT_EQ(router->broken()[0].policy, 0);
  EXPECT_FALSE(router->broken()[0].reason.empty());
  EXPECT_EQ(router->broken()[1].policy, 1);
  EXPECT_EQ(router->route(built.listener, request("/[")).pool, kDefault);
}

TEST(Router, CatastrophicRegexTakesLinearTime_FP17) {
  RouterBuilder built;
  built.policy({regex("/(a+)+$")}).policy({regex("/(a|aa)+b")});
  const std::string url = "/" + std::string(8000, 'a') + "!";
  EXPECT_EQ(pool_of(built, url), kDefault);
}

TEST(Router, IsKeptWhileTheRulesAreTheSame) {
  RouterBuilder built;
  built.policy({exact("/a")});
  const auto router = Router::compile(*built.listener.http);
  built.listener.http->policies[0].pool = 7;  // pools move in each snapshot
  EXPECT_EQ(Router::compile(*built.listener.http, router), router);
  EXPECT_EQ(router->route(built.listener, request("/a")).pool, 7);
  built.listener.http->policies[0].rules[0].value = "/b";
  EXPECT_NE(Router::compile(*built.listener.http, router), router);
}

}  // namespace
}  // namespace elb::proxy
