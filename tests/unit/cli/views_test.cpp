// SPDX-License-Identifier: Apache-2.0
// What the read-only commands print, to the letter.
#include <gtest/gtest.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

constexpr const char* kStatus = R"({"revision":12,"applied_revision":12,"flow_table":{"capacity":1048576,"used":20},
 "sinks":[{"name":"dataplane","applied_generation":9,"applied_revision":12,"error":"","applies":9,"failures":0,"writes":40,"drift_repaired":0,"last_finding":""},
          {"name":"health","applied_generation":9,"applied_revision":11,"error":"no memory","applies":8,"failures":1,"writes":3,"drift_repaired":2,"last_finding":"member 3 was missing"}],
 "load_balancers":[{"id":"l","name":"web","vip_address":"10.0.0.100","admin_state_up":true,"provisioning_status":"ACTIVE","operating_status":"DEGRADED","status_reason":"1 of 2 members is down",
  "listeners":[{"id":"a","name":"web-80","protocol":"TCP","protocol_port":80,"admin_state_up":true,"operating_status":"ONLINE","status_reason":"",
    "stats":{"active_connections":12,"total_connections":1234,"bytes_in":1258291,"bytes_out":999,"request_errors":1},
    "pool":{"id":"p","name":"web-pool","protocol":"TCP","lb_algorithm":"ROUND_ROBIN","operating_status":"DEGRADED","status_reason":"1 of 2 members is down",
      "healthmonitor":{"id":"h","name":"","type":"TCP","delay":5,"timeout":9,"effective_timeout":5,"max_retries":3,"max_retries_down":2,"admin_state_up":true},
      "members":[{"id":"m2","name":"web-10","address":"10.1.0.10","protocol_port":80,"weight":1,"availability_zone":"","admin_state_up":true,"operating_status":"ERROR","status_reason":"connection refused","checked_at":"2026-11-23T23:07:52","latency_us":0},
                 {"id":"m1","name":"web-1","address":"10.1.0.1","protocol_port":80,"weight":10,"availability_zone":"az1","admin_state_up":true,"operating_status":"ONLINE","status_reason":"","checked_at":"2026-11-23T23:07:52","latency_us":320}]}},
   {"id":"b","name":"dns","protocol":"UDP","protocol_port":53,"admin_state_up":false,"operating_status":"OFFLINE","status_reason":"","stats":{"active_connections":0,"total_connections":0,"bytes_in":0,"bytes_out":0,"request_errors":0},"pool":null}],
  "pools":[{"id":"g","name":"green","protocol":"TCP","lb_algorithm":"ROUND_ROBIN","operating_status":"OFFLINE","status_reason":"","healthmonitor":null,"members":[]}]}]})";

TEST(Status, TreeWithHealthReasonsAndTraffic) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", kStatus);
  const Ran ran = run_elbctl({"status"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(ran.out,
            "load balancer web  10.0.0.100  DEGRADED  1 of 2 members is down\n"
            "├─ listener dns  UDP :53  OFFLINE  disabled  0 open, 0 total, 0 B in, 0 B out\n"
            "│  └─ no pool: new connections are refused\n"
            "├─ listener web-80  TCP :80  ONLINE  12 open, 1,234 total, 1.2 MiB in, 999 B out, 1 refused\n"
            "│  └─ pool web-pool  ROUND_ROBIN  DEGRADED  1 of 2 members is down\n"
            "│     ├─ health monitor TCP every 5 s, timeout 5 s, up after 3, down after 2\n"
            "│     ├─ member web-1   10.1.0.1:80   weight 10  az1  ONLINE  0.3 ms\n"
            "│     └─ member web-10  10.1.0.10:80  weight 1        ERROR   connection refused\n"
            "└─ pool green  ROUND_ROBIN  OFFLINE  no listener uses it\n"
            "\n"
            "revision 12, applied; flow table: 20 of 1,048,576 slots used (0.0 %)\n"
            "health: ERROR, revision 11, no memory, 2 entries repaired (last: member 3 was missing)\n");
}

TEST(Status, AddressesLimitsAndStickinessAreInTheTree) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", R"({"revision":1,"applied_revision":1,"load_balancers":[
    {"id":"l","name":"web","vip_address":"10.0.0.100","vip_bandwidth":5,"eip":"203.0.113.1","bandwidth":310000,"operating_status":"ONLINE",
     "status_reason":"","provisioning_status":"ACTIVE","listeners":[
      {"id":"a","name":"a","protocol":"TCP","protocol_port":80,"operating_status":"ONLINE","status_reason":"","connection_limit":5000,
       "toa":true,"whitelist":{"enable_whitelist":true,"whitelist":"10.0.0.0/8,192.0.2.7"},"pool":
       {"id":"p","name":"p","lb_algorithm":"ROUND_ROBIN","session_persistence":{"type":"SOURCE_IP","persistence_timeout":5},
        "operating_status":"ONLINE","status_reason":"","members":[]}},
      {"id":"b","name":"b","protocol":"TCP","protocol_port":81,"operating_status":"ONLINE","status_reason":"","connection_limit":-1,
       "toa":false,"whitelist":{"enable_whitelist":true,"whitelist":""},"pool":
       {"id":"q","name":"q","lb_algorithm":"SOURCE_IP","session_persistence":{"type":"SOURCE_IP","persistence_timeout":null},
        "operating_status":"ONLINE","status_reason":"","members":[]}},
      {"id":"c","name":"c","protocol":"TCP","protocol_port":82,"operating_status":"ONLINE","status_reason":"","connection_limit":-1,
       "toa":false,"whitelist":{"enable_whitelist":false,"whitelist":"10.0.0.0/8"},"pool":null}],"pools":[]}]})");
  const Ran ran = run_elbctl({"status"}, agent);
  EXPECT_EQ(ran.out,
            "load balancer web  10.0.0.100 (5 Mbit/s)  EIP 203.0.113.1 (310,000 Mbit/s)  ONLINE\n"
            "├─ listener a  TCP :80  ONLINE  admits only 10.0.0.0/8,192.0.2.7  at most 5,000 open  toa\n"
            "│  └─ pool p  ROUND_ROBIN, sticky for 5 min  ONLINE\n"
            "├─ listener b  TCP :81  ONLINE  admits nobody\n"
            "│  └─ pool q  SOURCE_IP  ONLINE\n"
            "└─ listener c  TCP :82  ONLINE\n"
            "   └─ no pool: new connections are refused\n"
            "\n"
            "revision 1, applied\n")
      << ran.err;
}

TEST(Status, ColoursOnATerminalUnlessNoColor) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", kStatus);
  EXPECT_NE(run_elbctl({"status"}, agent, {.terminal = true}).out.find("\x1b[32mONLINE\x1b[0m"), std::string::npos);
  EXPECT_EQ(run_elbctl({"status"}, agent, {.variables = {{"NO_COLOR", "1"}}, .terminal = true}).out.find('\x1b'),
            std::string::npos);
  EXPECT_EQ(run_elbctl({"status"}, agent).out.find('\x1b'), std::string::npos);
}

TEST(Status, OneLoadBalancerByNameOrId) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", kStatus);
  EXPECT_EQ(run_elbctl({"status", "web", "-o", "name"}, agent).out, "web\n");
  EXPECT_EQ(run_elbctl({"status", "l", "-o", "id"}, agent).out, "l\n");
  const Ran none = run_elbctl({"status", "other"}, agent);
  EXPECT_EQ(none.exit, Exit::kNotFound);
  EXPECT_EQ(none.out, "");
}

TEST(Status, CsvHasALineForEachMember) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", kStatus);
  EXPECT_EQ(run_elbctl({"status", "-o", "csv"}, agent).out,
            "loadbalancer,listener,pool,member,address,port,weight,az,status,reason,id\n"
            "web,web-80,web-pool,web-1,10.1.0.1,80,10,az1,ONLINE,,m1\n"
            "web,web-80,web-pool,web-10,10.1.0.10,80,1,,ERROR,connection refused,m2\n");
}

TEST(Status, CheckFailsUnlessAllIsOnline) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", kStatus);
  EXPECT_EQ(run_elbctl({"status", "--check"}, agent).exit, Exit::kError);
  agent.on("GET /v1/status",
           R"({"load_balancers":[{"id":"l","operating_status":"ONLINE","provisioning_status":"ACTIVE"}]})");
  EXPECT_EQ(run_elbctl({"status", "--check"}, agent).exit, Exit::kOk);
}

TEST(Status, ConfiguredAndAppliedAreTwoThings) {
  ScriptedAgent agent;
  agent.on("GET /v1/status", R"({"revision":12,"applied_revision":10,"load_balancers":[]})");
  EXPECT_EQ(run_elbctl({"status"}, agent).out, "revision 12, applied so far: 10\n");
}

TEST(LoadBalancerStatus, TreeOfTheApisDocument) {
  ScriptedAgent agent;
  agent.on(
      "GET /v2.0/lbaas/loadbalancers/" + kId1 + "/status",
      R"({"statuses":{"loadbalancer":{"id":"l","name":"web","operating_status":"ONLINE","provisioning_status":"PENDING_UPDATE",
             "listeners":[{"id":"a","name":"","operating_status":"ONLINE","provisioning_status":"ACTIVE","pools":[{"id":"p","name":"pool","operating_status":"ERROR","provisioning_status":"ACTIVE",
               "healthmonitor":{"id":"h","name":"hm","operating_status":"ONLINE","provisioning_status":"ACTIVE"},
               "members":[{"id":"m","name":"","address":"10.1.0.1","protocol_port":80,"operating_status":"ERROR","provisioning_status":"ACTIVE"}]}]}],
             "pools":[{"id":"p","name":"pool","operating_status":"ERROR","provisioning_status":"ACTIVE","members":[]},
                      {"id":"q","name":"green","operating_status":"OFFLINE","provisioning_status":"ACTIVE","members":[]}]}}})");
  EXPECT_EQ(run_elbctl({"lb", "status", kId1}, agent).out,
            "load balancer web  ONLINE (PENDING_UPDATE)\n"
            "├─ listener a  ONLINE\n"
            "│  └─ pool pool  ERROR\n"
            "│     ├─ health monitor hm  ONLINE\n"
            "│     └─ member 10.1.0.1:80  ERROR\n"
            "└─ pool green  OFFLINE\n");
}

TEST(Stats, NumbersByName) {
  ScriptedAgent agent;
  agent.on("GET /v2.0/lbaas/loadbalancers/" + kId1 + "/stats",
           R"({"stats":{"active_connections":7,"bytes_in":12345}})");
  EXPECT_EQ(run_elbctl({"lb", "stats", kId1}, agent).out,
            "FIELD               VALUE\n"
            "active_connections      7\n"
            "bytes_in            12345\n");
  EXPECT_EQ(run_elbctl({"lb", "stats", kId1, "-o", "csv"}, agent).out, "active_connections,bytes_in\n7,12345\n");
}

constexpr const char* kFlows =
    R"({"flows":[{"protocol":"TCP","client":"192.0.2.7:40000","vip":"10.0.0.100:80","local":"100.125.0.2:1024","member":"10.1.0.1:80",
  "listener_id":"a","member_id":"m","state":"established","idle_s":75,"packets_in":10,"bytes_in":2048,"packets_out":9,"bytes_out":100}],"matched":1200,"capacity":1048576,"used":2400})";

TEST(Flows, TableForPeopleAndPlainNumbersForPrograms) {
  ScriptedAgent agent;
  agent.on("GET /v1/flows", kFlows);
  const Ran ran = run_elbctl({"flows"}, agent);
  EXPECT_EQ(
      ran.out,
      "PROTOCOL  CLIENT           VIP            LOCAL             MEMBER       STATE        IDLE      IN       OUT\n"
      "TCP       192.0.2.7:40000  10.0.0.100:80  100.125.0.2:1024  10.1.0.1:80  established  1 m 15 s  2.0 KiB  100 "
      "B\n");
  EXPECT_EQ(ran.err, "1 of 1,200 flows shown; 2,400 of 1,048,576 slots of the flow table used\n");
  EXPECT_EQ(run_elbctl({"flows", "-o", "csv"}, agent).out,
            "protocol,client,vip,local,member,state,idle,in,out,packets_in,packets_out,listener,member_id\n"
            "TCP,192.0.2.7:40000,10.0.0.100:80,100.125.0.2:1024,10.1.0.1:80,established,75,2048,100,10,9,a,m\n");
  EXPECT_EQ(run_elbctl({"flows", "--count"}, agent).out, "1200\n");
}

TEST(Flows, WatchRepeats) {
  ScriptedAgent agent;
  agent.on("GET /v1/flows", kFlows);
  // Two rounds of 3600 s each: the deadline is one round's.
  const Ran ran = run_elbctl({"flows", "--count", "--watch", "3600", "--rounds", "2"}, agent, {.terminal = true});
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(ran.out, "\x1b[H\x1b[2J1200\n\x1b[H\x1b[2J1200\n");
}

constexpr const char* kDrops =
    R"({"drops":[{"reason":"not_ip","description":"not IPv4; passed to the stack","packets":3,"drop":false},
  {"reason":"no_listener","description":"no listener has this address and port","packets":1500,"drop":true},
  {"reason":"no_member","description":"every member is down","packets":0,"drop":true}]})";

TEST(Drops, LargestFirstWithTheirMeaning) {
  ScriptedAgent agent;
  agent.on("GET /v1/drops", kDrops);
  EXPECT_EQ(run_elbctl({"drops"}, agent).out,
            "REASON       PACKETS  ACTION   MEANING\n"
            "no_listener     1500  dropped  no listener has this address and port\n"
            "not_ip             3  passed   not IPv4; passed to the stack\n");
  EXPECT_EQ(run_elbctl({"drops", "--all", "-o", "name"}, agent).out, "no_listener\nnot_ip\nno_member\n");
  EXPECT_EQ(run_elbctl({"drops"}, agent, {.terminal = true, .width = 55}).out,
            "REASON       PACKETS  ACTION   MEANING\n"
            "no_listener     1500  dropped  no listener has this\n"
            "                               address and port\n"
            "not_ip             3  passed   not IPv4; passed to the\n"
            "                               stack\n");
}

TEST(Drops, NothingDroppedIsSaid) {
  ScriptedAgent agent;
  agent.on("GET /v1/drops", R"({"drops":[{"reason":"no_member","description":"","packets":0,"drop":true}]})");
  const Ran ran = run_elbctl({"drops"}, agent);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "no packet was dropped; elbctl drops --all shows what is counted\n");
}

TEST(Version, SaysItsOwnEvenWhenTheAgentIsGone) {
  ScriptedAgent agent;
  agent.on("GET /v1/version", R"({"version":"0.2.0","abi":3})");
  const std::string out = run_elbctl({"version"}, agent).out;
  EXPECT_NE(out.find("elb-agent  0.2.0\n"), std::string::npos) << out;
  EXPECT_NE(out.find("abi        3\n"), std::string::npos) << out;
  const Ran gone = run_elbctl({"version"}, "http://127.0.0.1:1");
  EXPECT_EQ(gone.exit, Exit::kTimeout);
  EXPECT_NE(gone.out.find("elbctl"), std::string::npos) << gone.out;
  EXPECT_EQ(run_elbctl({"version", "--client"}, "http://127.0.0.1:1").exit, Exit::kOk);
}

}  // namespace
}  // namespace elb::cli
