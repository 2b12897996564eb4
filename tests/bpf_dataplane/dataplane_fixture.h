// SPDX-License-Identifier: Apache-2.0
// DataplaneTest: a Lab with a host "client" and a host "member", and a Dataplane on the node between them.
// Thread rule: one thread.
#pragma once

#include <bpf/bpf.h>
#include <elb/abi.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpf_dataplane/lab.h"
#include "dataplane/dataplane.h"
#include "harness/snapshot_builder.h"

namespace elb::dataplane {

using test::accept_one;
using test::Lab;
using test::listener_id;
using test::member_id;
using test::receive;
using test::send_text;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

inline constexpr const char* kPins = "/sys/fs/bpf/elb-test";
inline const Endpoint kVip{IpAddress::from_v4_host(0xC0000201), 80};  // 192.0.2.1
inline constexpr uint16_t kMemberPort = 8080;

class DataplaneTest : public testing::Test {
 protected:
  DataplaneTest() {
    if (geteuid() != 0) return;
    lab.emplace();
    lab->add_host("client", 1);
    lab->add_host("member", 2);
    // Replies to local addresses come back through the node; nothing there owns them.
    options.interfaces = {Lab::interface("client"), Lab::interface("member")};
    options.mode = HookMode::kXdp;
    options.local_addresses = *Cidr::parse("100.125.0.0/24");
    options.pin_dir = kPins;
    options.flow_slots = 1U << 12;
    options.max_listeners = 16;
    options.max_members = 64;
  }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }

  void start() {
    auto started = Dataplane::start(options, clock, random);
    ASSERT_TRUE(started) << started.error().to_string();
    dataplane = std::move(*started);
  }
  Error start_failure() {
    auto started = Dataplane::start(options, clock, random);
    return started ? Error{ErrorCode::kInternal, "it started", ""} : started.error();
  }
  /// Listener 1 at the VIP, members on host "member" at ports 8080 + i.
  model::SnapshotPtr snapshot(int members = 1, model::Protocol protocol = model::Protocol::kTcp) {
    std::vector<model::SnapshotMember> list;
    for (int i = 0; i < members; ++i) {
      list.push_back(test::member(i + 1));
      list.back().endpoint = {lab->address("member"), static_cast<uint16_t>(kMemberPort + i)};
    }
    auto built = test::SnapshotBuilder().listener(1, std::move(list)).build();
    built.listeners[0].vip = kVip;
    built.listeners[0].protocol = protocol;
    built.generation = ++generation;
    return std::make_shared<const model::Snapshot>(std::move(built));
  }
  uint64_t apply(model::SnapshotPtr given) {
    auto applied = dataplane->apply(std::move(given));
    if (!applied) ADD_FAILURE() << applied.error().to_string();
    return applied ? applied->writes : 0;
  }
  model::Audit audit() {
    auto done = dataplane->audit();
    if (!done) ADD_FAILURE() << done.error().to_string();
    return done ? *done : model::Audit{};
  }
  /// A connection from the client through the VIP to the member.
  std::pair<Fd, Fd> open_connection(const Fd& listener) {
    Fd client = lab->connect("client", kVip);
    EXPECT_TRUE(client) << "no connection to the VIP\n" << drops();
    Fd member = client ? accept_one(listener) : Fd();
    EXPECT_TRUE(member);
    return {std::move(client), std::move(member)};
  }
  static bool echoes(const std::pair<Fd, Fd>& connection, const std::string& text) {
    return send_text(connection.first, text) && receive(connection.second) == text &&
           send_text(connection.second, text + "!") && receive(connection.first) == text + "!";
  }
  std::string drops() {
    std::string text;
    if (dataplane)
      for (const auto& drop : dataplane->drops()) text += fmt::format("{}={} ", drop.reason, drop.packets);
    return text;
  }
  uint32_t map_id(const std::string& name) {
    const Fd fd(bpf_obj_get(fmt::format("{}/{}", kPins, name).c_str()));
    bpf_map_info info{};
    uint32_t size = sizeof info;
    return fd && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? info.id : 0;
  }
  Fd link_fd(const std::string& host) {
    return Fd(bpf_obj_get(fmt::format("{}/links/if{}", kPins, if_nametoindex(Lab::interface(host).c_str())).c_str()));
  }
  bpf_link_info link_info(const std::string& host) {
    const Fd fd = link_fd(host);
    bpf_link_info info{};
    uint32_t size = sizeof info;
    if (fd) bpf_obj_get_info_by_fd(fd.get(), &info, &size);
    return info;
  }
  template <class Condition>
  static bool soon(Condition condition, int seconds = 5) {
    for (int i = 0; i < seconds * 50; ++i) {
      if (condition()) return true;
      usleep(20'000);
    }
    return condition();
  }

  std::optional<Lab> lab;
  SystemClock clock;
  SystemRandom random;
  DataplaneOptions options;
  std::unique_ptr<Dataplane> dataplane;
  uint64_t generation = 0;
};

}  // namespace elb::dataplane
