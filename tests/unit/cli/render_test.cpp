// SPDX-License-Identifier: Apache-2.0
#include "cli/render.h"

#include <gtest/gtest.h>

#include "cli/table.h"
#include "cli/tree.h"

namespace elb::cli {
namespace {

using codec::Value;

const std::vector<Column> kColumns = {
    {"NAME", "name"}, {"WEIGHT", "weight"}, {"VIP", "vip"}, {"DEFAULT POOL", "pool", true}};

std::vector<Value> two_objects() {
  return {*Value::parse(R"({"id":"1","name":"web","weight":7,"vip":"10.0.0.1","pool":null})"),
          *Value::parse(R"({"id":"2","name":"負荷, \"x\"","weight":100,"vip":null,"pool":"p"})")};
}

TEST(Table, AlignsColumnsByWidthAndNumbersToTheRight) {
  EXPECT_EQ(render_list(Format::kTable, kColumns, two_objects()),
            "NAME       WEIGHT  VIP\n"
            "web             7  10.0.0.1\n"
            "負荷, \"x\"     100  -\n");
}

TEST(Table, WideHasAllColumns) {
  EXPECT_EQ(render_list(Format::kWide, kColumns, two_objects()),
            "NAME       WEIGHT  VIP       DEFAULT POOL\n"
            "web             7  10.0.0.1  -\n"
            "負荷, \"x\"     100  -         p\n");
}

TEST(Table, WrapsItsLastColumnIntoTheTerminal) {
  Table table({"A", "MEANING"});
  table.add({"1", "no listener has this address and port"});
  EXPECT_EQ(table.to_text(28),
            "A  MEANING\n"
            "1  no listener has this\n"
            "   address and port\n");
}

TEST(Render, CsvQuotesAsRfc4180AndHasEveryColumn) {
  EXPECT_EQ(render_list(Format::kCsv, kColumns, two_objects()),
            "name,weight,vip,default_pool\n"
            "web,7,10.0.0.1,\n"
            "\"負荷, \"\"x\"\"\",100,,p\n");
}

TEST(Render, NamesIdsJsonAndYaml) {
  EXPECT_EQ(render_list(Format::kName, kColumns, two_objects()), "web\n負荷, \"x\"\n");
  EXPECT_EQ(render_list(Format::kId, kColumns, two_objects()), "1\n2\n");
  EXPECT_EQ(render_list(Format::kJson, kColumns, {}), "[]\n");
  EXPECT_EQ(render_list(Format::kJson, kColumns, {*Value::parse(R"({"id":"1"})")}),
            "[\n  {\n    \"id\": \"1\"\n  }\n]\n");
  EXPECT_EQ(render_list(Format::kYaml, kColumns, {*Value::parse(R"({"id":"x"})")}), "- id: x\n");
  EXPECT_EQ(render_list(Format::kName, kColumns, {*Value::parse(R"({"id":"x","name":""})")}), "x\n");
}

TEST(Render, ObjectShowsItsFieldsWithoutTheEmptyOnes) {
  const Value object = *Value::parse(
      R"({"id":"1","name":"","up":true,"listeners":[{"id":"a"},{"id":"b"}],"tags":[],"headers":{},"pool":null})");
  EXPECT_EQ(render_object(Format::kTable, kColumns, object),
            "FIELD      VALUE\n"
            "id         1\n"
            "up         true\n"
            "listeners  a, b\n");
  EXPECT_EQ(render_object(Format::kWide, kColumns, object),
            "FIELD      VALUE\n"
            "id         1\n"
            "name       -\n"
            "up         true\n"
            "listeners  a, b\n"
            "tags       -\n"
            "headers    -\n"
            "pool       -\n");
}

TEST(Render, HostileNamesAreMadeHarmless) {
  const Value object = *Value::parse(R"({"id":"1","name":"a\u001b[31mb"})");
  EXPECT_EQ(render_list(Format::kName, kColumns, {object}), "a\uFFFD[31mb\n");
  EXPECT_EQ(render_list(Format::kTable, {{"NAME", "name"}}, {object}), "NAME\na\uFFFD[31mb\n");
}

TEST(Tree, DrawsBranches) {
  const Tree tree{"a", {{"b", {{"c"}, {"d"}}}, {"e"}}};
  EXPECT_EQ(tree.to_text(),
            "a\n"
            "├─ b\n"
            "│  ├─ c\n"
            "│  └─ d\n"
            "└─ e\n");
}

TEST(Tree, ColoursOnlyWhenAsked) {
  EXPECT_EQ(coloured_status("ONLINE", false), "ONLINE");
  EXPECT_EQ(coloured_status("ONLINE", true), "\x1b[32mONLINE\x1b[0m");
  EXPECT_EQ(coloured_status("ERROR", true), "\x1b[1;31mERROR\x1b[0m");
  EXPECT_EQ(coloured_status("PENDING_UPDATE", true), "\x1b[33mPENDING_UPDATE\x1b[0m");
}

}  // namespace
}  // namespace elb::cli
