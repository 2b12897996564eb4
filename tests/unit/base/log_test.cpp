// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace elb {
namespace {

/// Just enough of RFC 8259 to read back an object of strings: fails on anything that is not exactly that.
class FlatJson {
 public:
  static std::vector<std::pair<std::string, std::string>> parse(std::string_view text, bool* good) {
    FlatJson parser(text);
    std::vector<std::pair<std::string, std::string>> members;
    *good = parser.object(members) && parser.rest_.empty();
    return members;
  }

 private:
  explicit FlatJson(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool object(std::vector<std::pair<std::string, std::string>>& members) {
    if (!take('{')) return false;
    do {
      std::string name, value;
      if (!string(name) || !take(':') || !string(value)) return false;
      members.emplace_back(name, value);
    } while (take(','));
    return take('}');
  }
  bool string(std::string& out) {
    if (!take('"')) return false;
    while (!rest_.empty() && rest_[0] != '"') {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (take('"'))
        out += '"';
      else if (take('\\'))
        out += '\\';
      else if (take('u') && rest_.size() >= 4) {
        out += static_cast<char>(std::stoi(std::string(rest_.substr(0, 4)), nullptr, 16));
        rest_.remove_prefix(4);
      } else
        return false;
    }
    return take('"');
  }

  std::string_view rest_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LogTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(log::setup("info", "text")); }
};

TEST_F(LogTest, S12_EveryJsonLineIsOneObjectWhateverTheMessage) {
  ASSERT_TRUE(log::setup("debug", "json"));
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  const std::vector<std::string> messages = {
      "plain",
      R"(quote " backslash \ end)",
      "line\nfeed\r\ntab\tbell\a escape\x1b[31m",
      R"(","level":"error","message":"forged)",
      "%v %n %Y {} {0} \\u0000",
      "gr\xc3\xbc\xc3\x9f",
      "",
      all,
      std::string(100'000, 'x'),
  };
  testing::internal::CaptureStderr();
  for (const std::string& message : messages) log::write(log::Level::kWarn, message);
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), messages.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    bool good = false;
    const auto members = FlatJson::parse(lines[i], &good);
    ASSERT_TRUE(good) << lines[i];
    ASSERT_EQ(members.size(), 3U);
    EXPECT_EQ(members[0].first, "time");
    EXPECT_EQ(members[1], (std::pair<std::string, std::string>("level", "warning")));
    EXPECT_EQ(members[2], (std::pair<std::string, std::string>("message", messages[i])));
  }
}

TEST_F(LogTest, TextLinesNameTheLevelAndFormatArguments) {
  ASSERT_TRUE(log::setup("info", "text"));
  testing::internal::CaptureStderr();
  log::info("listening on {}:{}", "127.0.0.1", 9876);
  log::error("no");
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("info"), std::string::npos);
  EXPECT_NE(lines[0].find("listening on 127.0.0.1:9876"), std::string::npos);
  EXPECT_NE(lines[1].find("error"), std::string::npos);
}

// S12: a message with line breaks must not make lines of its own, in text either.
TEST_F(LogTest, S12_TextMessageStaysOnItsLine) {
  ASSERT_TRUE(log::setup("info", "text"));
  testing::internal::CaptureStderr();
  log::write(log::Level::kInfo, "name=a\n2026-01-01T00:00:00 error forged\r\x1b[2K");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines_of(text).size(), 1U) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(LogTest, LevelsBelowTheChosenOneAreSilent) {
  ASSERT_TRUE(log::setup("warn", "text"));
  EXPECT_FALSE(log::enabled(log::Level::kDebug));
  EXPECT_FALSE(log::enabled(log::Level::kInfo));
  EXPECT_TRUE(log::enabled(log::Level::kWarn));
  testing::internal::CaptureStderr();
  log::debug("one");
  log::info("two");
  log::warn("three");
  EXPECT_EQ(lines_of(testing::internal::GetCapturedStderr()).size(), 1U);
}

TEST_F(LogTest, RefusesUnknownLevelAndFormat) {
  const Status level = log::setup("loud", "text");
  ASSERT_FALSE(level);
  EXPECT_EQ(level.error().field, "log-level");
  const Status format = log::setup("info", "xml");
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().field, "log-format");
}

}  // namespace
}  // namespace elb
