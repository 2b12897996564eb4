// SPDX-License-Identifier: Apache-2.0
#include "cli/member_spec.h"

#include <gtest/gtest.h>

#include "cli/url.h"

namespace elb::cli {
namespace {

TEST(MemberSpec, ReadsTheShortForm) {
  const auto member = parse_member_spec("10.1.0.1:80,weight=10,az=az1,name=web-1,subnet=s1,state=down");
  ASSERT_TRUE(member);
  EXPECT_EQ(member->dump(),
            R"({"address":"10.1.0.1","protocol_port":80,"weight":10,"availability_zone":"az1","name":"web-1",)"
            R"("subnet_id":"s1","admin_state_up":false})");
  EXPECT_EQ(parse_member_spec("[2001:db8::1]:443")->dump(), R"({"address":"2001:db8::1","protocol_port":443})");
}

TEST(MemberSpec, SaysWhatIsWrong) {
  const auto message = [](std::string_view text) {
    const auto member = parse_member_spec(text);
    return member ? std::string("accepted") : member.error().message;
  };
  EXPECT_EQ(message("10.1.0.1"), "member '10.1.0.1': does not begin with ADDRESS:PORT");
  EXPECT_EQ(message("10.1.0.1:0"), "member '10.1.0.1:0': does not begin with ADDRESS:PORT");
  EXPECT_EQ(message("10.1.0.1:65536"), "member '10.1.0.1:65536': does not begin with ADDRESS:PORT");
  EXPECT_EQ(message("2001:db8::1:80"), "member '2001:db8::1:80': does not begin with ADDRESS:PORT");
  EXPECT_EQ(message("web:80"), "member 'web:80': does not begin with ADDRESS:PORT");
  EXPECT_EQ(message("10.1.0.1:80,weight"), "member '10.1.0.1:80,weight': 'weight' is not KEY=VALUE");
  EXPECT_EQ(message("10.1.0.1:80,weight=1x"), "member '10.1.0.1:80,weight=1x': weight '1x' is not a whole number");
  EXPECT_EQ(message("10.1.0.1:80,wieght=1"), "member '10.1.0.1:80,wieght=1': unknown key 'wieght'");
  EXPECT_EQ(message("10.1.0.1:80,state=on"), "member '10.1.0.1:80,state=on': state 'on' is neither up nor down");
}

TEST(MemberSpec, ReadsFilesOfLinesAndOfJson) {
  const std::string lines = "# web\n10.1.0.1:80,weight=2\n\n  10.1.0.2:80 # spare\r\n";
  EXPECT_EQ(parse_member_file(lines)->dump(),
            R"([{"address":"10.1.0.1","protocol_port":80,"weight":2},{"address":"10.1.0.2","protocol_port":80}])");
  EXPECT_EQ(parse_member_file(R"( {"members":[{"address":"10.1.0.1"}]})")->dump(), R"([{"address":"10.1.0.1"}])");
  EXPECT_EQ(parse_member_file(R"([{"address":"10.1.0.1"}])")->dump(), R"([{"address":"10.1.0.1"}])");
  EXPECT_EQ(parse_member_file("10.1.0.1:80\nweb-2\n").error().message,
            "line 2: member 'web-2': does not begin with ADDRESS:PORT");
  EXPECT_EQ(parse_member_file("{\"pool\":1}").error().message, "the file of members has no array of members");
  EXPECT_FALSE(parse_member_file("[{"));
}

TEST(Url, TakesAnEndpointApart) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:9876")->to_string(), "http://127.0.0.1:9876");
  EXPECT_EQ(parse_endpoint("http://node/load-balancer/")->to_string(), "http://node:80/load-balancer");
  EXPECT_EQ(parse_endpoint("http://[::1]:9876")->to_string(), "http://[::1]:9876");
  for (const char* bad : {"", "127.0.0.1:9876", "https://node", "http://", "http://node:", "http://node:0",
                          "http://node:65536", "http://node:9x", "http://[::1", "http://[::1]9876", "http://node/?x"}) {
    const auto url = parse_endpoint(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().exit, Exit::kUsage);
  }
}

TEST(Url, EncodesWhatIsNotUnreserved) {
  EXPECT_EQ(with_query("/p", {{"name", "a b&c=d/ü"}, {"x", "-_.~"}}), "/p?name=a%20b%26c%3Dd%2F%C3%BC&x=-_.~");
}

}  // namespace
}  // namespace elb::cli
