// SPDX-License-Identifier: Apache-2.0
#include "main/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/random.h"

namespace elb {
namespace {

std::variant<Options, int> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "elb-agent");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

/// Standard error of a call that ends with status 2.
std::string complaint(const std::vector<std::string>& words) {
  testing::internal::CaptureStderr();
  const auto parsed = parse(words);
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::get<int>(parsed), 2) << text;
  return text;
}

TEST(Options, FlagsReachTheParts) {
  const auto parsed =
      parse({"--interface", "eth0", "--interface", "eth1", "--local-addresses", "100.125.7.0/24", "--subnet",
             "name=lan,cidr=10.1.0.0/24,gateway=10.1.0.1", "--listen", "127.0.0.1:0", "--flow-slots", "4096",
             "--tcp-idle-s", "77", "--xdp-attach", "libxdp", "--syn-cookies", "false"});
  const auto* options = std::get_if<Options>(&parsed);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->dataplane.interfaces, (std::vector<std::string>{"eth0", "eth1"}));
  EXPECT_EQ(options->dataplane.host_address().to_string(), "100.125.7.1");
  EXPECT_EQ(options->dataplane.flow_slots, 4096U);
  EXPECT_EQ(options->dataplane.times.tcp_idle_s, 77U);
  EXPECT_EQ(options->dataplane.attach, dataplane::XdpAttach::kLibxdp);
  EXPECT_FALSE(options->dataplane.syn_cookies);
  EXPECT_EQ(options->listen.port, 0);
  ASSERT_EQ(options->subnets.size(), 1U);
  EXPECT_EQ(options->subnets[0].name, "lan");
  EXPECT_EQ(options->subnets[0].gateway->to_string(), "10.1.0.1");
}

TEST(Options, LocalAddressesOfBothFamiliesInEveryForm) {
  using Words = std::vector<std::string>;
  for (const Words& form : {Words{"--local-addresses", "100.125.7.0/24,fd00:7::/112"},
                            Words{"--local-addresses", "fd00:7::/112", "--local-addresses", "100.125.7.0/24"}}) {
    Words words{"--interface", "eth0"};
    words.insert(words.end(), form.begin(), form.end());
    const auto parsed = parse(words);
    const auto* options = std::get_if<Options>(&parsed);
    ASSERT_NE(options, nullptr);
    EXPECT_EQ(options->dataplane.local_addresses.to_string(), "100.125.7.0/24");
    ASSERT_TRUE(options->dataplane.local_addresses6);
    EXPECT_EQ(options->dataplane.local_addresses6->to_string(), "fd00:7::/112");
  }
  const std::string path = testing::TempDir() + "elb-options6-test.toml";
  std::ofstream(path) << "interface = [\"eth0\"]\nlocal-addresses = [\"100.125.7.0/24\", \"fd00:7::/112\"]\n";
  const auto parsed = parse({"--config", path});
  std::remove(path.c_str());
  ASSERT_NE(std::get_if<Options>(&parsed), nullptr);
  EXPECT_TRUE(std::get<Options>(parsed).dataplane.local_addresses6);
}

TEST(Options, FileAndFlagsAndTheFlagWins) {
  const std::string path = testing::TempDir() + "elb-options-test.toml";
  std::ofstream(path) << "interface = [\"eth0\"]\nflow-slots = 8192\nsubnet = [\"name=lan,cidr=10.1.0.0/24\"]\n";
  const auto parsed = parse({"--config", path, "--flow-slots", "16384"});
  std::remove(path.c_str());
  const auto* options = std::get_if<Options>(&parsed);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->dataplane.interfaces, std::vector<std::string>{"eth0"});
  EXPECT_EQ(options->dataplane.flow_slots, 16384U);
  EXPECT_TRUE(options->dataplane.syn_cookies) << "unless switched off";
  ASSERT_EQ(options->subnets.size(), 1U);
  EXPECT_EQ(options->subnets[0].cidr.to_string(), "10.1.0.0/24");
}

TEST(Options, ComplaintsNameTheOption) {
  EXPECT_NE(complaint({}).find("interface"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--flow-slots", "1000"}).find("flow-slots"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--local-addresses", "x"}).find("local-addresses"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--local-addresses", "fd00::/112"}).find("IPv4 prefix is required"),
            std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--local-addresses", "10.0.0.0/24,10.0.1.0/24"}).find("of that family"),
            std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--listen", "9876"}).find("listen"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--subnet", "name=a"}).find("subnet[0]: cidr"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--no-such-flag"}).find("no-such-flag"), std::string::npos);
  EXPECT_NE(complaint({"--interface", "eth0", "--tcp-idle-s", "0"}).find("tcp-idle-s"), std::string::npos);
}

TEST(Options, SampledConnectionsNeedADirectoryOfTheirOwn) {
  const std::vector<std::string> words{"--interface", "eth0", "--flow-sampling", "10"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return more;
  };
  EXPECT_NE(complaint(words).find("flow-log-directory: is required"), std::string::npos);
  for (const char* access : {"/logs", "/logs/flows", "/logs/flows/below", "/logs/x/../flows"})
    EXPECT_NE(complaint(with({"--flow-log-directory", "/logs/flows", "--access-log-directory", access})).find("beside"),
              std::string::npos)
        << access;
  EXPECT_NE(complaint({"--interface", "eth0", "--flow-sampling", "-1"}).find("flow-sampling"), std::string::npos);
  const auto options = std::get<Options>(
      parse(with({"--flow-log-directory", "/logs/flows", "--access-log-directory", "/logs/flows-not"})));
  EXPECT_EQ(options.dataplane.flow_sampling, 10U);
  EXPECT_EQ(options.flow_log_directory, "/logs/flows");
  EXPECT_EQ(std::get<Options>(parse({"--interface", "eth0", "--flow-sampling", "0"})).dataplane.flow_sampling, 0U);
}

TEST(Options, LB_07_PoolsOfEipsAreBlocks) {
  const auto parsed = parse({"--interface", "eth0", "--eip-pool", "203.0.113.0/28", "--eip-pool", "2001:db8::/120"});
  const auto* options = std::get_if<Options>(&parsed);
  ASSERT_NE(options, nullptr);
  const model::Node node = options->node();
  ASSERT_EQ(node.eip_pools.size(), 2U);
  EXPECT_EQ(node.eip_pools[1].to_string(), "2001:db8::/120");
  ASSERT_FALSE(node.local_addresses.empty());
  EXPECT_EQ(node.local_addresses[0].to_string(), "100.125.0.0/24");
  EXPECT_NE(complaint({"--interface", "eth0", "--eip-pool", "203.0.113.0/33"}).find("eip-pool[0]"), std::string::npos);
}

TEST(Options, TheProxyIsAProgramOrOff) {
  const auto with = [](const char* proxy) {
    return std::vector<std::string>{"--interface",  "eth0", "--proxy",       proxy,
                                    "--access-log", "/a",   "--proxy-loops", "3"};
  };
  for (const char* none : {"off", "beside"}) {  // there is none beside this test
    const auto off = std::get<Options>(parse(with(none)));
    EXPECT_TRUE(off.proxy.program.empty()) << none;
    EXPECT_FALSE(off.node().serves_http) << none;
  }
  const auto on = std::get<Options>(parse(with("/bin/true")));
  EXPECT_EQ(on.proxy.program, "/bin/true");
  EXPECT_EQ(on.proxy.access_log, "/a");
  EXPECT_EQ(on.proxy.loops, 3U);
  EXPECT_TRUE(on.node().serves_http);
  for (const char* missing : {"/none", "/etc/passwd"})
    EXPECT_NE(complaint(with(missing)).find("proxy:"), std::string::npos) << missing;
}

TEST(Options, TeardownNeedsNoInterface) { EXPECT_TRUE(std::get<Options>(parse({"--teardown"})).teardown); }

/// Names of the options on lines that begin with `prefix`.
std::set<std::string> options_in(const std::string& text, const std::string& prefix) {
  std::set<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(prefix)) continue;
    for (size_t at = line.find("--"); at != std::string::npos; at = line.find("--", at + 2)) {
      const size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at + 2);
      found.insert(line.substr(at + 2, end - at - 2));
      if (prefix == "  -") break;  // what follows is the option's text
    }
  }
  return found;
}

TEST(Manual, HasTheOptionsThatTheHelpHas) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(std::get<int>(parse({"--help"})), 0);
  const auto help = options_in(testing::internal::GetCapturedStdout(), "  -");
  std::ifstream file(ELB_SOURCE_DIR "/docs/man/elb-agent.8");
  std::string page(std::istreambuf_iterator<char>(file), {});
  std::erase(page, '\\');
  EXPECT_EQ(options_in(page, ".It Sy"), help);
  EXPECT_GT(help.size(), 20U);
}

TEST(Subnet, IdsStayTheSameOverRestartsAndDiffer) {
  const auto a = parse_subnet("cidr=10.1.0.0/24"), again = parse_subnet("cidr=10.1.0.0/24"),
             b = parse_subnet("cidr=10.2.0.0/24");
  ASSERT_TRUE(a && again && b);
  EXPECT_EQ(a->id, again->id);
  EXPECT_NE(a->id, b->id);
  EXPECT_NE(a->id, a->network_id);
  EXPECT_TRUE(is_uuid(a->id)) << a->id;
  EXPECT_EQ(a->name, "10.1.0.0/24");
}

TEST(Subnet, RefusesWhatItCannotMean) {
  EXPECT_EQ(parse_subnet("cidr=10.1.0.0/24,colour=red").error().field, "colour");
  EXPECT_EQ(parse_subnet("cidr=10.1.0.0/24,cidr=10.2.0.0/24").error().field, "cidr");
  EXPECT_EQ(parse_subnet("cidr=10.1.0.0/24,gateway=10.2.0.1").error().field, "gateway");
  EXPECT_FALSE(parse_subnet("lan"));
}

}  // namespace
}  // namespace elb
