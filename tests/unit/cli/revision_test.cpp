// SPDX-License-Identifier: Apache-2.0
// elbctl revision and rollback: requests, pages, output, exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kUpdate =
    R"({"action":"update","kind":"member","id":"y","name":"10.2.0.11:80","parent":"web","fields":[)"
    R"({"field":"weight","old":1,"new":5}],"before":{"weight":1},"after":{"weight":5}})";
const std::string kCreate = R"({"action":"create","kind":"listener","id":"x","name":"http","parent":"shop","fields":[)"
                            R"({"field":"protocol_port","old":null,"new":80}],"before":null,"after":{}})";

/// A body with `changes` and where the next page begins.
std::string difference(const std::string& head, const std::string& changes, const std::string& marker = "null") {
  return "{" + head + R"("summary":{"create":1,"update":1,"replace":0,"delete":0},"changes":[)" + changes +
         R"(],"marker":)" + marker + "}";
}

TEST(Revision, ListIsATableAndKnowsPages) {
  ScriptedAgent agent;
  agent.on("GET /v1/revisions?project_id=shop&limit=2&marker=9",
           R"({"revisions":[{"number":8,"time":"2026-11-29T07:00:00Z","user":{"id":"t-1","name":"deploy"},)"
           R"("project_id":null,"call":"POST /v1/apply","changes":4}],"meta_data":{"count":1,"marker":null}})");
  const auto run = [&](const std::string& format) {
    return run_elbctl({"revision", "list", "--limit", "2", "--before", "9", "--project", "shop", "-o", format}, agent);
  };
  const Ran ran = run("table");
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("REVISION"));
  EXPECT_THAT(ran.out, HasSubstr("deploy"));
  EXPECT_THAT(ran.out, HasSubstr("POST /v1/apply"));
  EXPECT_THAT(ran.out, Not(HasSubstr("t-1"))) << "only wide";
  EXPECT_EQ(run("id").out, "8\n");
}

TEST(Revision, ShowGathersEveryPage) {
  ScriptedAgent agent;
  const std::string head =
      R"("number":8,"time":"2026-11-29T07:00:00Z","user":{"id":"t-1","name":"deploy"},"call":"PUT /x",)";
  agent.on("GET /v1/revisions/8", R"({"revision":)" + difference(head, kCreate, "\"x\"") + "}");
  agent.on("GET /v1/revisions/8?marker=x", R"({"revision":)" + difference(head, kUpdate) + "}");
  const Ran ran = run_elbctl({"revision", "show", "8"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(ran.out,
            "create    listener http of shop\n"
            "          protocol_port: 80\n"
            "update    member 10.2.0.11:80 of web\n"
            "          weight: 1 -> 5\n");
  EXPECT_THAT(ran.err, HasSubstr("revision 8, 2026-11-29T07:00:00Z by deploy (PUT /x): 1 created, 1 updated"));
  EXPECT_THAT(run_elbctl({"revision", "show", "8", "-o", "json"}, agent).out, HasSubstr("\"before\""));
}

TEST(Revision, DiffIsToTheNewestUnlessToldOtherwise) {
  ScriptedAgent agent;
  agent.on("GET /v1/diff?from=3", difference(R"("from":3,"to":8,)", kUpdate));
  agent.on("GET /v1/diff?from=3&to=5", difference(R"("from":3,"to":5,)", ""));
  const Ran newest = run_elbctl({"revision", "diff", "3"}, agent);
  EXPECT_EQ(newest.exit, Exit::kOk) << newest.err;
  EXPECT_THAT(newest.out, HasSubstr("weight: 1 -> 5"));
  EXPECT_THAT(newest.err, HasSubstr("from revision 3 to 8: "));
  EXPECT_THAT(run_elbctl({"revision", "diff", "3", "5"}, agent).err, HasSubstr("from revision 3 to 5 nothing differs"));
}

TEST(Revision, OnlyNumbersAreAskedFor) {
  ScriptedAgent agent;
  for (const char* bad : {"x", "", "1x", "99999999999999999999"}) {
    const Ran ran = run_elbctl({"revision", "show", bad}, agent);
    EXPECT_EQ(ran.exit, Exit::kUsage) << bad;
    EXPECT_EQ(run_elbctl({"rollback", bad}, agent).exit, Exit::kUsage) << bad;
  }
  EXPECT_THAT(run_elbctl({"revision", "show", "x"}, agent).err, HasSubstr("elbctl revision list"));
  EXPECT_EQ(run_elbctl({"rollback"}, agent).exit, Exit::kUsage);
  EXPECT_TRUE(agent.requests().empty());
}

std::string rolled_back(const std::string& changes) {
  return R"({"dry_run":false,"to":3,"revision":9,"summary":{"create":1,"update":1,"replace":0,"delete":0,)"
         R"("unchanged":2},"changes":[)" +
         changes + "]}";
}

TEST(Rollback, SendsTheNumberAndTellsWhatCameBack) {
  ScriptedAgent agent;
  agent.on("POST /v1/rollback", rolled_back(kCreate + "," + kUpdate));
  const Ran ran = run_elbctl({"rollback", "3"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_THAT(agent.requests(), ElementsAre(R"(POST /v1/rollback {"revision":3,"dry_run":false})"));
  EXPECT_EQ(ran.out,
            "create    listener http of shop\n"
            "update    member 10.2.0.11:80 of web\n"
            "          weight: 1 -> 5\n");
  EXPECT_THAT(ran.err, HasSubstr("as it was at revision 3: 1 created, 1 updated, 2 unchanged; revision 9"));
}

TEST(Rollback, SaysWhatADryRunAndNothingToDoAre) {
  ScriptedAgent agent;
  agent.on("POST /v1/rollback", {{200, rolled_back(kUpdate)}, {200, rolled_back("")}});
  const Ran dry = run_elbctl({"rollback", "3", "--dry-run", "--base-revision", "8", "--project", "shop"}, agent);
  EXPECT_THAT(dry.err, HasSubstr("a dry run, nothing is changed"));
  EXPECT_THAT(agent.requests(),
              ElementsAre(R"(POST /v1/rollback {"revision":3,"dry_run":true,"project_id":"shop","base_revision":8})"));
  EXPECT_THAT(run_elbctl({"rollback", "3"}, agent).err,
              HasSubstr("nothing to do: everything is as it was at revision 3"));
}

TEST(Rollback, WaitsAndFailsAsApplyDoes) {
  ScriptedAgent agent;
  agent.on("POST /v1/rollback?wait=applied&wait_timeout=5", rolled_back(kUpdate));
  EXPECT_EQ(run_elbctl({"--timeout", "5", "rollback", "3", "--wait"}, agent).exit, Exit::kOk);
  agent.on("POST /v1/rollback", {{404, R"({"faultstring":"revision 3 is not kept any more, the oldest is 7"})"}});
  const Ran gone = run_elbctl({"rollback", "3"}, agent);
  EXPECT_NE(gone.exit, Exit::kOk);
  EXPECT_THAT(gone.err, HasSubstr("the oldest is 7"));
}

}  // namespace
}  // namespace elb::cli
