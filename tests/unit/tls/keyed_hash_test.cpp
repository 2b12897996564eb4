// SPDX-License-Identifier: Apache-2.0
#include "tls/keyed_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace elb::tls {
namespace {

std::string hex(const KeyedHash::Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

KeyedHash with_key(std::string_view key) {
  return KeyedHash(std::span(reinterpret_cast<const uint8_t*>(key.data()), key.size()));
}

TEST(KeyedHash, TestCasesOfRfc4231) {
  EXPECT_EQ(hex(with_key(std::string(20, '\x0b')).digest({"Hi There"})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(with_key("Jefe").digest({"what do ya want ", "for nothing?"})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(KeyedHash, ManyThreadsWithOneKey) {
  const KeyedHash hash = with_key("key");
  const auto expected = hash.digest({"text"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) ASSERT_EQ(hash.digest({"text"}), expected);
    });
  for (auto& thread : threads) thread.join();
}

TEST(KeyedHash, EqualSecrets) {
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abd"));
  EXPECT_FALSE(equal_secrets("abc", "ab"));
}

}  // namespace
}  // namespace elb::tls
