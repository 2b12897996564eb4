// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace elb {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return invalid("value", fmt::format("{} is odd", value));
  return value / 2;
}

Result<std::string> half_as_text(int value) {
  auto result = half(value);
  if (!result) return pass_on(std::move(result.error()));
  return std::to_string(*result);
}

TEST(Result, CarriesValueOrError) {
  EXPECT_EQ(half(4).value(), 2);
  const auto failed = half_as_text(3);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(failed.error().field, "value");
  EXPECT_EQ(failed.error().to_string(), "value: 3 is odd");
}

TEST(Result, ErrorWithoutFieldIsItsMessage) {
  const Status status = fail(ErrorCode::kConflict, "in use");
  EXPECT_EQ(status.error().to_string(), "in use");
}

TEST(Result, ErrnoIsNamed) {
  const Status status = fail_errno(ENOENT, "cannot open /x");
  EXPECT_EQ(status.error().code, ErrorCode::kSystem);
  EXPECT_EQ(status.error().message, "cannot open /x: No such file or directory");
}

TEST(Result, EveryCodeHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const std::string_view name = to_string(static_cast<ErrorCode>(code));
    EXPECT_EQ(std::find(names.begin(), names.end(), name), names.end()) << name;
    names.push_back(name);
  }
}

}  // namespace
}  // namespace elb
