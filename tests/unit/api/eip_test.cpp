// SPDX-License-Identifier: Apache-2.0
// Shows: LB-03, LB-07, LB-08, LB-09, LB-11, LB-12, LB-13, LB-14.
// Public addresses, by our own API and as Neutron's floating IPs; IPv6; and the addresses that nobody may take.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

const std::string kPublic = "e1b00000-0000-4000-8000-0000000000e1";

class EipTest : public ApiTest {
 protected:
  Answer make(const std::string& fields = "") { return post("/v1/eips", "{\"eip\":{" + fields + "}}"); }
  std::string make_eip(const std::string& fields = "") {
    const Answer answer = make(fields);
    EXPECT_EQ(answer.status, 201) << answer.text;
    return answer.body.get("eip").get("id").as_string();
  }
  Answer change(const std::string& id, const std::string& fields) {
    return put("/v1/eips/" + id, "{\"eip\":{" + fields + "}}");
  }
  Answer bind(const std::string& id, const std::string& lb) { return change(id, "\"loadbalancer_id\":\"" + lb + "\""); }
  Value eip(const std::string& id) { return get("/v1/eips/" + id).body.get("eip"); }
  Value lb(const std::string& id) { return get("loadbalancers/" + id).body.get("loadbalancer"); }
};

TEST_F(EipTest, LB07_AddressesComeFromThePoolOrAsGiven) {
  EXPECT_EQ(eip(make_eip()).get("address").as_string(), "203.0.113.1");  // of 203.0.113.0/29
  const std::string given = make_eip(R"("address":"203.0.113.3","bandwidth":10,"bandwidth_name":"bw","name":"e")");
  EXPECT_EQ(eip(given).get("address").as_string(), "203.0.113.3");
  EXPECT_EQ(eip(given).get("bandwidth").as_int(), 10);
  EXPECT_EQ(eip(given).get("bandwidth_name").as_string(), "bw");
  EXPECT_EQ(eip(given).get("type").as_string(), "5_bgp");
  EXPECT_EQ(eip(given).get("operating_status").as_string(), "OFFLINE");
  for (const std::string next : {"203.0.113.2", "203.0.113.4", "203.0.113.5", "203.0.113.6"}) {
    EXPECT_EQ(eip(make_eip()).get("address").as_string(), next);
  }
  const Answer full = make();
  EXPECT_EQ(full.status, 409) << full.text;
  EXPECT_EQ(full.body.get("field").as_string(), "address");
}

TEST_F(EipTest, LB07_AnAddressHasOneOwner) {
  const std::string balancer = make_lb("lb", R"(,"vip_address":"192.0.2.50")");
  const std::string pool = make_lone_pool(balancer);
  make_member(pool, "198.51.100.20", 80);
  make_eip(R"("address":"203.0.113.3")");
  for (const std::string taken : {"192.0.2.50", "198.51.100.20", "203.0.113.3"}) {
    const Answer answer = make("\"address\":\"" + taken + "\"");
    EXPECT_EQ(answer.status, 409) << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), "address");
  }
  EXPECT_EQ(make(R"("address":"192.0.2.60")").status, 201);
  const Answer vip = post("loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.60"}})");
  EXPECT_EQ(vip.status, 409) << vip.text;
  EXPECT_EQ(vip.body.get("field").as_string(), "vip_address");
  EXPECT_EQ(make(R"("address":"198.51.100.77")").status, 201);
  const Answer member =
      post("pools/" + pool + "/members", R"({"member":{"address":"198.51.100.77","protocol_port":1}})");
  EXPECT_EQ(member.status, 400) << member.text;
  EXPECT_EQ(member.body.get("field").as_string(), "address");
}

TEST_F(EipTest, LB12_LB13_BindAndUnbind) {
  const std::string a = make_lb("a"), b = make_lb("b"), first = make_eip("\"bandwidth\":10"), second = make_eip();
  EXPECT_EQ(lb(a).get("publicips").size(), 0U);  // LB-02
  EXPECT_TRUE(lb(a).get("eip").is_null());
  EXPECT_EQ(bind(first, a).status, 200);
  EXPECT_EQ(lb(a).get("eip").as_string(), "203.0.113.1");
  EXPECT_EQ(lb(a).get("publicips").at(0).get("publicip_address").as_string(), "203.0.113.1");
  EXPECT_EQ(eip(first).get("operating_status").as_string(), "ONLINE");
  EXPECT_EQ(eip(first).get("vip_address").as_string(), lb(a).get("vip_address").as_string());

  const Answer has_one = bind(second, a);
  EXPECT_EQ(has_one.status, 409) << has_one.text;
  EXPECT_EQ(has_one.body.get("field").as_string(), "loadbalancer_id");
  const Answer taken = bind(first, b);  // LB-07
  EXPECT_EQ(taken.status, 409) << taken.text;
  EXPECT_EQ(bind(first, a).status, 200);  // as it is already
  EXPECT_EQ(bind(second, kNobody).status, 404);
  EXPECT_EQ(del("/v1/eips/" + first).status, 409);

  EXPECT_EQ(change(first, "\"loadbalancer_id\":null").status, 200);
  EXPECT_TRUE(lb(a).get("eip").is_null());
  EXPECT_EQ(bind(first, b).status, 200);
  EXPECT_EQ(bind(second, a).status, 200);
  EXPECT_EQ(change(second, "\"loadbalancer_id\":null").status, 200);
  EXPECT_EQ(del("/v1/eips/" + second).status, 204);
  EXPECT_EQ(get("/v1/eips?loadbalancer_id=" + b).body.get("eips").size(), 1U);
}

TEST_F(EipTest, LB14_ADeletedLoadBalancerLeavesItsEipUnbound) {
  const std::string balancer = make_lb(), address = make_eip("\"loadbalancer_id\":\"" + balancer + "\"");
  EXPECT_EQ(del("loadbalancers/" + balancer).status, 204);
  EXPECT_EQ(get("/v1/eips/" + address).status, 200);
  EXPECT_TRUE(eip(address).get("loadbalancer_id").is_null());
}

TEST_F(EipTest, LB11_BandwidthChangesAndGoes) {
  const std::string id = make_eip("\"bandwidth\":10");
  const std::string bandwidth_id = eip(id).get("bandwidth_id").as_string();
  EXPECT_EQ(change(id, "\"bandwidth\":310").status, 200);
  EXPECT_EQ(eip(id).get("bandwidth").as_int(), 310);
  EXPECT_EQ(eip(id).get("bandwidth_id").as_string(), bandwidth_id);
  EXPECT_EQ(change(id, "\"bandwidth\":null").status, 200);
  EXPECT_TRUE(eip(id).get("bandwidth").is_null());
  const std::string balancer = make_lb("b", ",\"vip_bandwidth\":5");
  EXPECT_EQ(lb(balancer).get("vip_bandwidth").as_int(), 5);
  EXPECT_EQ(put("loadbalancers/" + balancer, R"({"loadbalancer":{"vip_bandwidth":null}})").status, 200);
  EXPECT_TRUE(lb(balancer).get("vip_bandwidth").is_null());
}

TEST_F(EipTest, NeutronSeesTheSameAddresses) {
  const std::string balancer = make_lb();
  const std::string port = lb(balancer).get("vip_port_id").as_string(),
                    vip = lb(balancer).get("vip_address").as_string();
  EXPECT_EQ(get("/v2.0/ports/" + port).body.get("port").get("fixed_ips").at(0).get("ip_address").as_string(), vip);
  const Answer made =
      post("/v2.0/floatingips", "{\"floatingip\":{\"floating_network_id\":\"" + kPublic + "\",\"description\":\"d\"}}");
  ASSERT_EQ(made.status, 201) << made.text;
  const Value fip = made.body.get("floatingip");
  EXPECT_EQ(fip.get("status").as_string(), "DOWN");
  const std::string path = "/v2.0/floatingips/" + fip.get("id").as_string();
  const Answer bound =
      put(path, fmt::format(R"({{"floatingip":{{"port_id":"{}","fixed_ip_address":"{}"}}}})", port, vip));
  EXPECT_EQ(bound.status, 200) << bound.text;
  EXPECT_EQ(bound.body.get("floatingip").get("status").as_string(), "ACTIVE");
  EXPECT_EQ(bound.body.get("floatingip").get("fixed_ip_address").as_string(), vip);
  EXPECT_EQ(lb(balancer).get("eip").as_string(), fip.get("floating_ip_address").as_string());
  EXPECT_EQ(get("/v2.0/floatingips?port_id=" + port).body.get("floatingips").size(), 1U);

  const Answer second =
      post("/v2.0/floatingips",
           fmt::format(R"({{"floatingip":{{"floating_network_id":"{}","port_id":"{}"}}}})", kPublic, port));
  EXPECT_EQ(second.status, 409) << second.text;
  EXPECT_EQ(second.body.get("field").as_string(), "port_id");
  EXPECT_EQ(get("/v2.0/floatingips").body.get("floatingips").size(), 1U);
  const Answer lost = put(path, R"({"floatingip":{"port_id":"nowhere"}})");
  EXPECT_EQ(lost.status, 404);
  EXPECT_EQ(lost.body.get("field").as_string(), "port_id");
  EXPECT_EQ(put(path, R"({"floatingip":{"port_id":null}})").body.get("floatingip").get("status").as_string(), "DOWN");
  EXPECT_EQ(put(path, "{\"floatingip\":{\"port_id\":\"" + port + "\"}}").status, 200);
  EXPECT_EQ(del(path).status, 204);  // Neutron takes a bound one away, too
  EXPECT_TRUE(lb(balancer).get("eip").is_null());
}

TEST_F(EipTest, IPv6VipsTakeBothFamiliesOfMembersAndIPv4OnesTheirOwn) {
  const Answer automatic = post("loadbalancers", "{\"loadbalancer\":{\"vip_subnet_id\":\"" + kVipSubnet6 + "\"}}");
  ASSERT_EQ(automatic.status, 201) << automatic.text;
  EXPECT_EQ(automatic.body.get("loadbalancer").get("vip_address").as_string(), "2001:db8:1::2");  // ::1 is the gateway
  const std::string six =
      create("loadbalancers", "loadbalancer", R"("vip_address":"2001:0DB8:0001:0:0:0:0:00AB")").empty()
          ? ""
          : automatic.body.get("loadbalancer").get("id").as_string();
  EXPECT_EQ(get("loadbalancers?vip_address=2001:db8:1::ab").body.get("loadbalancers").size(), 1U);
  const std::string pool = make_lone_pool(six);
  make_member(pool, "2001:db8:2::1", 80);
  make_member(pool, "198.51.100.20", 80);
  const std::string four = make_lone_pool(make_lb("four"));
  const Answer refused =
      post("pools/" + four + "/members", R"({"member":{"address":"2001:db8:2::1","protocol_port":80}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.get("field").as_string(), "address");
  EXPECT_NE(refused.fault().find("IPv4 members"), std::string::npos) << refused.fault();
  EXPECT_EQ(bind(make_eip(), six).status, 400);
  EXPECT_EQ(bind(make_eip(R"("address":"2001:db8:9::1")"), six).status, 200);
  const Answer anycast = post("loadbalancers", R"({"loadbalancer":{"vip_address":"2001:db8:1::"}})");
  EXPECT_EQ(anycast.status, 400) << anycast.text;
}

TEST_F(EipTest, NobodyTakesTheNodesOwnAddresses) {
  const std::string balancer = make_lb();
  const std::string pool = make_lone_pool(balancer);
  for (const std::string own : {"100.125.0.1", "100.125.0.200", "198.51.100.254", "192.0.2.1", "2001:db8:1::1"}) {
    const std::string six =
        own.find(':') == std::string::npos
            ? pool
            : make_lone_pool(create("loadbalancers", "loadbalancer", "\"vip_subnet_id\":\"" + kVipSubnet6 + "\""));
    const Answer member =
        post("pools/" + six + "/members", "{\"member\":{\"address\":\"" + own + "\",\"protocol_port\":80}}");
    EXPECT_EQ(member.status, 400) << own << member.text;
    EXPECT_EQ(member.body.get("field").as_string(), "address");
    EXPECT_EQ(make("\"address\":\"" + own + "\"").status, 400) << own;
  }
  const Answer vip = post("loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.1"}})");
  EXPECT_EQ(vip.status, 400) << vip.text;
}

}  // namespace
}  // namespace elb::test
