// SPDX-License-Identifier: Apache-2.0
// Shows: LB-17, LB-18.
// The vendor's tags: keys with values, the same as the resource's "tags".
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

std::string tag(const std::string& key, const std::string& value) {
  return fmt::format(R"({{"key":"{}","value":"{}"}})", key, value);
}

std::string repeated(const std::string& unit, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += unit;
  return text;
}

TEST_F(ApiTest, LB17_TagsAreKeysWithValues) {
  const std::string lb = make_lb();
  for (const std::string& path : {"/v2.0/my-project/loadbalancers/" + lb + "/tags", "loadbalancers/" + lb + "/tags",
                                  "listeners/" + make_listener(lb, 80) + "/tags"}) {
    EXPECT_EQ(post(path, R"({"tag":)" + tag("env", "a.b") + "}").status, 201) << path;
    EXPECT_EQ(post(path, R"({"tag":)" + tag("env", "c") + "}").status, 201) << "an existing key gets the new value";
    EXPECT_EQ(
        post(path + "/action", R"({"action":"create","tags":[)" + tag("x", "1") + "," + tag("y", "") + "]}").status,
        204);
    EXPECT_EQ(get(path).body.get("tags").dump(),
              R"([{"key":"env","value":"c"},{"key":"x","value":"1"},{"key":"y","value":""}])");
    EXPECT_EQ(del(path + "/x").status, 204);
    EXPECT_EQ(del(path + "/x").status, 404);
    EXPECT_EQ(post(path + "/action", R"({"action":"delete","tags":[{"key":"y"},{"key":"none"}]})").status, 204);
    EXPECT_EQ(get(path).body.get("tags").dump(), R"([{"key":"env","value":"c"}])");
    EXPECT_EQ(del(path + "/env").status, 204);
  }
  EXPECT_EQ(get("loadbalancers/11111111-2222-4333-8444-555555555555/tags").status, 404);
}

TEST_F(ApiTest, LB17_KeysAndValuesHaveLimitsAndCharacters) {
  const std::string lb = make_lb();
  const std::string path = "loadbalancers/" + lb + "/tags", chinese = "\xE8\xB4\x9F";
  const auto status = [&](const std::string& key, const std::string& value) {
    const int made = post(path, R"({"tag":)" + tag(key, value) + "}").status;
    if (made == 201) {
      EXPECT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"tags":[]}})").status, 200);
    }
    return made;
  };
  for (const std::string& unit : {std::string("k"), chinese}) {
    EXPECT_EQ(status(repeated(unit, 35), "v"), 201);
    EXPECT_EQ(status(repeated(unit, 36), "v"), 201);
    EXPECT_EQ(status(repeated(unit, 37), "v"), 400);
    EXPECT_EQ(status("k", repeated(unit, 42)), 201);
    EXPECT_EQ(status("k", repeated(unit, 43)), 201);
    EXPECT_EQ(status("k", repeated(unit, 44)), 400);
  }
  EXPECT_EQ(status("", "v"), 400);
  EXPECT_EQ(status("k", ""), 201);
  EXPECT_EQ(status("Az_-9", "Az_-9."), 201);
  EXPECT_EQ(status("a.b", "v"), 400);
  EXPECT_EQ(status("a", "a.b"), 201);
  for (const std::string c : {"*", "<", ">", "=", "\\\\", ",", "|", "/", " ", "\xC3\xA9"}) {
    EXPECT_EQ(status("a" + c, "v"), 400) << c;
    EXPECT_EQ(status("a", "v" + c), 400) << c;
  }
}

TEST_F(ApiTest, LB17_LB18_NumberAndUniqueKeys) {
  const std::string lb = make_lb(), path = "loadbalancers/" + lb + "/tags";
  EXPECT_EQ(
      post(path + "/action", R"({"action":"create","tags":[)" + tag("k", "1") + "," + tag("k", "2") + "]}").status,
      400);
  EXPECT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"tags":["k=1","k=2"]}})").status, 400);
  EXPECT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"tags":["kube_service_of the cluster/a","k=1"]}})").status,
            200)
      << "a label of Octavia's may be any text";
  EXPECT_EQ(get(path).body.get("tags").dump(), R"([{"key":"k","value":"1"}])");
  for (int i = 2; i < 20; ++i)
    EXPECT_EQ(post(path, R"({"tag":)" + tag(fmt::format("k{}", i), "") + "}").status, 201) << i;
  EXPECT_EQ(post(path, R"({"tag":)" + tag("k20", "") + "}").status, 400) << "the 21st";
  EXPECT_EQ(column(get("loadbalancers?tags=k=1").body.get("loadbalancers"), "id"), std::vector{lb});
  EXPECT_TRUE(column(get("loadbalancers?tags=k=1,k2=x").body.get("loadbalancers"), "id").empty());
  EXPECT_EQ(column(get("loadbalancers?tags-any=k=1,k2=x").body.get("loadbalancers"), "id"), std::vector{lb});
}

}  // namespace
}  // namespace elb::test
