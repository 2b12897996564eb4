// SPDX-License-Identifier: Apache-2.0
// A record of a connection as a line of JSON (docs/monitoring.md, "Flow records").
#include <gtest/gtest.h>

#include "main/flow_log_service.h"

namespace elb {
namespace {

using namespace std::chrono_literals;

model::FlowEvent event() {
  model::FlowEvent event;
  event.flow.client = {*IpAddress::parse("192.0.2.7"), 40000};
  event.flow.vip = {*IpAddress::parse("198.51.100.1"), 80};
  event.flow.local = {*IpAddress::parse("100.125.0.2"), 1024};
  event.flow.member = {*IpAddress::parse("10.0.0.1"), 8080};
  event.flow.listener_id = "L";
  event.flow.member_id = "M";
  event.flow.packets_in = 5;
  event.flow.bytes_in = 600;
  event.flow.packets_out = 4;
  event.flow.bytes_out = 5000;
  event.at = WallTime(1'764'411'630'125ms);
  return event;
}

TEST(FlowLine, AnOpening) {
  std::string line;
  append_flow_line(event(), 10, line);
  EXPECT_EQ(line,
            R"({"time":"2025-11-29T10:20:30.125Z","event":"opened","sampling":10,"protocol":"TCP","listener_id":"L",)"
            R"("member_id":"M","client":"192.0.2.7:40000","vip":"198.51.100.1:80","local":"100.125.0.2:1024",)"
            R"("member":"10.0.0.1:8080"})"
            "\n");
}

TEST(FlowLine, AnEndSaysWhyAndHowMuch) {
  model::FlowEvent ended = event();
  ended.ended = true;
  ended.why = "closed";
  ended.last_packet = ended.at;
  std::string line;
  append_flow_line(ended, 1, line);
  EXPECT_TRUE(line.ends_with(R"("why":"closed","last_packet":"2025-11-29T10:20:30.125Z","packets_in":5,"bytes_in":600,)"
                             R"("packets_out":4,"bytes_out":5000})"
                             "\n"))
      << line;
  ended.opened = ended.at - 90s;
  line.clear();
  append_flow_line(ended, 1, line);
  EXPECT_NE(line.find(R"(,"opened":"2025-11-29T10:19:00.125Z",)"), std::string::npos) << line;
}

}  // namespace
}  // namespace elb
