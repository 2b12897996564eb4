// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "harness/seeded_random.h"

namespace elb {
namespace {

class Constant final : public Random {
 public:
  explicit Constant(uint64_t value) : value_(value) {}
  uint64_t next() override { return value_; }

 private:
  uint64_t value_;
};

TEST(NewUuid, HasVersionFourAndTheRfcVariantWhateverTheBits) {
  Constant zeros(0);
  EXPECT_EQ(new_uuid(zeros), "00000000-0000-4000-8000-000000000000");
  Constant ones(UINT64_MAX);
  EXPECT_EQ(new_uuid(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  Constant mixed(0x0123456789ABCDEF);
  EXPECT_EQ(new_uuid(mixed), "01234567-89ab-4def-8123-456789abcdef");
}

TEST(NewUuid, IsRepeatableFromASeedAndDiffersOtherwise) {
  test::SeededRandom a(1), b(1);
  EXPECT_EQ(new_uuid(a), new_uuid(b));
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = new_uuid(random);
    EXPECT_TRUE(is_uuid(uuid)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(SystemRandom, UsesAllBits) {
  SystemRandom random;
  uint64_t any = 0, all = UINT64_MAX;
  int ones = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = random.next();
    any |= value;
    all &= value;
    ones += std::popcount(value);
  }
  EXPECT_EQ(any, UINT64_MAX);
  EXPECT_EQ(all, 0U);
  EXPECT_NEAR(ones, 32'000, 1000);  // eight standard deviations
}

TEST(IsUuid, AcceptsDashedAndPlainHexOnly) {
  for (const char* text : {"01234567-89ab-4def-8123-456789abcdef", "01234567-89AB-4DEF-8123-456789ABCDEF",
                           "0123456789ab4def8123456789abcdef"})
    EXPECT_TRUE(is_uuid(text)) << text;
  for (const char* text : {"", "0123456789ab4def8123456789abcde", "0123456789ab4def8123456789abcdef0",
                           "01234567-89ab-4def-8123-456789abcdeg", "0123456789-ab-4def-8123-456789abcdef",
                           "01234567-89ab-4def-8123-456789abcde ", "01234567-89ab-4def-8123_456789abcdef",
                           "0123456789ab-def8123456789abcdef", "--------------------------------"})
    EXPECT_FALSE(is_uuid(text)) << text;
}

}  // namespace
}  // namespace elb
