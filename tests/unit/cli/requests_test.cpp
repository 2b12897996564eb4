// SPDX-License-Identifier: Apache-2.0
// What every command sends: method, path and body, with names resolved.
#include <gtest/gtest.h>

#include <set>

#include "cli/command.h"
#include "unit/cli/support.h"

namespace elb::cli {
namespace {

const std::string kLb = "/v2.0/lbaas/loadbalancers";
const std::string kListeners = "/v2.0/lbaas/listeners";
const std::string kPools = "/v2.0/lbaas/pools";
const std::string kMonitors = "/v2.0/lbaas/healthmonitors";
const std::string kWhitelists = "/v2.0/lbaas/whitelists";
const std::string kEips = "/v1/eips";
const std::string kCerts = "/v2.0/lbaas/certificates";
const std::string kAlarms = "/v1/alarms";
const std::string kLogtanks = "/v2.0/lbaas/logtanks";
const std::string kCert = "11111111111141118111111111111111";
const std::string kQuota = "/v2.0/lbaas/quotas/pr";
const std::string kPolicies = "/v2.0/lbaas/l7policies";
const std::string kRules = kPolicies + "/" + kId1 + "/rules";
const std::string kMembers = kPools + "/" + kId2 + "/members";

/// An agent with a load balancer "web", a listener "web-80", a pool "p", a member "m" and a health monitor "hm".
void fill(ScriptedAgent& agent) {
  const std::string lb = R"({"id":")" + kId1 + R"(","name":"web","vip_address":"10.0.0.100"})";
  const std::string listener = R"({"id":")" + kId3 + R"(","name":"web-80","protocol":"UDP"})";
  const std::string pool = R"({"id":")" + kId2 + R"(","name":"p"})";
  const std::string member = R"({"id":")" + kId3 + R"(","name":"m","address":"10.1.0.1","protocol_port":80})";
  const std::string monitor = R"({"id":")" + kId3 + R"(","name":"hm"})";
  const auto one = [](const char* key, const std::string& object) {
    return "{\"" + std::string(key) + "\":" + object + "}";
  };
  const auto list = [](const char* key, const std::string& object) {
    return "{\"" + std::string(key) + "\":[" + object + "]}";
  };
  agent.on("GET " + kLb, list("loadbalancers", lb)).on("GET " + kLb + "?name=web", list("loadbalancers", lb));
  agent.on("POST " + kLb, {{201, one("loadbalancer", lb)}}).on("PUT " + kLb + "/" + kId1, one("loadbalancer", lb));
  agent.on("DELETE " + kLb + "/" + kId1, {{204, ""}}).on("DELETE " + kLb + "/" + kId1 + "?cascade=true", {{204, ""}});
  agent.on("GET " + kLb + "/" + kId1 + "/status", R"({"statuses":{"loadbalancer":{"name":"web"}}})");
  agent.on("GET " + kLb + "/" + kId1 + "/stats", R"({"stats":{"bytes_in":1}})");
  agent.on("GET " + kListeners, list("listeners", listener));
  agent.on("GET " + kListeners + "?loadbalancer_id=" + kId1, list("listeners", listener));
  agent.on("GET " + kListeners + "?name=web-80", list("listeners", listener));
  agent.on("GET " + kListeners + "/" + kId3, one("listener", listener));
  agent.on("POST " + kListeners, {{201, one("listener", listener)}});
  agent.on("PUT " + kListeners + "/" + kId3, one("listener", listener))
      .on("DELETE " + kListeners + "/" + kId3, {{204, ""}});
  agent.on("GET " + kListeners + "/" + kId3 + "/stats", R"({"stats":{"bytes_in":1}})");
  agent.on("GET " + kPools, list("pools", pool)).on("GET " + kPools + "?name=p", list("pools", pool));
  agent.on("GET " + kPools + "?loadbalancer_id=" + kId1, list("pools", pool));
  agent.on("POST " + kPools, {{201, one("pool", pool)}}).on("PUT " + kPools + "/" + kId2, one("pool", pool));
  agent.on("DELETE " + kPools + "/" + kId2, {{204, ""}});
  agent.on("GET " + kMembers, list("members", member)).on("GET " + kMembers + "?name=m", list("members", member));
  agent.on("GET " + kMembers + "?name=10.1.0.1%3A80", R"({"members":[]})");
  agent.on("GET " + kMembers + "?address=10.1.0.1&protocol_port=80", list("members", member));
  agent.on("POST " + kMembers, {{201, one("member", member)}}).on("PUT " + kMembers, {{202, ""}});
  agent.on("PUT " + kMembers + "?additive_only=true", {{202, ""}});
  agent.on("PUT " + kMembers + "/" + kId3, one("member", member)).on("DELETE " + kMembers + "/" + kId3, {{204, ""}});
  agent.on("GET " + kMonitors, list("healthmonitors", monitor));
  agent.on("GET " + kMonitors + "?name=hm", list("healthmonitors", monitor));
  agent.on("POST " + kMonitors, {{201, one("healthmonitor", monitor)}});
  agent.on("PUT " + kMonitors + "/" + kId3, one("healthmonitor", monitor))
      .on("DELETE " + kMonitors + "/" + kId3, {{204, ""}});
  const std::string whitelist = R"({"id":")" + kId2 + R"(","listener_id":")" + kId3 + R"(","whitelist":"10.0.0.0/8"})";
  agent.on("GET " + kWhitelists, list("whitelists", whitelist));
  agent.on("GET " + kWhitelists + "?listener_id=" + kId3, list("whitelists", whitelist));
  agent.on("GET " + kWhitelists + "/" + kId2, one("whitelist", whitelist));
  agent.on("POST " + kWhitelists, {{201, one("whitelist", whitelist)}});
  agent.on("PUT " + kWhitelists + "/" + kId2, one("whitelist", whitelist));
  agent.on("DELETE " + kWhitelists + "/" + kId2, {{204, ""}});
  const std::string alarm = R"({"id":")" + kId3 + R"(","name":"a"})";
  agent.on("GET " + kAlarms, list("alarms", alarm)).on("GET " + kAlarms + "?name=a", list("alarms", alarm));
  agent.on("GET " + kAlarms + "?state=ok", list("alarms", alarm)).on("POST " + kAlarms, {{201, one("alarm", alarm)}});
  agent.on("PUT " + kAlarms + "/" + kId3, one("alarm", alarm)).on("DELETE " + kAlarms + "/" + kId3, {{204, ""}});
  agent.on("POST " + kAlarms + "/" + kId3 + "/test",
           R"({"results":[{"type":"webhook","address":"http://x/","delivered":true,"error":null}]})");
  const std::string tank = R"({"id":")" + kId2 + R"(","loadbalancer_id":")" + kId1 + R"("})";
  agent.on("GET " + kLogtanks, list("logtanks", tank));
  agent.on("GET " + kLogtanks + "?loadbalancer_id=" + kId1, list("logtanks", tank));
  agent.on("POST " + kLogtanks, {{201, one("logtank", tank)}}).on("DELETE " + kLogtanks + "/" + kId2, {{204, ""}});
  agent.on("GET /v1/logs?loadbalancer_id=" + kId1 + "&status=5xx&limit=2", R"({"logs":[{"status":502}],"next":7})");
  agent.on("GET /v1/explain", R"({"findings":[]})").on("GET /v1/explain?id=" + kId1, R"({"findings":[]})");
  agent.on("GET /v1/explain?id=" + kId2, R"({"findings":[],"checks":[{"member":"m"}],"steps":[]})");
  agent.on("GET /v1/metrics?lbaas_instance_id=" + kId1,
           R"({"metrics":[{"metric_name":"m1_cps","dimensions":[{"name":"lbaas_instance_id","value":")" + kId1 +
               R"("}]}]})");
  agent.on("POST /v1/metrics/batch",
           R"({"metrics":[{"metric_name":"m1_cps","unit":"Count","datapoints":[{"average":1.5,"max":2,"min":1,)"
           R"("sum":1.5,"timestamp":1700000000000,"unit":"Count"}]}]})");
  const std::string eip = R"({"id":")" + kId3 + R"(","name":"e","address":"203.0.113.1","loadbalancer_id":")" + kId1 +
                          R"(","vip_address":"10.0.0.100"})";
  agent.on("GET " + kEips, list("eips", eip)).on("GET " + kEips + "?name=e", list("eips", eip));
  agent.on("GET " + kEips + "?name=203.0.113.1", R"({"eips":[]})");
  agent.on("GET " + kEips + "?address=203.0.113.1", list("eips", eip));
  agent.on("GET " + kEips + "?loadbalancer_id=" + kId1, list("eips", eip));
  agent.on("POST " + kEips, {{201, one("eip", eip)}}).on("PUT " + kEips + "/" + kId3, one("eip", eip));
  agent.on("DELETE " + kEips + "/" + kId3, {{204, ""}});
  const std::string certificate = R"({"id":")" + kCert + R"(","name":"c"})";
  agent.on("GET " + kCerts, list("certificates", certificate));
  agent.on("GET " + kCerts + "?name=c", list("certificates", certificate));
  agent.on("POST " + kCerts, {{201, certificate}}).on("PUT " + kCerts + "/" + kCert, certificate);
  agent.on("DELETE " + kCerts + "/" + kCert, {{204, ""}});
  const std::string policy = R"({"id":")" + kId1 + R"(","name":"y","listener_id":")" + kId3 + R"("})";
  agent.on("GET " + kPolicies, list("l7policies", policy))
      .on("GET " + kPolicies + "?name=y", list("l7policies", policy));
  agent.on("GET " + kPolicies + "?listener_id=" + kId3, list("l7policies", policy));
  agent.on("POST " + kPolicies, {{201, one("l7policy", policy)}});
  agent.on("PUT " + kPolicies + "/" + kId1, one("l7policy", policy))
      .on("DELETE " + kPolicies + "/" + kId1, {{204, ""}});
  const std::string rule = R"({"id":")" + kId2 + R"(","type":"PATH"})";
  agent.on("GET " + kRules, list("rules", rule)).on("GET " + kRules + "/" + kId2, one("rule", rule));
  agent.on("POST " + kRules, {{201, one("rule", rule)}}).on("PUT " + kRules + "/" + kId2, one("rule", rule));
  agent.on("DELETE " + kRules + "/" + kId2, {{204, ""}});
  agent.on("GET /v2.0/subnets", R"({"subnets":[{"id":"s-1","name":"front"}]})");
  agent.on("GET /v2.0/subnets?name=front", R"({"subnets":[{"id":"s-1","name":"front"}]})");
  agent.on("GET /v1/status", R"({"revision":1,"applied_revision":1,"load_balancers":[]})");
  agent.on("GET /v1/flows", R"({"flows":[],"matched":0,"capacity":8,"used":0})");
  agent.on("GET /v1/flows?protocol=TCP&client=192.0.2.7&vip=10.0.0.100&vip_port=80&member_port=81&listener_id=" + kId3 +
               "&state=closing%2Cclosed&member_id=" + kId1 + "&limit=5",
           R"({"flows":[],"matched":0,"capacity":8,"used":0})");
  agent.on("GET /v1/doctor", R"({"errors":0,"findings":[]})").on("GET /v1/counters", "{}");
  agent.on("GET /v1/trace?protocol=TCP&client=192.0.2.7&client_port=1024&vip=10.0.0.100&vip_port=80",
           R"({"steps":[]})");
  agent.on(R"(POST /v1/tokens)", R"({"token":{"id":"1","secret":"s"}})").on("GET /v1/tokens", R"({"tokens":[]})");
  agent.on("DELETE /v1/tokens/1", std::vector<Answer>{{204, ""}}).on("GET /v1/projects", R"({"projects":[]})");
  agent.on("POST /v1/projects", R"({"project":{"id":"7"}})").on("GET /v1/projects/shop", R"({"project":{"id":"7"}})");
  agent.on("DELETE /v1/projects/7", std::vector<Answer>{{204, ""}}).on("GET " + kQuota, R"({"quota":{"listener":5}})");
  agent.on("PUT " + kQuota, R"({"quota":{"listener":5}})").on("DELETE " + kQuota, std::vector<Answer>{{204, ""}});
  agent.on("GET /v1/traces?trace_rating=warning", R"({"traces":[]})").on("GET /v1/traces/1", R"({"trace":{}})");
  agent.on("GET /v1/drops", R"({"drops":[]})").on("GET /v1/version", R"({"version":"0.1.0","abi":1})");
}

struct Case {
  std::string line;  // after "elbctl"
  std::vector<std::string> requests;
};

const std::string kByWeb = "GET " + kLb + "?name=web";
const std::string kByListener = "GET " + kListeners + "?name=web-80";
const std::string kByPool = "GET " + kPools + "?name=p";
const std::string kByMember = "GET " + kMembers + "?name=m";
const std::string kByEip = "GET " + kEips + "?name=e";
const std::string kByAlarm = "GET " + kAlarms + "?name=a";
const std::string kWhitelistOf = "GET " + kWhitelists + "?listener_id=" + kId3;
const std::string kByCert = "GET " + kCerts + "?name=c";
const std::string kByPolicy = "GET " + kPolicies + "?name=y";
const std::string kByMonitor = "GET " + kMonitors + "?name=hm";

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"loadbalancer create web --vip-address 10.0.0.100 --vip-subnet front --tag a --tag b --disable --project pr",
       {"GET /v2.0/subnets?name=front",
        "POST " + kLb +
            R"( {"loadbalancer":{"name":"web","vip_address":"10.0.0.100","vip_subnet_id":"s-1","tags":["a","b"],"admin_state_up":false,"project_id":"pr"}})"}},
      {"loadbalancer list", {"GET " + kLb}},
      {"loadbalancer show web", {kByWeb}},
      {"loadbalancer set web --name new --description= --tag '' --enable",
       {kByWeb, "PUT " + kLb + "/" + kId1 +
                    R"( {"loadbalancer":{"name":"new","description":"","tags":[],"admin_state_up":true}})"}},
      {"loadbalancer delete web", {kByWeb, "DELETE " + kLb + "/" + kId1}},
      {"loadbalancer delete web --cascade", {kByWeb, "DELETE " + kLb + "/" + kId1 + "?cascade=true"}},
      {"loadbalancer status web", {kByWeb, "GET " + kLb + "/" + kId1 + "/status"}},
      {"loadbalancer stats " + kId1, {"GET " + kLb + "/" + kId1 + "/stats"}},
      {"listener create web-80 --lb web --protocol tcp --port 80 --default-pool p",
       {kByWeb, kByPool,
        "POST " + kListeners + R"( {"listener":{"name":"web-80","loadbalancer_id":")" + kId1 +
            R"(","protocol":"TCP","protocol_port":80,"default_pool_id":")" + kId2 + R"("}})"}},
      {"listener list --lb web", {kByWeb, "GET " + kListeners + "?loadbalancer_id=" + kId1}},
      {"listener show web-80", {kByListener}},
      {"listener set web-80 --no-default-pool",
       {kByListener, "PUT " + kListeners + "/" + kId3 + R"( {"listener":{"default_pool_id":null}})"}},
      {"listener delete web-80", {kByListener, "DELETE " + kListeners + "/" + kId3}},
      {"listener stats web-80", {kByListener, "GET " + kListeners + "/" + kId3 + "/stats"}},
      // The protocol is the listener's.
      {"pool create p --listener web-80",
       {kByListener, "GET " + kListeners + "/" + kId3,
        "POST " + kPools + R"( {"pool":{"name":"p","listener_id":")" + kId3 +
            R"(","lb_algorithm":"ROUND_ROBIN","protocol":"UDP"}})"}},
      {"pool create p --lb web --protocol TCP --algorithm round_robin",
       {kByWeb, "POST " + kPools + R"( {"pool":{"name":"p","loadbalancer_id":")" + kId1 +
                    R"(","protocol":"TCP","lb_algorithm":"ROUND_ROBIN"}})"}},
      {"pool list --lb web", {kByWeb, "GET " + kPools + "?loadbalancer_id=" + kId1}},
      {"pool show p", {kByPool}},
      {"pool set p --description shop",
       {kByPool, "PUT " + kPools + "/" + kId2 + R"( {"pool":{"description":"shop"}})"}},
      {"pool delete p", {kByPool, "DELETE " + kPools + "/" + kId2}},
      {"member add p 10.1.0.1:80 --weight 10 --az az1 --name m --subnet front",
       {"GET /v2.0/subnets?name=front", kByPool,
        "POST " + kMembers +
            R"( {"member":{"name":"m","subnet_id":"s-1","weight":10,"availability_zone":"az1","address":"10.1.0.1","protocol_port":80}})"}},
      {"member create p --address 10.1.0.1 --protocol-port 80",
       {kByPool, "POST " + kMembers + R"( {"member":{"address":"10.1.0.1","protocol_port":80}})"}},
      {"member list p", {kByPool, "GET " + kMembers}},
      {"member show p m", {kByPool, kByMember}},
      {"member set p 10.1.0.1:80 --weight 0",
       {kByPool, "GET " + kMembers + "?name=10.1.0.1%3A80", "GET " + kMembers + "?address=10.1.0.1&protocol_port=80",
        "PUT " + kMembers + "/" + kId3 + R"( {"member":{"weight":0}})"}},
      {"member remove p m", {kByPool, kByMember, "DELETE " + kMembers + "/" + kId3}},
      {"member drain p m", {kByPool, kByMember, "PUT " + kMembers + "/" + kId3 + R"( {"member":{"weight":0}})"}},
      {"member batch p -m 10.1.0.1:80,weight=3 -m 10.1.0.2:80",
       {kByPool,
        "PUT " + kMembers +
            R"( {"members":[{"address":"10.1.0.1","protocol_port":80,"weight":3},{"address":"10.1.0.2","protocol_port":80}]})",
        "GET " + kMembers}},
      {"member batch p --additive -m 10.1.0.1:80",
       {kByPool, "PUT " + kMembers + R"(?additive_only=true {"members":[{"address":"10.1.0.1","protocol_port":80}]})",
        "GET " + kMembers}},
      {"member replace p --empty", {kByPool, "PUT " + kMembers + R"( {"members":[]})", "GET " + kMembers}},
      {"healthmonitor create p --name hm",
       {kByPool, "POST " + kMonitors + R"( {"healthmonitor":{"name":"hm","pool_id":")" + kId2 +
                     R"(","type":"TCP","delay":5,"timeout":3,"max_retries":3}})"}},
      // Behind the verb --timeout is the check's.
      {"--timeout 20 hm create p --delay 2 --timeout 1 --max-retries 4 --max-retries-down 5 --port 8080",
       {kByPool,
        "POST " + kMonitors +
            R"( {"healthmonitor":{"delay":2,"timeout":1,"max_retries":4,"max_retries_down":5,"monitor_port":8080,"pool_id":")" +
            kId2 + R"(","type":"TCP"}})"}},
      {"healthmonitor list", {"GET " + kMonitors}},
      {"healthmonitor show hm", {kByMonitor}},
      {"healthmonitor set hm --delay 7 --no-port --disable",
       {kByMonitor, "PUT " + kMonitors + "/" + kId3 +
                        R"( {"healthmonitor":{"delay":7,"monitor_port":null,"admin_state_up":false}})"}},
      {"healthmonitor delete hm", {kByMonitor, "DELETE " + kMonitors + "/" + kId3}},
      {"pool create p --lb web --protocol UDP --algorithm source-ip --session-persistence source_ip",
       {kByWeb, "POST " + kPools + R"( {"pool":{"name":"p","loadbalancer_id":")" + kId1 +
                    R"(","protocol":"UDP","lb_algorithm":"SOURCE_IP","session_persistence":{"type":"SOURCE_IP"}}})"}},
      {"pool create p --lb web --protocol TCP --persistence-timeout 5",
       {kByWeb,
        "POST " + kPools + R"( {"pool":{"name":"p","loadbalancer_id":")" + kId1 +
            R"(","protocol":"TCP","lb_algorithm":"ROUND_ROBIN","session_persistence":{"type":"SOURCE_IP","persistence_timeout":5}}})"}},
      {"pool set p --persistence-timeout 7",
       {kByPool, "PUT " + kPools + "/" + kId2 + R"( {"pool":{"session_persistence":{"persistence_timeout":7}}})"}},
      {"pool set p --session-persistence none --algorithm least_connections",
       {kByPool,
        "PUT " + kPools + "/" + kId2 + R"( {"pool":{"lb_algorithm":"LEAST_CONNECTIONS","session_persistence":null}})"}},
      {"listener create web-80 --lb web --protocol tcp --port 80 --connection-limit 9 --allowed-cidr 10.0.0.0/8 --toa",
       {kByWeb,
        "POST " + kListeners + R"( {"listener":{"name":"web-80","loadbalancer_id":")" + kId1 +
            R"(","protocol":"TCP","protocol_port":80,"connection_limit":9,"allowed_cidrs":["10.0.0.0/8"],"toa":true}})"}},
      {"listener set web-80 --connection-limit -1 --allowed-cidr '' --no-toa",
       {kByListener,
        "PUT " + kListeners + "/" + kId3 + R"( {"listener":{"connection_limit":-1,"allowed_cidrs":[],"toa":false}})"}},
      {"lb set web --bandwidth 300",
       {kByWeb, "PUT " + kLb + "/" + kId1 + R"( {"loadbalancer":{"vip_bandwidth":300}})"}},
      {"lb set web --no-bandwidth",
       {kByWeb, "PUT " + kLb + "/" + kId1 + R"( {"loadbalancer":{"vip_bandwidth":null}})"}},
      {"whitelist create web-80 --entry 10.0.0.0/8 --entry 192.0.2.7 --disable",
       {kByListener,
        "POST " + kWhitelists +
            R"( {"whitelist":{"whitelist":"10.0.0.0/8,192.0.2.7","enable_whitelist":false,"listener_id":")" + kId3 +
            R"("}})"}},
      {"whitelist list", {"GET " + kWhitelists}},
      {"whitelist list --listener web-80", {kByListener, kWhitelistOf}},
      {"whitelist show web-80", {kByListener, kWhitelistOf, "GET " + kWhitelists + "/" + kId2}},
      {"whitelist set web-80 --entry '' --enable",
       {kByListener, kWhitelistOf,
        "PUT " + kWhitelists + "/" + kId2 + R"( {"whitelist":{"whitelist":"","enable_whitelist":true}})"}},
      {"whitelist delete web-80", {kByListener, kWhitelistOf, "DELETE " + kWhitelists + "/" + kId2}},
      {"eip create e --lb web --bandwidth 10 --type 5_sbgp",
       {kByWeb, "POST " + kEips + R"( {"eip":{"name":"e","loadbalancer_id":")" + kId1 +
                    R"(","type":"5_sbgp","bandwidth":10}})"}},
      {"eip list", {"GET " + kEips}},
      {"eip list --lb web", {kByWeb, "GET " + kEips + "?loadbalancer_id=" + kId1}},
      {"eip show 203.0.113.1", {"GET " + kEips + "?name=203.0.113.1", "GET " + kEips + "?address=203.0.113.1"}},
      {"eip bind e web",
       {kByEip, kByWeb, "PUT " + kEips + "/" + kId3 + R"( {"eip":{"loadbalancer_id":")" + kId1 + R"("}})"}},
      {"eip unbind e", {kByEip, "PUT " + kEips + "/" + kId3 + R"( {"eip":{"loadbalancer_id":null}})"}},
      {"eip set e --no-bandwidth", {kByEip, "PUT " + kEips + "/" + kId3 + R"( {"eip":{"bandwidth":null}})"}},
      {"eip delete e", {kByEip, "DELETE " + kEips + "/" + kId3}},
      {"certificate create c --cert /dev/null --key /dev/null --domain a.example --type server",
       {"POST " + kCerts + R"( {"name":"c","domain":"a.example","type":"server","certificate":"","private_key":""})"}},
      {"certificate list", {"GET " + kCerts}},
      {"certificate show c", {kByCert}},
      {"certificate set c --name d", {kByCert, "PUT " + kCerts + "/" + kCert + R"( {"name":"d"})"}},
      {"certificate delete c", {kByCert, "DELETE " + kCerts + "/" + kCert}},
      {"listener create web-80 --lb web --protocol https --port 443 --certificate c --sni-certificate c --http2",
       {kByWeb, kByCert, kByCert,
        "POST " + kListeners + R"( {"listener":{"name":"web-80","loadbalancer_id":")" + kId1 +
            R"(","protocol":"HTTPS","protocol_port":443,"default_tls_container_ref":")" + kCert +
            R"(","sni_container_refs":[")" + kCert + R"("],"http2_enable":true}})"}},
      {"listener set web-80 --no-client-ca --no-http2 --client-timeout 5000",
       {kByListener,
        "PUT " + kListeners + "/" + kId3 +
            R"( {"listener":{"timeout_client_data":5000,"http2_enable":false,"client_ca_tls_container_ref":null}})"}},
      {"pool set p --session-persistence app_cookie --cookie-name sid",
       {kByPool, "PUT " + kPools + "/" + kId2 +
                     R"( {"pool":{"session_persistence":{"type":"APP_COOKIE","cookie_name":"sid"}}})"}},
      {"hm create p --type http --path /live --expected-codes 200-204 --domain-name a.example",
       {kByPool,
        "POST " + kMonitors +
            R"( {"healthmonitor":{"type":"HTTP","url_path":"/live","expected_codes":"200-204","domain_name":"a.example","pool_id":")" +
            kId2 + R"(","delay":5,"timeout":3,"max_retries":3}})"}},
      {"l7policy create y --listener web-80 --host a.example --path-prefix /a --pool p",
       {kByListener, kByPool,
        "POST " + kPolicies + R"( {"l7policy":{"name":"y","listener_id":")" + kId3 + R"(","redirect_pool_id":")" +
            kId2 +
            R"(","action":"REDIRECT_TO_POOL","rules":[{"type":"HOST_NAME","compare_type":"EQUAL_TO","value":"a.example"},{"type":"PATH","compare_type":"STARTS_WITH","value":"/a"}]}})"}},
      {"l7policy create r --listener web-80 --to-listener web-80",
       {kByListener, kByListener,
        "POST " + kPolicies + R"( {"l7policy":{"name":"r","listener_id":")" + kId3 + R"(","redirect_listener_id":")" +
            kId3 + R"(","action":"REDIRECT_TO_LISTENER"}})"}},
      {"l7policy list --listener web-80", {kByListener, "GET " + kPolicies + "?listener_id=" + kId3}},
      {"l7policy show y", {kByPolicy}},
      {"l7policy set y --url https://a.example --code 301",
       {kByPolicy,
        "PUT " + kPolicies + "/" + kId1 +
            R"( {"l7policy":{"redirect_url":"https://a.example","redirect_http_code":301,"action":"REDIRECT_TO_URL"}})"}},
      {"l7policy delete y", {kByPolicy, "DELETE " + kPolicies + "/" + kId1}},
      {"l7rule create y --type header --key X-Beta --compare equal_to --value 1 --invert",
       {kByPolicy,
        "POST " + kRules +
            R"( {"rule":{"type":"HEADER","compare_type":"EQUAL_TO","value":"1","key":"X-Beta","invert":true}})"}},
      {"l7rule list y", {kByPolicy, "GET " + kRules}},
      {"l7rule show y " + kId2, {kByPolicy, "GET " + kRules + "/" + kId2}},
      {"l7rule set y " + kId2 + " --value /b",
       {kByPolicy, "PUT " + kRules + "/" + kId2 + R"( {"rule":{"value":"/b"}})"}},
      {"l7rule delete y " + kId2, {kByPolicy, "GET " + kRules + "/" + kId2, "DELETE " + kRules + "/" + kId2}},
      {"subnet list --project pr", {"GET /v2.0/subnets"}},
      {"subnet show front", {"GET /v2.0/subnets?name=front"}},
      {"status", {"GET /v1/status"}},
      {"flows", {"GET /v1/flows"}},
      {"flows --protocol tcp --client 192.0.2.7 --vip 10.0.0.100:80 --member :81 --listener web-80 --state closing "
       "--state closed --member-id " +
           kId1 + " --limit 5",
       {kByListener,
        "GET /v1/flows?protocol=TCP&client=192.0.2.7&vip=10.0.0.100&vip_port=80&member_port=81&listener_id=" + kId3 +
            "&state=closing%2Cclosed&member_id=" + kId1 + "&limit=5"}},
      {"drops", {"GET /v1/drops"}},
      {"doctor", {"GET /v1/doctor"}},
      {"metrics --lb web",
       {kByWeb, "GET /v1/metrics?lbaas_instance_id=" + kId1,
        R"(POST /v1/metrics/batch {"metrics":[{"metric_name":"m1_cps","dimensions":[{"name":"lbaas_instance_id","value":")" +
            kId1 + R"("}]}],"from":1699996400000,"to":1700000000000,"period":60})"}},
      {"metrics m4_ncps --last 1d -o csv",
       {R"(POST /v1/metrics/batch {"metrics":[{"metric_name":"m4_ncps","dimensions":[]}],"from":1699913600000,)"
        R"("to":1700000000000,"period":300})"}},
      {"alarm create a --project pr --metric m1_cps --lb web --threshold 5 --operator '<' --count 2 --webhook "
       "http://x/ "
       "--email a@b --exec",
       {kByWeb, "POST " + kAlarms +
                    R"( {"alarm":{"name":"a","metric_name":"m1_cps","operator":"<","count":2,"threshold":5.0,)"
                    R"("dimensions":[{"name":"lbaas_instance_id","value":")" +
                    kId1 +
                    R"("}],"notifications":[{"type":"webhook","address":"http://x/"},{"type":"email","address":"a@b"},)"
                    R"({"type":"exec"}]}})"}},
      {"accesslog enable web --stream s",
       {kByWeb, "POST " + kLogtanks + R"( {"logtank":{"loadbalancer_id":")" + kId1 +
                    R"(","log_group_id":"elb","log_topic_id":"s"}})"}},
      {"accesslog disable web",
       {kByWeb, "GET " + kLogtanks + "?loadbalancer_id=" + kId1, "DELETE " + kLogtanks + "/" + kId2}},
      {"accesslog list", {"GET " + kLogtanks}},
      {"accesslog show web", {kByWeb, "GET " + kLogtanks + "?loadbalancer_id=" + kId1}},
      {"logs web --status 5xx -n 2", {kByWeb, "GET /v1/logs?loadbalancer_id=" + kId1 + "&status=5xx&limit=2"}},
      {"explain", {"GET /v1/explain"}},
      {"explain web", {kByWeb, "GET /v1/explain?id=" + kId1}},
      {"healthmonitor explain p", {kByPool, "GET /v1/explain?id=" + kId2}},
      {"alarm list --project pr", {"GET " + kAlarms}},
      {"alarm list --state ok", {"GET " + kAlarms + "?state=ok"}},
      {"alarm show a", {kByAlarm}},
      {"alarm set a --no-notify",
       {kByAlarm, "PUT " + kAlarms + "/" + kId3 + R"( {"alarm":{"notification_enabled":false}})"}},
      {"alarm enable a", {kByAlarm, "PUT " + kAlarms + "/" + kId3 + R"( {"alarm":{"enabled":true}})"}},
      {"alarm disable a", {kByAlarm, "PUT " + kAlarms + "/" + kId3 + R"( {"alarm":{"enabled":false}})"}},
      {"alarm test a", {kByAlarm, "POST " + kAlarms + "/" + kId3 + "/test {}"}},
      {"alarm delete a", {kByAlarm, "DELETE " + kAlarms + "/" + kId3}},
      {"trace tcp 192.0.2.7:1024 10.0.0.100:80",
       {"GET /v1/trace?protocol=TCP&client=192.0.2.7&client_port=1024&vip=10.0.0.100&vip_port=80"}},
      {"top --once", {"GET /v1/counters", "GET /v1/counters"}},
      {"version", {"GET /v1/version"}},
      {"--version", {"GET /v1/version"}},
      {"token create ci --role member --project pr",
       {R"(POST /v1/tokens {"token":{"name":"ci","role":"member","project_id":"pr"}})"}},
      {"token list", {"GET /v1/tokens"}},
      {"token delete 1", {"DELETE /v1/tokens/1"}},
      {"project create shop --id shop", {R"(POST /v1/projects {"project":{"name":"shop","id":"shop"}})"}},
      {"project list", {"GET /v1/projects"}},
      {"project delete shop", {"GET /v1/projects/shop", "DELETE /v1/projects/7"}},
      {"quota show pr", {"GET " + kQuota}},
      {"quota set pr --listener 5", {"PUT " + kQuota + R"( {"quota":{"listener":5}})"}},
      {"quota reset pr", {"DELETE " + kQuota}},
      {"audit list --rating warning", {"GET /v1/traces?trace_rating=warning"}},
      {"audit show 1", {"GET /v1/traces/1"}},
      {"completion bash", {}},
      // The verb first, as kubectl has it.
      {"get lb", {"GET " + kLb}},
      {"get lb web", {kByWeb}},
      {"get lb -o json web", {kByWeb}},
      {"get member p", {kByPool, "GET " + kMembers}},
      {"get member p m", {kByPool, kByMember}},
      {"describe pool p", {kByPool}},
      {"delete hm hm", {kByMonitor, "DELETE " + kMonitors + "/" + kId3}},
      {"create member p 10.1.0.1:80",
       {kByPool, "POST " + kMembers + R"( {"member":{"address":"10.1.0.1","protocol_port":80}})"}},
  };
  return kCases;
}

TEST(Requests, EachCommandSendsWhatItSays) {
  for (const Case& one : cases()) {
    ScriptedAgent agent;
    fill(agent);
    const Ran ran = run_elbctl(shell_words(one.line), agent);
    EXPECT_EQ(ran.exit, Exit::kOk) << one.line << "\n" << ran.err;
    EXPECT_EQ(agent.requests(), one.requests) << one.line;
  }
}

TEST(Requests, NoCommandIsForgottenHere) {
  std::set<std::string> shown;
  for (const Case& one : cases()) {
    const auto words = shell_words(one.line);
    shown.insert(words[0]);
    if (words.size() > 1) shown.insert(words[0] + " " + words[1]);
  }
  shown.merge(std::set<std::string>{"doctor", "trace", "top"});               // tools_test.cpp
  shown.merge(std::set<std::string>{"apply", "diff", "validate", "export"});  // apply_test.cpp
  shown.merge(
      std::set<std::string>{"revision list", "revision show", "revision diff", "rollback"});  // revision_test.cpp
  shown.merge(std::set<std::string>{"events"});                                               // watch_test.cpp
  // They write a file and ask nobody: tests/system/test_identity.py.
  shown.merge(std::set<std::string>{"context set", "context use", "context list", "context delete"});
  for (const Noun& noun : nouns()) {
    for (const Command& command : noun.commands) {
      if (noun.hidden) continue;
      const std::string line = noun.name + (command.verb.empty() ? "" : " " + command.verb);
      EXPECT_TRUE(shown.contains(line)) << line;
    }
  }
}

// Every alias reaches its command.
TEST(Requests, AliasesAreUnique) {
  std::set<std::string> words;
  for (const Noun& noun : nouns()) {
    EXPECT_TRUE(words.insert(noun.name).second) << noun.name;
    for (const std::string& alias : noun.aliases) EXPECT_TRUE(words.insert(alias).second) << alias;
    std::set<std::string> verbs;
    for (const Command& command : noun.commands) {
      EXPECT_TRUE(verbs.insert(command.verb).second) << noun.name << " " << command.verb;
      for (const std::string& alias : command.aliases)
        EXPECT_TRUE(verbs.insert(alias).second) << noun.name << " " << alias;
    }
  }
}

TEST(Requests, MembersComeFromStandardInput) {
  ScriptedAgent agent;
  fill(agent);
  const Ran ran =
      run_elbctl({"member", "batch", "p", "-f", "-"}, agent, {.input = "10.1.0.1:80\n10.1.0.2:80,weight=2\n"});
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(
      agent.requests()[1],
      "PUT " + kMembers +
          R"( {"members":[{"address":"10.1.0.1","protocol_port":80},{"address":"10.1.0.2","protocol_port":80,"weight":2}]})");
}

TEST(Requests, ListsFollowTheNextLink) {
  ScriptedAgent agent;
  agent.on(
      "GET " + kLb,
      R"({"loadbalancers":[{"id":"1","name":"a"}],"loadbalancers_links":[{"rel":"next","href":"http://other:1/v2.0/lbaas/loadbalancers?marker=1"}]})");
  agent.on("GET " + kLb + "?marker=1", R"({"loadbalancers":[{"id":"2","name":"b"}],"loadbalancers_links":[]})");
  EXPECT_EQ(run_elbctl({"lb", "list", "-o", "name"}, agent).out, "a\nb\n");
}

TEST(Requests, APrefixOfTheEndpointIsKept) {
  ScriptedAgent agent;
  agent.on("GET /load-balancer" + kLb, R"({"loadbalancers":[]})");
  EXPECT_EQ(run_elbctl({"lb", "list", "--endpoint", agent.endpoint() + "/load-balancer"}, "").exit, Exit::kOk);
}

TEST(Requests, ProjectNarrowsListsAndLookUps) {
  ScriptedAgent agent;
  agent.on("GET " + kLb + "?project_id=pr", R"({"loadbalancers":[]})");
  agent.on("GET " + kLb + "?name=web&project_id=pr", R"({"loadbalancers":[{"id":"1","name":"web"}]})");
  EXPECT_EQ(run_elbctl({"lb", "list", "--project", "pr"}, agent).exit, Exit::kOk);
  EXPECT_EQ(run_elbctl({"lb", "show", "web"}, agent, {.variables = {{"ELB_PROJECT", "pr"}}}).exit, Exit::kOk);
}

}  // namespace
}  // namespace elb::cli
