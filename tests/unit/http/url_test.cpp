// SPDX-License-Identifier: Apache-2.0
// Shows: S7.
#include "http/url.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "harness/seeded_random.h"

namespace elb::http {
namespace {

struct Normal {
  std::string target;
  std::string_view fault;
};

Normal normalise(std::string_view target, const UrlPolicy& policy = {}) {
  std::string scratch(normal_target_bound(target.size()), '\0');
  const NormalTarget normal = normalise_target(target, policy, scratch);
  return {std::string(normal.target), to_string(normal.fault)};
}

TEST(Url, S7_OneSpellingOfEveryPath) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/", "/"},
      {"", "/"},
      {"*", "*"},
      {"?a=b", "/?a=b"},
      {"/a/b.html?x=1&y=%2e%2e/", "/a/b.html?x=1&y=%2e%2e/"},
      {"/%61%2D%2e%5F%7e", "/a-._~"},
      {"/a%2fb", "/a%2Fb"},
      {"/%c3%bc", "/%C3%BC"},
      {"/%e2%82%ac%f0%9f%98%80", "/%E2%82%AC%F0%9F%98%80"},
      {"/a/./b", "/a/b"},
      {"/./", "/"},
      {"/a/..", "/"},
      {"/a/../b", "/b"},
      {"/a/b/%2e%2E/c", "/a/c"},
      {"/a/b/.%2e", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"//a///b//", "/a/b/"},
      {"/a//../b", "/b"},
      {"/...", "/..."},
      {"/..a/.b", "/..a/.b"},
      {"/%252e%252e/", "/%252e%252e/"},
      {"/a;b=c/d", "/a;b=c/d"},
      {"/a%3bb", "/a%3Bb"},
      {"/a;x/b", "/a;x/b"},
      {"/shop/;id=7", "/shop/;id=7"},
      {"/;id=7?a", "/;id=7?a"},
      {"/a\"b<c>d^e`f{g|h}i[j]", "/a%22b%3Cc%3Ed%5Ee%60f%7Bg%7Ch%7Di%5Bj%5D"},
      {"/a%20b%09%0d%0a", "/a%20b%09%0D%0A"},
      {"/:@!$&'()*+,;=", "/:@!$&'()*+,;="},
      {"/a?b?c", "/a?b?c"},
      {"/a%3fb?c", "/a%3Fb?c"},
      {"/a/../b/../../c/..", ""},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(normalise(given).target, expected) << given;
}

TEST(Url, S7_WhatHasNoMeaningIsRefused) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/..", "above-root"},
      {"/a/../..", "above-root"},
      {"/%2e%2e/etc/passwd", "above-root"},
      {"//..", "above-root"},
      {"/a\\b", "backslash"},
      {"/a/..\\..\\b", "backslash"},
      {"/a%5cb", "backslash"},
      {"/a%5Cb", "backslash"},
      {"/%00", "encoded-nul"},
      {"/a.php%00.jpg", "encoded-nul"},
      {"/%", "bad-escape"},
      {"/%2", "bad-escape"},
      {"/%zz", "bad-escape"},
      {"/%u002e", "bad-escape"},
      {"/%c0%ae%c0%ae/", "bad-utf8"},
      {"/%c1%9c", "bad-utf8"},
      {"/%e0%80%af", "bad-utf8"},
      {"/%f0%80%80%af", "bad-utf8"},
      {"/%f8%80%80%80%af", "bad-utf8"},
      {"/%ed%a0%80", "bad-utf8"},
      {"/%f4%90%80%80", "bad-utf8"},
      {"/%c3", "bad-utf8"},
      {"/%c3/%bc", "bad-utf8"},
      {"/%c3x", "bad-utf8"},
      {"/%e9", "bad-utf8"},
      {"/..;/a", "hidden-dots"},
      {"/a/..;x=1/b", "hidden-dots"},
      {"/a/.;/b", "hidden-dots"},
      {"/a/%2e%2e%3b/b", "hidden-dots"},
      {"/;x/admin", "hidden-empty"},
      {"/%3bx/admin", "hidden-empty"},
      {"/a/;x=1;y/b", "hidden-empty"},
      {"/;/", "hidden-empty"},
      {"/;x%2fadmin", "hidden-empty"},
      {"//;x/./admin", "hidden-empty"},
      {"a/b", "bad-target"},
      {"/a b", "bad-target"},
      {"/a#b", "bad-target"},
      {"/a?b#c", "bad-target"},
      {"/a?b\x01", "bad-target"},
      {"/\xc3\xbc", "bad-target"},
  };
  for (const auto& [given, fault] : cases) EXPECT_EQ(normalise(given).fault, fault) << given;
}

TEST(Url, S7_EncodedSlashesByPolicy) {
  EXPECT_EQ(normalise("/a%2f%2eb%2Fc", {EncodedSlash::kKeep}).target, "/a%2F.b%2Fc");
  for (const std::string_view hidden : {"/a%2F%2e%2e%2Fb", "/%2f..", "/..%2fa", "/a%2f.%2fb", "/a%2f..;x"})
    EXPECT_EQ(normalise(hidden, {EncodedSlash::kKeep}).fault, "hidden-dots") << hidden;
  EXPECT_EQ(normalise("/a%2F%2e%2e%2Fb", {EncodedSlash::kDecode}).target, "/b");
  EXPECT_EQ(normalise("/a%2f..%2f..%2fb", {EncodedSlash::kDecode}).fault, "above-root");
  EXPECT_EQ(normalise("/a%2fb", {EncodedSlash::kRefuse}).fault, "encoded-slash");
  EXPECT_EQ(normalise("/a?b%2fc", {EncodedSlash::kRefuse}).target, "/a?b%2fc");
}

TEST(Url, SlashesAreKeptOnDemand) {
  const UrlPolicy keep{.merge_slashes = false};
  EXPECT_EQ(normalise("/proxy/http://b//c", keep).target, "/proxy/http://b//c");
  EXPECT_EQ(normalise("/a//../b", keep).target, "/a/b") << "RFC 3986 5.2.4";
}

TEST(Url, FP13_WhatIsNormalAlreadyIsNotTouched) {
  for (const std::string_view target : {"/elb_gls/glossary.html", "/", "/a/b/?q=%zz|<>\\", "/a:b@c;d=e,f"}) {
    std::array<char, 1> scratch;
    const NormalTarget normal = normalise_target(target, {}, scratch);
    EXPECT_EQ(normal.target.data(), target.data());
    EXPECT_EQ(normal.target, target);
  }
}

TEST(Url, PathAndQueryAreToldApart) {
  std::array<char, 100> scratch;
  const NormalTarget normal = normalise_target("/%61?b=/../c", {}, scratch);
  EXPECT_EQ(normal.path(), "/a");
  EXPECT_EQ(normal.query(), "?b=/../c");
}

// 100,000 spellings: whoever resolves the forwarded path once more, as a member does, arrives where routing was.
TEST(Url, S7_RouteAndMemberSeeTheSamePath) {
  const std::array<std::string_view, 24> pieces = {"/",   "//",  ".",   "..",     "/../",   "/./", "%2e", "%2E%2e",
                                                   "%2f", "a",   "b",   "admin",  ";",      ";x",  "%3b", "%61",
                                                   "\\",  "%5c", "%00", "%c0%ae", "%C3%BC", "%",   "?",   "~"};
  test::SeededRandom random(7);
  std::set<std::string> accepted;
  for (int i = 0; i < 100'000; ++i) {
    std::string target = "/";
    for (size_t count = random.next() % 8; count > 0; --count) target += pieces[random.next() % pieces.size()];
    const Normal once = normalise(target);
    if (once.fault != "none") continue;
    const Normal twice = normalise(once.target);
    ASSERT_EQ(twice.target, once.target) << target;
    const std::string path = once.target.substr(0, once.target.find('?'));
    ASSERT_EQ((path + "/").find("/../"), std::string::npos) << target;
    ASSERT_EQ((path + "/").find("/./"), std::string::npos) << target;
    ASSERT_EQ(path.find("//"), std::string::npos) << target;
    ASSERT_EQ(path.find('\\'), std::string::npos) << target;
    accepted.insert(once.target);
  }
  EXPECT_GT(accepted.size(), 1000U);
}

}  // namespace
}  // namespace elb::http
