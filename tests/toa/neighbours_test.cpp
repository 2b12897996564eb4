// SPDX-License-Identifier: Apache-2.0
// Shows: CA-04.
// Others that keep data of their own on a socket (sk_user_data: kTLS, sockmaps, KCM) work on sockets that have a client
// noted, and the client is still there afterwards. Means that put it into sk_user_data break all three.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/kcm.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

const Endpoint kClient = endpoint("203.0.113.20", 2020);

class ToaNeighbours : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(load(), 0); }
  void SetUp() override {
    opened_ = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = toa_option(kClient)});
    ASSERT_TRUE(opened_);
    expect_client();
  }
  void TearDown() override {
    if (!opened_) return;
    expect_client();
    peer().reset(opened_->connection);
  }
  void expect_client() { EXPECT_EQ(peer_of(socket()), means().honours() ? kClient : opened_->connection.from); }
  int socket() const { return opened_->seen.socket.get(); }
  void from_peer(const Bytes& payload) { peer().send(opened_->connection, kAck | kPsh, {}, payload); }
  std::optional<Bytes> at_peer() { return peer().receive(opened_->connection); }

  std::optional<Opened> opened_;
};

std::string received(int socket) {
  const timeval limit{.tv_sec = 3, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char bytes[256];
  const ssize_t got = recv(socket, bytes, sizeof bytes, 0);
  return got < 0 ? std::string("recv: ") + std::strerror(errno) : std::string(bytes, static_cast<size_t>(got));
}

/// A program of two instructions: return `value`.
Fd returns(bpf_prog_type type, int value) {
  const bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = value},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  return Fd(bpf_prog_load(type, "returns", "GPL", code, 2, nullptr));
}

// Both directions have the same key and number: the member decrypts the record that it encrypted itself.
TEST_F(ToaNeighbours, KernelTls) {
  ASSERT_EQ(setsockopt(socket(), SOL_TCP, TCP_ULP, "tls", 4), 0) << std::strerror(errno);
  tls12_crypto_info_aes_gcm_128 keys{};
  keys.info = {.version = TLS_1_2_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128};
  std::memset(keys.key, 7, sizeof keys.key);
  ASSERT_EQ(setsockopt(socket(), SOL_TLS, TLS_TX, &keys, sizeof keys), 0) << std::strerror(errno);
  ASSERT_EQ(setsockopt(socket(), SOL_TLS, TLS_RX, &keys, sizeof keys), 0) << std::strerror(errno);
  expect_client();
  ASSERT_EQ(::send(socket(), "secret", 6, 0), 6) << std::strerror(errno);
  const auto record = at_peer();
  ASSERT_TRUE(record);
  ASSERT_GE(record->size(), 5u + 8 + 6 + 16);
  EXPECT_EQ(record->at(0), 23) << "a record of application data";
  EXPECT_EQ(std::string(record->begin(), record->end()).find("secret"), std::string::npos);
  from_peer(*record);
  EXPECT_EQ(received(socket()), "secret");
}

TEST_F(ToaNeighbours, Sockmap) {
  const Fd map(bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "sockets", 4, 4, 1, nullptr));
  const Fd verdict = returns(BPF_PROG_TYPE_SK_SKB, SK_PASS);
  ASSERT_TRUE(map && verdict) << std::strerror(errno);
  ASSERT_EQ(bpf_prog_attach(verdict.get(), map.get(), BPF_SK_SKB_STREAM_VERDICT, 0), 0) << std::strerror(errno);
  const uint32_t key = 0, value = static_cast<uint32_t>(socket());
  ASSERT_EQ(bpf_map_update_elem(map.get(), &key, &value, BPF_ANY), 0) << std::strerror(errno);
  expect_client();
  from_peer({'d', 'a', 't', 'a'});
  EXPECT_EQ(received(socket()), "data");
  ASSERT_EQ(::send(socket(), "answer", 6, 0), 6);
  EXPECT_EQ(at_peer(), (Bytes{'a', 'n', 's', 'w', 'e', 'r'}));
  ASSERT_EQ(bpf_map_delete_elem(map.get(), &key), 0) << std::strerror(errno);
}

TEST_F(ToaNeighbours, KernelConnectionMultiplexor) {
  const Fd messages(::socket(AF_KCM, SOCK_DGRAM, KCMPROTO_CONNECTED));
  const Fd parser = returns(BPF_PROG_TYPE_SOCKET_FILTER, 4);  // every message has four bytes
  ASSERT_TRUE(messages && parser) << std::strerror(errno);
  kcm_attach attach{.fd = socket(), .bpf_fd = parser.get()};
  ASSERT_EQ(ioctl(messages.get(), SIOCKCMATTACH, &attach), 0) << std::strerror(errno);
  from_peer({'o', 'n', 'e', '.', 't', 'w', 'o', '.'});
  EXPECT_EQ(received(messages.get()), "one.");
  EXPECT_EQ(received(messages.get()), "two.");
  kcm_unattach detach{.fd = socket()};
  EXPECT_EQ(ioctl(messages.get(), SIOCKCMUNATTACH, &detach), 0) << std::strerror(errno);
}

}  // namespace
}  // namespace elb::test
