// SPDX-License-Identifier: Apache-2.0
#include "http/scan.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "harness/seeded_random.h"

namespace elb::http {
namespace {

using Scan = const char* (*)(const char*, const char*, const char*);

// The byte at each place of a text of passing bytes, in memory of exactly that size.
void compare(Scan quick, Scan plain, char passing) {
  for (size_t size = 0; size <= 50; ++size) {
    const auto memory = std::make_unique<char[]>(size);
    std::fill_n(memory.get(), size, passing);
    for (size_t from = 0; from <= size; ++from) {
      const char* const begin = memory.get();
      ASSERT_EQ(quick(begin + from, begin + size, begin), begin + size);
      for (size_t place = from; place < size; ++place) {
        for (int byte = 0; byte < 256; ++byte) {
          memory[place] = static_cast<char>(byte);
          ASSERT_EQ(quick(begin + from, begin + size, begin) - begin, plain(begin + from, begin + size, begin) - begin)
              << "byte " << byte << " at " << place << " of " << size << " from " << from;
        }
        memory[place] = passing;
      }
      if (from > 18) from += 6;
    }
  }
}

#if defined(__SSE2__)
TEST(Scan, BlocksOfSixteenFindWhatSingleBytesFind) {
  compare(scan::sse2::control, scan::scalar::control, 'a');
  compare(scan::sse2::not_plain_name, scan::scalar::not_plain_name, '-');
  compare(scan::sse2::not_target, scan::scalar::not_target, '/');
}

TEST(Scan, RandomTextsToo) {
  test::SeededRandom random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random.next() % 80, '\0');
    for (char& c : text) c = static_cast<char>(random.next());
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    ASSERT_EQ(scan::sse2::control(begin, end, begin), scan::scalar::control(begin, end, begin));
    ASSERT_EQ(scan::sse2::not_plain_name(begin, end, begin), scan::scalar::not_plain_name(begin, end, begin));
    ASSERT_EQ(scan::sse2::not_target(begin, end, begin), scan::scalar::not_target(begin, end, begin));
  }
}
#endif

TEST(Scan, ClassesAreWhatTheySay) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const char* const end = &c + 1;
    EXPECT_EQ(scan::control(&c, end, &c) == &c, (i < 0x20 && i != '\t') || i == 0x7f) << i;
    EXPECT_EQ(scan::not_plain_name(&c, end, &c) == end, std::isalnum(i) != 0 || i == '-') << i;
    EXPECT_EQ(scan::not_target(&c, end, &c) == end, i > 0x20 && i < 0x7f && i != '#') << i;
  }
}

}  // namespace
}  // namespace elb::http
