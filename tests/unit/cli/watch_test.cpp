// SPDX-License-Identifier: Apache-2.0
// elbctl events, and --watch of lists and single objects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/event_stream.h"
#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using testing::HasSubstr;

const std::string kCreated = R"({"number":7,"time":"2026-01-01T00:00:00Z","what":"created","kind":"pool","id":")" +
                             kId1 + R"(","name":"web","project_id":"","revision":3})";
const std::string kTurned =
    R"({"number":8,"time":"2026-01-01T00:00:01Z","what":"operating_status","kind":"member","id":")" + kId2 +
    R"(","name":"","project_id":"","status":"ERROR","before":"ONLINE","reason":"refused"})";

std::string frame(const std::string& what, const std::string& data) {
  return "id: 8\nevent: " + what + "\ndata: " + data + "\n\n";
}

TEST(EventStream, TakesEventsInWhateverPiecesTheyCome) {
  std::vector<std::string> seen;
  const std::string text =
      "id: 1\n: a comment\n\nid: 2\r\nevent: created\r\ndata: {\ndata: }\r\n\r\n: heartbeat\n\ndata:x\n\n";
  for (const size_t piece : {size_t{1}, size_t{7}, text.size()}) {
    seen.clear();
    EventStream stream([&](const StreamEvent& event) {
      seen.push_back(event.id + "|" + event.name + "|" + event.data);
      return true;
    });
    for (size_t at = 0; at < text.size(); at += piece)
      EXPECT_TRUE(stream.feed(std::string_view(text).substr(at, piece)));
    EXPECT_EQ(seen, (std::vector<std::string>{"2|created|{\n}", "2||x"})) << piece;
  }
}

TEST(Events, AreListedWithWhatChanged) {
  ScriptedAgent agent;
  agent.on("GET /v1/events?since=5&limit=9&kind=pool&kind=member", R"({"events":[)" + kCreated + "," + kTurned + "]}");
  const Ran ran = run_elbctl({"events", "--since", "5", "--kind", "pool", "--kind", "member", "--limit", "9"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("web"));
  EXPECT_THAT(ran.out, HasSubstr("revision 3"));
  EXPECT_THAT(ran.out, HasSubstr(kId2));
  EXPECT_THAT(ran.out, HasSubstr("ONLINE -> ERROR: refused"));
}

TEST(Events, WatchedOnesAreALineEachUntilTheAgentEndsIt) {
  ScriptedAgent agent;
  agent.on("GET /v1/events?watch=true", frame("created", kCreated) + frame("operating_status", kTurned));
  const Ran ran = run_elbctl({"events", "--watch", "-o", "json"}, agent);
  EXPECT_EQ(ran.out, kCreated + "\n" + kTurned + "\n");
  EXPECT_EQ(ran.exit, Exit::kTimeout);
  EXPECT_THAT(ran.err, HasSubstr("has ended the stream"));
  EXPECT_THAT(ran.err, HasSubstr("--watch --since 8"));
}

TEST(Events, WhatTheAgentRefusesIsToldInItsWords) {
  ScriptedAgent agent;
  agent.on("GET /v1/events?since=1&watch=true", {{410, R"({"faultstring":"since: events are not kept any more"})"}});
  const Ran ran = run_elbctl({"events", "--watch", "--since", "1"}, agent);
  EXPECT_EQ(ran.exit, Exit::kError);
  EXPECT_THAT(ran.err, HasSubstr("not kept any more"));
}

TEST(WatchList, AppendsARowForEachObjectThatIsNewOrAnother) {
  ScriptedAgent agent;
  const auto pool = [](const std::string& id, const std::string& name, const std::string& status) {
    return R"({"id":")" + id + R"(","name":")" + name + R"(","operating_status":")" + status + R"("})";
  };
  agent.on("GET /v1/events?limit=1", R"({"events":[],"newest":5})");
  agent.on("GET /v2.0/lbaas/pools", R"({"pools":[)" + pool(kId1, "web", "ONLINE") + "]}");
  agent.on("GET /v1/events?since=5&kind=pool&watch=true",
           frame("operating_status", kCreated) + frame("updated", kCreated) +
               frame("deleted", R"({"id":")" + kId1 + R"(","what":"deleted","name":"web"})"));
  agent.on("GET /v2.0/lbaas/pools?id=" + kId1, R"({"pools":[)" + pool(kId1, "web", "ERROR") + "]}");
  const Ran ran = run_elbctl({"pool", "list", "-w"}, agent);
  EXPECT_EQ(ran.exit, Exit::kTimeout);  // the script is at its end
  std::vector<std::string> lines;
  std::istringstream out(ran.out);
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3U) << ran.out;  // the header, the list, and one row for two events that look alike
  EXPECT_THAT(lines[1], HasSubstr("ONLINE"));
  EXPECT_THAT(lines[2], HasSubstr("ERROR"));
  EXPECT_THAT(ran.err, HasSubstr("pool web deleted"));
}

TEST(WatchObject, EndsWhenItIsDeleted) {
  ScriptedAgent agent;
  agent.on("GET /v1/events?limit=1", R"({"events":[],"newest":5})");
  agent.on("GET /v2.0/lbaas/pools/" + kId1, R"({"pool":{"id":")" + kId1 + R"(","name":"web"}})");
  agent.on("GET /v1/events?since=5&kind=pool&id=" + kId1 + "&watch=true",
           frame("deleted", R"({"id":")" + kId1 + R"(","what":"deleted","name":"web"})"));
  const Ran ran = run_elbctl({"pool", "show", kId1, "--watch", "-o", "json"}, agent);
  EXPECT_EQ(ran.exit, Exit::kNotFound);
  EXPECT_THAT(ran.out, HasSubstr("\"web\""));
  EXPECT_THAT(ran.err, HasSubstr("was deleted"));
}

TEST(WatchList, WhatHasNoEventsOrNoRowsIsRefused) {
  const ScriptedAgent agent;
  EXPECT_EQ(run_elbctl({"subnet", "list", "-w"}, agent).exit, Exit::kUsage);
  EXPECT_EQ(run_elbctl({"pool", "list", "-w", "-o", "yaml"}, agent).exit, Exit::kUsage);
  EXPECT_EQ(run_elbctl({"events", "-w", "-o", "csv"}, agent).exit, Exit::kUsage);
}

}  // namespace
}  // namespace elb::cli
