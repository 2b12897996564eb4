// SPDX-License-Identifier: Apache-2.0
// Shows: MON-02, MON-03.
// What the proxy counted as the API shows it.
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

class HttpStats : public ApiTest {
 protected:
  HttpStats() : ApiTest(true) {
    model::HttpListenerTraffic traffic;
    traffic.connections = 9;
    traffic.open_connections = 4;
    traffic.refused_connections = 2;
    traffic.malformed = 1;
    traffic.requests = 100;
    traffic.status_2xx = 97;
    traffic.status_499 = 3;
    traffic.bytes_in = 1000;
    traffic.bytes_out = 2000;
    traffic.latency_us.buckets[histogram_bucket(1024)] = 99;
    traffic.latency_us.buckets[histogram_bucket(65536)] = 1;
    views_.set_http(web_, traffic);
    model::HttpMemberTraffic member;
    member.requests = 101;
    member.bytes_out = 1100;
    member.bytes_in = 1900;
    member.failed_connections = 5;
    views_.set_http_member(member_, member);
  }
  Value counter(const std::string& list, const std::string& id) {
    const Value all = get("/v1/counters").body.get(list);
    for (size_t i = 0; i < all.size(); ++i)
      if (all.at(i).get("id").as_string() == id) return all.at(i);
    return {};
  }

  const std::string lb_ = make_lb();
  const std::string web_ = make_listener(lb_, 80, "HTTP");
  const std::string pool_ = make_pool(web_, "HTTP");
  const std::string member_ = make_member(pool_, "198.51.100.11", 8080);
  const std::string tcp_ = make_listener(lb_, 81);
};

TEST_F(HttpStats, FiveNumbersAndThoseOfHttp) {
  const Value answer = get("listeners/" + web_ + "/stats").body;
  EXPECT_EQ(answer.get("stats").dump(),
            R"({"active_connections":4,"total_connections":9,"bytes_in":1000,"bytes_out":2000,"request_errors":3})");
  EXPECT_EQ(answer.get("http").get("requests").as_int(), 100);
  EXPECT_EQ(answer.get("http").get("p50_us").as_int(), 1087);
  EXPECT_EQ(answer.get("http").get("p99_us").as_int(), 1087);
  EXPECT_EQ(answer.get("http").get("latency_us").dump(), R"({"1024":99,"65536":1})");
  EXPECT_FALSE(get("listeners/" + tcp_ + "/stats").body.has("http"));
  EXPECT_EQ(get("loadbalancers/" + lb_ + "/stats").body.get("stats").get("total_connections").as_int(), 9);
}

TEST_F(HttpStats, Counters) {
  const Value web = counter("listeners", web_);
  EXPECT_EQ(web.get("connections").as_int(), 9);
  EXPECT_EQ(web.get("active").as_int(), 4);
  EXPECT_EQ(web.get("http").get("status_499").as_int(), 3);
  EXPECT_FALSE(counter("listeners", tcp_).has("http"));
  const Value member = counter("members", member_);
  EXPECT_EQ(member.get("bytes_in").as_int(), 1100) << "what it was sent";
  EXPECT_EQ(member.get("refused").as_int(), 5);
  EXPECT_EQ(member.get("http").get("requests").as_int(), 101);
}

}  // namespace
}  // namespace elb::test
