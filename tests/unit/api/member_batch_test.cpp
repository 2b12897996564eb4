// SPDX-License-Identifier: Apache-2.0
// Shows: MB-01.
// PUT pools/{id}/members (MB-01, GEN-10): the whole list or nothing.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

class BatchTest : public ApiTest {
 protected:
  BatchTest() : pool_(make_pool(make_listener(make_lb(), 80))) {}

  Answer batch(const std::string& members, const std::string& query = "", const std::string& more = "") {
    return put("pools/" + pool_ + "/members" + query, fmt::format(R"({{"members":[{}]{}}})", members, more));
  }
  static std::string entry(int host, const std::string& more = "") {
    return fmt::format(R"({{"address":"198.51.100.{}","protocol_port":80{}}})", host, more);
  }
  codec::Value members() { return get("pools/" + pool_ + "/members?sort=address").body.get("members"); }
  std::vector<std::string> addresses() {
    std::vector<std::string> hosts;
    for (const std::string& address : column(members(), "address")) hosts.push_back(address.substr(11));
    return hosts;
  }
  using Hosts = std::vector<std::string>;

  const std::string pool_;
};

TEST_F(BatchTest, MB01_ReplacesTheListAndKeepsWhatStays) {
  EXPECT_EQ(batch(entry(1, R"(,"weight":5,"name":"one")") + "," + entry(2)).status, 202);
  EXPECT_EQ(addresses(), (Hosts{"1", "2"}));
  const std::string first = members().at(0).get("id").as_string();
  const uint64_t before = revision();
  const Answer answer = batch(entry(1, R"(,"weight":7)") + "," + entry(3));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(revision(), before + 1);
  EXPECT_EQ(addresses(), (Hosts{"1", "3"}));
  EXPECT_EQ(members().at(0).get("id").as_string(), first);
  EXPECT_EQ(members().at(0).get("weight").as_int(), 7);
  EXPECT_EQ(members().at(0).get("name").as_string(), "one");  // not given: as it was
  EXPECT_EQ(batch("").status, 202);
  EXPECT_EQ(addresses(), Hosts{});
}

TEST_F(BatchTest, AdditiveOnlyRemovesNothing) {
  batch(entry(1) + "," + entry(2));
  EXPECT_EQ(batch(entry(2, R"(,"weight":9)") + "," + entry(3), "?additive_only=True").status, 202);
  EXPECT_EQ(addresses(), (Hosts{"1", "2", "3"}));
  EXPECT_EQ(members().at(1).get("weight").as_int(), 9);
  EXPECT_EQ(batch(entry(1), "?additive_only=false").status, 202);
  EXPECT_EQ(addresses(), (Hosts{"1"}));
  EXPECT_EQ(batch(entry(1), "?additive_only=x").status, 400);
}

TEST_F(BatchTest, VendorActions) {
  EXPECT_EQ(batch(entry(1) + "," + entry(2), "", R"(,"action":"add")").status, 202);
  const Answer clash = batch(entry(3) + "," + entry(2), "", R"(,"action":"add")");
  EXPECT_EQ(clash.status, 409);
  EXPECT_EQ(clash.body.get("field").as_string(), "members[1]");
  EXPECT_EQ(addresses(), (Hosts{"1", "2"}));
  const std::string first = members().at(0).get("id").as_string();
  EXPECT_EQ(batch("{\"id\":\"" + first + "\"}", "", R"(,"action":"delete")").status, 202);
  EXPECT_EQ(addresses(), (Hosts{"2"}));
  const Answer missing = batch("{\"id\":\"" + first + "\"}", "", R"(,"action":"delete")");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body.get("field").as_string(), "members[0].id");
  EXPECT_EQ(batch(entry(5), "", R"(,"action":"replace")").status, 202);
  EXPECT_EQ(addresses(), (Hosts{"5"}));
  EXPECT_EQ(batch(entry(5), "", R"(,"action":"upsert")").status, 400);
  EXPECT_EQ(batch(entry(5), "?additive_only=true", R"(,"action":"add")").status, 400);
}

TEST_F(BatchTest, MB01_LimitIsExact) {
  std::string list;
  for (int i = 0; i < 200; ++i) list += (i ? "," : "") + entry(i + 1);
  EXPECT_EQ(batch(list).status, 202);
  EXPECT_EQ(addresses().size(), 200U);
  EXPECT_EQ(batch(list + "," + entry(201)).status, 400);
  EXPECT_EQ(addresses().size(), 200U);
}

TEST_F(BatchTest, ABadEntryChangesNothing) {
  batch(entry(1) + "," + entry(2));
  const std::string before = configuration();
  const uint64_t at = revision();
  struct Case {
    std::string members;
    int status;
    std::string field;
  };
  const std::string id = members().at(0).get("id").as_string();
  const std::vector<Case> cases = {
      {entry(3) + "," + entry(4) + "," + entry(3), 400, "members[2]"},
      {entry(1) + "," + entry(1), 400, "members[1]"},
      {entry(3) + "," + entry(4, R"(,"weight":101)"), 400, "members[1].weight"},
      {entry(3) + "," + entry(4, R"(,"colour":1)"), 400, "members[1].colour"},
      {entry(3) + R"(,{"address":"198.51.100.4"})", 400, "members[1].protocol_port"},
      {entry(3) + ",null", 400, "members[1]"},
      {entry(1, R"(,"id":")" + id + "\""), 400, "members[0].id"},
      {entry(1, R"(,"subnet_id":"other")"), 400, "members[0].subnet_id"},
      {entry(3, R"(,"backup":1)"), 400, "members[0].backup"},
      {entry(3, R"(,"name":")" + std::string(256, 'x') + "\""), 400, "members[0].name"},
  };
  for (const Case& item : cases) {
    const Answer answer = batch(item.members);
    EXPECT_EQ(answer.status, item.status) << item.members << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), item.field) << answer.text;
    EXPECT_EQ(configuration(), before) << item.members;
  }
  EXPECT_EQ(revision(), at);
  EXPECT_EQ(put("pools/" + kNobody + "/members", R"({"members":[]})").status, 404);
}

}  // namespace
}  // namespace elb::test
