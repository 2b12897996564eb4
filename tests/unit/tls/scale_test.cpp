// SPDX-License-Identifier: Apache-2.0
// Thousands of certificates on one listener: what a start costs, what using them all costs, what an idle connection
// keeps. The limits are generous, machines differ; the figures are printed.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include "unit/tls/server_fixture.h"

// The sanitizers' allocators and pace are their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasure = false;
#else
constexpr bool kMeasure = true;
#endif

namespace elb::test {
namespace {

double cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double heap_kb() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1024;
}

class Scale : public ServerFixture {};

TEST_F(Scale, FiveThousandCertificates) {
  constexpr int kCount = 5000;
  std::vector<Issued> issued;
  issued.reserve(kCount);
  for (int i = 0; i < kCount; ++i) issued.push_back(issue_for(fmt::format("host{}.example.com", i)));

  double heap = heap_kb();
  double began = cpu_ms();
  auto many = settings();
  for (int i = 0; i < kCount; ++i)
    many.sni.push_back(
        {fmt::format("host{}.example.com", i), credential(fmt::format("cert-{}", i), issued[static_cast<size_t>(i)])});
  const auto context = this->context(std::move(many));
  const double start_ms = cpu_ms() - began;
  const double start_kb = heap_kb() - heap;
  EXPECT_EQ(worker_->loaded_certificates(), 0U);

  const auto handshake = [&](int i) {
    TestClient client({.sni = fmt::format("host{}.example.com", i)});
    const auto server = accept(context);
    ASSERT_TRUE(shake_hands(client, *server).ok);
    ASSERT_EQ(client.server_serial(), issued[static_cast<size_t>(i)].serial);
  };
  handshake(0);
  heap = heap_kb();
  began = cpu_ms();
  for (int i = 1; i < kCount; i += 10) handshake(i);
  const double first_us = (cpu_ms() - began) * 1e3 / (kCount / 10);
  const double parsed_kb = (heap_kb() - heap) / (kCount / 10);
  began = cpu_ms();
  for (int i = 1; i < kCount; i += 10) handshake(i);
  const double again_us = (cpu_ms() - began) * 1e3 / (kCount / 10);
  EXPECT_EQ(worker_->loaded_certificates(), kCount / 10 + 1U);

  fmt::print(
      "5,000 certificates: start {:.0f} ms CPU, {:.1f} KB each; first use {:.0f} us and {:.1f} KB each and worker\n",
      start_ms, start_kb / kCount, first_us - again_us, parsed_kb);
  if (!kMeasure) return;
  EXPECT_LT(start_ms, 500) << "50,000 must start within 5 s";
  EXPECT_LT(start_kb / kCount, 4);
  EXPECT_LT(parsed_kb, 16);
  EXPECT_LT(first_us - again_us, 3000);
}

TEST_F(Scale, IdleConnections) {
  constexpr int kCount = 200;
  const auto context = this->context(settings());
  std::vector<std::unique_ptr<tls::Connection>> idle;
  idle.reserve(kCount);
  const auto open = [&] {
    TestClient client({.sni = "www.example.com", .alpn = "h2,http/1.1"});
    auto server = accept(context);
    ASSERT_TRUE(shake_hands(client, *server).ok);
    client.write("ping");
    exchange(client, *server, "pong");
    idle.push_back(std::move(server));
  };
  open();
  const double heap = heap_kb();
  for (int i = 1; i < kCount; ++i) open();
  const double each = (heap_kb() - heap) / (kCount - 1);
  fmt::print("idle connection: {:.1f} KB\n", each);
  if (kMeasure) {
    EXPECT_LT(each, 16);  // R9 allows 64
  }
}

}  // namespace
}  // namespace elb::test
