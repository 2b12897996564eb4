// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>

#include "harness/snapshot_builder.h"
#include "proxy/channel.h"

namespace elb::proxy {
namespace {

using test::member;

/// Every field has a value of its own, other than its default.
model::Snapshot sample() {
  model::Snapshot snapshot = test::SnapshotBuilder()
                                 .listener(1, {member(1)})
                                 .listener(2, {member(2, 7), member(3, 0, false)})
                                 .listener(3, {member(4)})
                                 .build();
  snapshot.generation = 12;
  snapshot.revision = 11;
  snapshot.certificates = {{"c0", "PEM0", "KEY0"}, {"c1", "PEM1", "KEY1"}, {"c2", "PEM2", "KEY2"}};
  snapshot.pools[1].protocol = model::Protocol::kHttp;
  snapshot.pools[1].algorithm = model::Algorithm::kSourceIp;
  snapshot.pools[1].http2 = true;
  snapshot.pools[1].slow_start_s = 44;
  snapshot.pools[1].cookie = {model::CookieKind::kApplication, "JSESSIONID", 77};
  snapshot.pools[1].members[0].endpoint.address = *IpAddress::parse("2001:db8::7");

  model::SnapshotListener& listener = snapshot.listeners[1];
  listener.loadbalancer_id = "lb";
  listener.protocol = model::Protocol::kHttps;
  listener.vip.address = *IpAddress::parse("2001:db8::1");
  listener.eip = *IpAddress::parse("203.0.113.9");
  listener.whitelist = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")};
  listener.connection_limit = 99;
  model::SnapshotHttp& http = listener.http.emplace();
  http.policies.push_back({.id = "p",
                           .position = 3,
                           .action = model::PolicyAction::kRedirectPrefix,
                           .pool = 2,
                           .redirect = "https://x",
                           .redirect_code = 308,
                           .rules = {{model::RuleType::kHeader, model::RuleCompare::kRegex, true, "k", "v"}}});
  http.redirect_https_port = 8443;
  http.tls = model::SnapshotTls{
      .policy = "tls-1-2-strict", .http2 = true, .certificate = 2, .sni = {{"a.example", 1}}, .client_ca = "CA"};
  http.timeouts = {1, 2, 3, 4, 5, 6};
  http.forwarded_for = model::ForwardedFor::kRemove;
  http.forwarded_port = http.forwarded_proto = http.server_header = false;
  http.request_rate = 7;
  http.request_burst = 8;
  http.body_rate = 9;
  http.trace_sampling = 10;
  http.error_pages = {{"5xx", "text/html", "<p>later</p>"}};
  http.proxy_trusted = {*Cidr::parse("10.0.0.0/8")};
  http.whitelist = std::vector<Cidr>{*Cidr::parse("2001:db8::/32")};
  http.log = model::SnapshotLog{"stream", "project"};
  return snapshot;
}

TEST(Wire, EverythingOfTheProxyArrives) {
  const auto arrived = decode_snapshot(encode_snapshot(sample()));
  ASSERT_TRUE(arrived) << arrived.error().to_string();
  EXPECT_EQ(arrived->generation, 12);
  EXPECT_EQ(arrived->revision, 11);
  ASSERT_EQ(arrived->listeners.size(), 1) << "the others are not the proxy's";
  const model::SnapshotListener& listener = arrived->listeners[0];
  EXPECT_EQ(listener.id, test::listener_id(2));
  EXPECT_EQ(listener.loadbalancer_id, "lb");
  EXPECT_EQ(listener.protocol, model::Protocol::kHttps);
  EXPECT_EQ(listener.vip.to_string(), "[2001:db8::1]:82");
  EXPECT_EQ(listener.eip->to_string(), "203.0.113.9");
  ASSERT_EQ(listener.whitelist->size(), 2);
  EXPECT_EQ(listener.whitelist->at(0).to_string(), "10.0.0.0/8");
  EXPECT_EQ(listener.whitelist->at(1).to_string(), "2001:db8::/32");
  EXPECT_EQ(listener.connection_limit, 99);

  const model::SnapshotHttp& http = *listener.http;
  ASSERT_EQ(http.policies.size(), 1);
  const model::SnapshotPolicy& policy = http.policies[0];
  EXPECT_EQ(policy.id, "p");
  EXPECT_EQ(policy.position, 3);
  EXPECT_EQ(policy.action, model::PolicyAction::kRedirectPrefix);
  EXPECT_EQ(policy.redirect, "https://x");
  EXPECT_EQ(policy.redirect_code, 308);
  ASSERT_EQ(policy.rules.size(), 1);
  EXPECT_EQ(policy.rules[0].type, model::RuleType::kHeader);
  EXPECT_EQ(policy.rules[0].compare, model::RuleCompare::kRegex);
  EXPECT_TRUE(policy.rules[0].invert);
  EXPECT_EQ(policy.rules[0].key, "k");
  EXPECT_EQ(policy.rules[0].value, "v");
  EXPECT_EQ(http.redirect_https_port, 8443);
  EXPECT_EQ(http.tls->policy, "tls-1-2-strict");
  EXPECT_TRUE(http.tls->http2);
  EXPECT_EQ(http.tls->client_ca, "CA");
  EXPECT_EQ(http.tls->sni.at(0).domain, "a.example");
  EXPECT_EQ(http.timeouts.idle_s, 1);
  EXPECT_EQ(http.timeouts.head_s, 2);
  EXPECT_EQ(http.timeouts.body_s, 3);
  EXPECT_EQ(http.timeouts.connect_s, 4);
  EXPECT_EQ(http.timeouts.response_s, 5);
  EXPECT_EQ(http.timeouts.tunnel_s, 6);
  EXPECT_EQ(http.forwarded_for, model::ForwardedFor::kRemove);
  EXPECT_FALSE(http.forwarded_port || http.forwarded_proto || http.server_header);
  EXPECT_EQ(http.request_rate, 7);
  EXPECT_EQ(http.request_burst, 8);
  EXPECT_EQ(http.body_rate, 9);
  EXPECT_EQ(http.trace_sampling, 10);
  EXPECT_EQ(http.error_pages, (std::vector<model::ErrorPage>{{"5xx", "text/html", "<p>later</p>"}}));
  EXPECT_EQ(http.proxy_trusted.at(0).to_string(), "10.0.0.0/8");
  EXPECT_EQ(http.whitelist->at(0).to_string(), "2001:db8::/32");
  EXPECT_EQ(http.log->stream + "/" + http.log->project_id, "stream/project");
}

TEST(Wire, IndexesFollowWhatIsLeft) {
  const auto arrived = decode_snapshot(encode_snapshot(sample()));
  ASSERT_TRUE(arrived);
  ASSERT_EQ(arrived->pools.size(), 2) << "of the listener and of its policy";
  const model::SnapshotListener& listener = arrived->listeners[0];
  const model::SnapshotPool& pool = arrived->pools[*listener.pool];
  EXPECT_EQ(pool.id, sample().pools[1].id);
  EXPECT_EQ(pool.protocol, model::Protocol::kHttp);
  EXPECT_TRUE(pool.http2);
  EXPECT_EQ(pool.slow_start_s, 44);
  EXPECT_EQ(pool.algorithm, model::Algorithm::kSourceIp);
  EXPECT_EQ(pool.cookie.kind, model::CookieKind::kApplication);
  EXPECT_EQ(pool.cookie.name, "JSESSIONID");
  EXPECT_EQ(pool.cookie.duration_s, 77);
  ASSERT_EQ(pool.members.size(), 2);
  EXPECT_EQ(pool.members[0].id, test::member_id(2));
  EXPECT_EQ(pool.members[0].endpoint.to_string(), "[2001:db8::7]:8080");
  EXPECT_EQ(pool.members[0].weight, 7);
  EXPECT_TRUE(pool.members[0].usable);
  EXPECT_FALSE(pool.members[1].usable);
  EXPECT_EQ(arrived->pools[*listener.http->policies[0].pool].id, sample().pools[2].id);
  ASSERT_EQ(arrived->certificates.size(), 2);
  EXPECT_EQ(arrived->certificates[listener.http->tls->certificate].private_key, "KEY2");
  EXPECT_EQ(arrived->certificates[listener.http->tls->sni[0].certificate].certificate, "PEM1");
}

TEST(Wire, EmptyPoolOfAPolicyStaysEmpty) {
  model::Snapshot snapshot = sample();
  snapshot.listeners[1].http->policies[0].pool.reset();
  snapshot.listeners[1].pool.reset();
  snapshot.listeners[1].whitelist.emplace();  // nobody, AC-02
  const auto arrived = decode_snapshot(encode_snapshot(snapshot));
  ASSERT_TRUE(arrived);
  EXPECT_FALSE(arrived->listeners[0].pool);
  EXPECT_FALSE(arrived->listeners[0].http->policies[0].pool);
  EXPECT_TRUE(arrived->pools.empty());
  ASSERT_TRUE(arrived->listeners[0].whitelist);
  EXPECT_TRUE(arrived->listeners[0].whitelist->empty());
}

TEST(Wire, AnotherVersionIsRefused) {
  std::string bytes = encode_snapshot(sample());
  bytes[4] = static_cast<char>(kWireVersion + 1);
  const auto arrived = decode_snapshot(bytes);
  ASSERT_FALSE(arrived);
  EXPECT_EQ(arrived.error().code, ErrorCode::kUnsupported);
}

TEST(Wire, PartsAreRefused) {
  const std::string bytes = encode_snapshot(sample());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_snapshot(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_snapshot(bytes + "x"));
}

// Either an error or a snapshot whose indexes lead somewhere; under the sanitizers, nothing else either.
TEST(Wire, RandomDamageIsSurvived) {
  const std::string bytes = encode_snapshot(sample());
  std::mt19937 random(3);
  size_t refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = bytes;
    for (int n = 0; n < 3; ++n) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto arrived = decode_snapshot(damaged);
    refused += !arrived;
    if (!arrived) continue;
    for (const auto& listener : arrived->listeners) {
      ASSERT_LT(listener.pool.value_or(0), std::max<size_t>(arrived->pools.size(), 1));
      ASSERT_LT(listener.http->tls ? listener.http->tls->certificate : 0,
                std::max<size_t>(arrived->certificates.size(), 1));
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Channel, MessagesAndDescriptorsArrive) {
  auto ends = make_channel();
  ASSERT_TRUE(ends);
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const Fd reader(pipe_ends[0]);
  Message message{.type = MessageType::kSockets, .number = 7, .bytes = "text"};
  message.fds.emplace_back(pipe_ends[1]);
  ASSERT_TRUE(send_message(ends->first.get(), message));
  message.fds.clear();
  auto received = receive_message(ends->second.get());
  ASSERT_TRUE(received) << received.error().to_string();
  EXPECT_EQ(received->type, MessageType::kSockets);
  EXPECT_EQ(received->number, 7);
  EXPECT_EQ(received->bytes, "text");
  ASSERT_EQ(received->fds.size(), 1);
  EXPECT_EQ(::fcntl(received->fds[0].get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(::write(received->fds[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
}

TEST(Channel, TheOtherEndIsGone) {
  auto ends = make_channel();
  ends->second.reset();
  EXPECT_EQ(send_message(ends->first.get(), {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(receive_message(ends->first.get()).error().code, ErrorCode::kUnavailable);
}

TEST(Channel, NeverWaitsForAReaderThatDoesNotRead) {
  auto ends = make_channel();
  Status status;
  for (int i = 0; i < 10000 && status; ++i) status = send_message(ends->first.get(), {.bytes = std::string(4000, 'x')});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
}

TEST(Channel, StrangeMessagesAreRefused) {
  auto ends = make_channel();
  ASSERT_EQ(::write(ends->first.get(), "hello, this is no message", 25), 25);
  EXPECT_EQ(receive_message(ends->second.get()).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(send_message(ends->first.get(), {.bytes = std::string(kMessageBytes + 1, 'x')}));
}

TEST(Channel, MemoryIsSealed) {
  const std::string bytes(size_t{3} << 20, 'k');
  auto memory = to_memory(bytes);
  ASSERT_TRUE(memory) << memory.error().to_string();
  EXPECT_LT(::pwrite(memory->get(), "x", 1, 0), 0);
  const auto back = from_memory(memory->get());
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, bytes);
  const Fd open(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_FALSE(from_memory(open.get())) << "somebody may still write there";
}

}  // namespace
}  // namespace elb::proxy
