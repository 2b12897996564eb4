// SPDX-License-Identifier: Apache-2.0
// Filters, sorting, pages and fields of lists.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

class ListTest : public ApiTest {
 protected:
  ListTest() {
    for (const std::string name : {"c", "a", "b", "e", "d"}) {
      ids_.push_back(make_lb(name, fmt::format(R"(,"tags":["all","{}"],"admin_state_up":{})", name, name < "c")));
    }
  }
  std::vector<std::string> names(const std::string& query) {
    return column(get("loadbalancers?" + query).body.get("loadbalancers"), "name");
  }
  using Names = std::vector<std::string>;
  std::vector<std::string> ids_;
};

TEST_F(ListTest, FiltersByNameAndId) {
  EXPECT_EQ(names("name=b"), Names{"b"});
  EXPECT_EQ(names("name=none"), Names{});
  EXPECT_EQ(names("id=" + ids_[0]), Names{"c"});
  EXPECT_EQ(names("id=" + kNobody), Names{});
  EXPECT_EQ(names("name=a&name=b&sort=name"), (Names{"a", "b"}));
  EXPECT_EQ(names("name=a&admin_state_up=false"), Names{});
  EXPECT_EQ(names("admin_state_up=True&sort=name"), (Names{"a", "b"}));
  EXPECT_EQ(names("vip_address=192.0.2.2"), Names{"c"});
  EXPECT_EQ(names("provisioning_status=ACTIVE&sort=name").size(), 5U);
}

TEST_F(ListTest, UnknownQueriesAreRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      // query, the parameter that the error names
      {"colour=red", "colour"},
      {"sort=colour", "sort"},
      {"sort=name:up", "sort"},
      {"sort=name:asc:desc", "sort"},
      {"sort_key=colour", "sort_key"},
      {"sort_key=name&sort_dir=up", "sort_key"},
      {"sort_key=name&sort_dir=asc&sort_dir=asc", "sort_dir"},
      {"limit=-1", "limit"},
      {"limit=x", "limit"},
      {"limit=", "limit"},
      {"limit=99999999999", "limit"},
      {"marker=none", "marker"},
      {"page_reverse=perhaps", "page_reverse"},
      {"fields=colour", "fields"}};
  for (const auto& [query, field] : cases) {
    const Answer answer = get("loadbalancers?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.body.get("field").as_string(), field) << query << answer.text;
  }
  EXPECT_EQ(get("pools?tags-any=a").status, 200);
  EXPECT_EQ(post("loadbalancers?x=1", "{}").status, 400);
}

TEST_F(ListTest, Sorts) {
  EXPECT_EQ(names("sort=name"), (Names{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(names("sort=name:desc"), (Names{"e", "d", "c", "b", "a"}));
  EXPECT_EQ(names("sort=admin_state_up:desc,name:asc"), (Names{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(names("sort_key=name&sort_dir=desc"), (Names{"e", "d", "c", "b", "a"}));
  EXPECT_EQ(names("sort_key=admin_state_up,name&sort_dir=asc,desc"), (Names{"e", "d", "c", "b", "a"}));
  const std::string pool = make_lone_pool(ids_[0]);
  for (const int port : {100, 9, 80}) make_member(pool, "198.51.100.10", port);
  EXPECT_EQ(column(get("pools/" + pool + "/members?sort=protocol_port").body.get("members"), "protocol_port"),
            (Names{"9", "80", "100"}));
}

TEST_F(ListTest, TagFilters) {
  EXPECT_EQ(names("tags=all,a"), Names{"a"});
  EXPECT_EQ(names("tags=a,b"), Names{});
  EXPECT_EQ(names("tags-any=a,b&sort=name"), (Names{"a", "b"}));
  EXPECT_EQ(names("not-tags=all,a&sort=name"), (Names{"b", "c", "d", "e"}));
  EXPECT_EQ(names("not-tags-any=a,b&sort=name"), (Names{"c", "d", "e"}));
  EXPECT_EQ(names("not-tags-any=all"), Names{});
}

TEST_F(ListTest, FieldsOfListsAndOfOne) {
  const Answer list = get("loadbalancers?fields=name&fields=id&limit=1");
  EXPECT_EQ(list.body.get("loadbalancers").at(0).keys(), (std::vector<std::string>{"id", "name"}));
  const Answer one = get("loadbalancers/" + ids_[0] + "?fields=name,vip_address");
  EXPECT_EQ(one.body.get("loadbalancer").keys(), (std::vector<std::string>{"name", "vip_address"}));
  EXPECT_EQ(get("loadbalancers/" + ids_[0] + "?fields=colour").status, 400);
  EXPECT_EQ(get("loadbalancers/" + ids_[0] + "?colour=red").status, 400);
}

// The links must work as they are: a client follows them without thinking.
TEST_F(ListTest, PagesForwardAndBackByLinks) {
  const auto link = [](const codec::Value& body, const std::string& rel) {
    const codec::Value links = body.get("loadbalancers_links");
    for (size_t i = 0; i < links.size(); ++i) {
      const std::string href = links.at(i).get("href").as_string();
      if (links.at(i).get("rel").as_string() == rel) return href.substr(href.find('/', 7));
    }
    return std::string();
  };
  Names seen;
  Answer page = get("loadbalancers?limit=2&sort=name&tags=all");
  EXPECT_EQ(link(page.body, "previous"), "");
  for (;;) {
    for (const std::string& name : column(page.body.get("loadbalancers"), "name")) seen.push_back(name);
    const std::string next = link(page.body, "next");
    if (next.empty()) break;
    page = get(next);
    ASSERT_EQ(page.status, 200) << next;
  }
  EXPECT_EQ(seen, (Names{"a", "b", "c", "d", "e"}));
  page = get(link(page.body, "previous"));
  EXPECT_EQ(column(page.body.get("loadbalancers"), "name"), (Names{"c", "d"}));
  page = get(link(page.body, "previous"));
  EXPECT_EQ(column(page.body.get("loadbalancers"), "name"), (Names{"a", "b"}));
  EXPECT_EQ(link(page.body, "previous"), "");
  EXPECT_EQ(get("loadbalancers?limit=10").body.get("loadbalancers_links").size(), 0U);
  EXPECT_EQ(get("loadbalancers?limit=0").body.get("loadbalancers").size(), 5U);
}

TEST_F(ListTest, ChildrenAreFoundByTheirParents) {
  const std::string listener = make_listener(ids_[0], 80);
  make_listener(ids_[1], 80);
  const std::string pool = make_pool(listener);
  make_lone_pool(ids_[1]);
  const std::string monitor = make_monitor(pool);
  EXPECT_EQ(column(get("listeners?loadbalancer_id=" + ids_[0]).body.get("listeners"), "id"), Names{listener});
  EXPECT_EQ(column(get("pools?loadbalancer_id=" + ids_[0]).body.get("pools"), "id"), Names{pool});
  EXPECT_EQ(column(get("pools?listener_id=" + listener).body.get("pools"), "id"), Names{pool});
  EXPECT_EQ(column(get("healthmonitors?pool_id=" + pool).body.get("healthmonitors"), "id"), Names{monitor});
  EXPECT_EQ(get("healthmonitors?pool_id=" + kNobody).body.get("healthmonitors").size(), 0U);
}

}  // namespace
}  // namespace elb::test
