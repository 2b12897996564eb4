// SPDX-License-Identifier: Apache-2.0
// elbctl apply, diff, validate and export: requests, output, exit status; documents in YAML.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/yaml.h"
#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using codec::Value;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kPlan =
    R"({"dry_run":false,"revision":7,"summary":{"create":1,"update":1,"replace":0,"delete":0,"unchanged":2},"changes":[)"
    R"({"action":"create","kind":"listener","id":"x","name":"http","parent":"shop","path":"p","fields":[)"
    R"({"field":"protocol_port","old":null,"new":80}]},)"
    R"({"action":"update","kind":"member","id":"y","name":"10.2.0.11:80","parent":"web","path":"q","fields":[)"
    R"({"field":"weight","old":1,"new":5},{"field":"name","old":"","new":"\u001b[2J"}]}]})";
const std::string kNothing =
    R"({"dry_run":true,"revision":7,"summary":{"create":0,"update":0,"replace":0,"delete":0,"unchanged":3},"changes":[]})";

TEST(Yaml, IsReadAsJsonHasIt) {
  const auto document = parse_document(
      "a: [1, 2.5, x, 'y', yes, ~]\nb:\n  - {c: true, d: \"10\"}\ne: |\n  one\n  two\nf: 10.0.0.1\ng:\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->dump(),
            R"({"a":[1,2.5,"x","y","yes",null],"b":[{"c":true,"d":"10"}],"e":"one\ntwo\n","f":"10.0.0.1","g":null})");
  const auto json = parse_document(" {\"a\": 1}");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"a":1})");
}

TEST(Yaml, RefusesWhatJsonHasNot) {
  const std::string bomb = "a: &a [1]\nb: [*a, *a]\n";
  for (const auto& [text, expected] : std::map<std::string, std::string>{
           {"a: 1\na: 2\n", "line 2: 'a' is given twice"},
           {bomb, "line 1: anchors are not supported"},
           {"a: *b\n", "alias"},
           {"a: !!binary x\n", "tags are not supported"},
           {"a: 1\n---\nb: 2\n", "a second document begins"},
           {"", "the document is empty"},
           {"[a]: 1\n", "a key must be a word"},
           {"a: [1\n", "line 2"},
           {std::string(100, '[') + std::string(100, ']'), "levels"},
           {"{\"a\": 1, \"a\": 2}", "a"},
           {"a: \xff\n", "line"},
       }) {
    const auto document = parse_document(text);
    ASSERT_FALSE(document) << text;
    EXPECT_THAT(document.error().message, HasSubstr(expected)) << text;
  }
}

TEST(Yaml, WhatIsPrintedIsReadAgain) {
  const auto value = Value::parse(
      R"({"a":"yes","b":"1","c":"null","d":"x: y # z","e":["",{"f":[]},{"g":{}}],"h":"line\nline\n","i":"ü","j":-3,"k":false,"l":"~"})");
  ASSERT_TRUE(value);
  const auto again = parse_document(value->to_yaml());
  ASSERT_TRUE(again) << again.error().message << value->to_yaml();
  EXPECT_EQ(again->dump(), value->dump());
}

TEST(Apply, SendsTheDocumentAndTellsWhatWasDone) {
  ScriptedAgent agent;
  agent.on("POST /v1/apply?prune=true&project_id=shop", kPlan);
  const Ran ran =
      run_elbctl({"apply", "-f", "-", "--prune", "--project", "shop"}, agent, {.input = "load_balancers: []\n"});
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_THAT(agent.requests(), ElementsAre(R"(POST /v1/apply?prune=true&project_id=shop {"load_balancers":[]})"));
  EXPECT_EQ(ran.out,
            "create    listener http of shop\n"
            "update    member 10.2.0.11:80 of web\n"
            "          weight: 1 -> 5\n"
            "          name: \"\" -> \"\\u001b[2J\"\n");
  EXPECT_THAT(ran.err, HasSubstr("1 created, 1 updated, 2 unchanged; revision 7"));
}

TEST(Apply, HoldsToAPlanAndWaits) {
  ScriptedAgent agent;
  agent.on("POST /v1/apply?prune=all&base_revision=6&wait=applied&wait_timeout=5", kPlan);
  const Ran ran = run_elbctl({"--timeout", "5", "apply", "-f", "-", "--prune-all", "--base-revision", "6", "--wait"},
                             agent, {.input = "{}"});
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
}

TEST(Apply, OutputFormsAreThoseOfOtherCommands) {
  ScriptedAgent agent;
  agent.on("POST /v1/apply?dry_run=true", kPlan);
  const auto out = [&](const std::string& format) {
    return run_elbctl({"apply", "-f", "-", "--dry-run", "-o", format}, agent, {.input = "{}"}).out;
  };
  EXPECT_THAT(out("json"), HasSubstr("\"revision\": 7"));
  EXPECT_THAT(out("yaml"), HasSubstr("revision: 7"));
  EXPECT_THAT(out("csv"), HasSubstr("create,listener,http,shop,p,x"));
}

TEST(Diff, ExitStatusTellsWhetherItDiffers) {
  ScriptedAgent agent;
  agent.on("POST /v1/apply?dry_run=true", {{200, kPlan}, {200, kNothing}, {400, R"({"faultstring":"no"})"}});
  const RunOptions input{.input = "{}"};
  const Ran differs = run_elbctl({"diff", "-f", "-"}, agent, input);
  EXPECT_EQ(differs.exit, Exit::kError);
  EXPECT_THAT(differs.err, HasSubstr("to make it so: elbctl apply -f -"));
  EXPECT_THAT(differs.out, HasSubstr("          protocol_port: 80\n"));
  EXPECT_EQ(run_elbctl({"diff", "-f", "-"}, agent, input).exit, Exit::kOk);
  EXPECT_EQ(run_elbctl({"diff", "-f", "-"}, agent, input).exit, Exit::kUsage) << "an error is more than 1";
}

TEST(Apply, ErrorsOfADocumentAreLines) {
  ScriptedAgent agent;
  agent.on(
      "POST /v1/apply",
      {{400,
        R"x({"faultstring":"a: b (and 1 more errors)","errors":[{"path":"a","message":"b"},{"path":"c","message":"d"}]})x"}});
  const Ran ran = run_elbctl({"apply", "-f", "-"}, agent, {.input = "{}"});
  EXPECT_EQ(ran.exit, Exit::kError);
  EXPECT_THAT(ran.err, HasSubstr("\n  a: b\n  c: d\n"));
  const Ran broken = run_elbctl({"apply", "-f", "-"}, agent, {.input = "a: [1\n"});
  EXPECT_EQ(broken.exit, Exit::kUsage);
  EXPECT_THAT(broken.err, HasSubstr("line 2"));
  EXPECT_EQ(run_elbctl({"apply"}, agent).exit, Exit::kUsage) << "without -f";
}

TEST(Validate, AsksNobody) {
  const std::string document =
      "load_balancers:\n- name: a\n  vip_address: 10.0.0.1\n  listeners: [{protocol: HTTPS, protocol_port: 443, "
      "default_tls_container_ref: shop}]\n";
  const Ran fine = run_elbctl({"validate", "-f", "-"}, "http://127.0.0.1:1", {.input = document});
  EXPECT_EQ(fine.exit, Exit::kOk) << fine.err;
  const Ran bad = run_elbctl({"validate", "-f", "-"}, "http://127.0.0.1:1",
                             {.input = document + "- {}\n- {name: b, colour: red, vip_address: 10.0.0.2}\n"});
  EXPECT_EQ(bad.exit, Exit::kError);
  EXPECT_THAT(bad.err, HasSubstr("load_balancers[1].name: is required"));
  EXPECT_THAT(bad.err, HasSubstr("load_balancers[2].colour: unknown field 'colour'"));
}

TEST(Export, PrintsYamlOrJson) {
  ScriptedAgent agent;
  agent.on("GET /v1/export?load_balancer=web&ids=true", R"({"version":1,"load_balancers":[{"name":"web"}]})");
  EXPECT_EQ(run_elbctl({"export", "web", "--ids"}, agent).out, "version: 1\nload_balancers:\n- name: web\n");
  EXPECT_THAT(run_elbctl({"export", "web", "--ids", "-o", "json"}, agent).out, HasSubstr("\"name\": \"web\""));
}

}  // namespace
}  // namespace elb::cli
