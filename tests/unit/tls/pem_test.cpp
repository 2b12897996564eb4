// SPDX-License-Identifier: Apache-2.0
#include "tls/pem.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace elb::test {
namespace {

using testing::HasSubstr;

std::string bytes(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 37 + 11);
  return text;
}

TEST(Pem, ReadsWhatItWrites) {
  for (size_t size = 1; size < 200; ++size) {
    const auto blocks = tls::parse_pem(tls::write_pem("X", bytes(size)), "f");
    ASSERT_TRUE(blocks) << size << blocks.error().to_string();
    ASSERT_EQ(blocks->size(), 1U);
    EXPECT_EQ(blocks->front().bytes, bytes(size));
    EXPECT_EQ(blocks->front().label, "X");
  }
}

TEST(Pem, WritesRowsOf64) {
  EXPECT_EQ(tls::write_pem("CERTIFICATE", "hello"),
            "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
  const std::string text = tls::write_pem("X", bytes(96));
  EXPECT_EQ(text.find('\n', 18) - text.find('\n') - 1, 64U);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

// TLS-04, TLS-08, X-8
TEST(Pem, AcceptsEveryLayout) {
  const std::string wanted = bytes(100);
  std::string base64 = tls::write_pem("X", wanted);
  base64 = base64.substr(18, base64.find("-----END") - 18);
  base64.erase(std::remove(base64.begin(), base64.end(), '\n'), base64.end());
  const auto rows = [&](size_t columns, const std::string& end) {
    std::string text = "-----BEGIN X-----" + end;
    for (size_t i = 0; i < base64.size(); i += columns) text += base64.substr(i, columns) + end;
    return text + "-----END X-----" + end;
  };
  for (const auto& text :
       {rows(64, "\n"), rows(70, "\n"), rows(76, "\r\n"), rows(1, "\n"), rows(1000, "\n"), rows(64, "\n\n"),
        rows(64, " \n"), "\n\n" + rows(64, "\n") + "\n\n\n", "subject=CN = a\nissuer=CN = b\n" + rows(64, "\n"),
        "\xEF\xBB\xBF" + rows(64, "\r\n"), "  " + rows(64, "\n  ")}) {
    const auto blocks = tls::parse_pem(text, "f");
    ASSERT_TRUE(blocks) << text << blocks.error().to_string();
    EXPECT_EQ(blocks->front().bytes, wanted) << text;
  }
  const std::string last = rows(64, "\n");
  EXPECT_TRUE(tls::parse_pem(last.substr(0, last.size() - 1), "f")) << "without a final line feed";
}

TEST(Pem, ErrorsNameTheLine) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "is empty"},
      {" \n\r\n", "is empty"},
      {"hello", "is not PEM: no -----BEGIN line"},
      {"-----BEGIN X-----\naGVsbG8=\n", "line 2: -----END X----- is missing for the BEGIN of line 1"},
      {"\n\n-----BEGIN X-----\naGVsbG8=\n\n", "line 5: -----END X----- is missing for the BEGIN of line 3"},
      {"-----BEGIN X-----\naGVsbG8=\n-----BEGIN Y-----\n",
       "line 3: expected -----END X-----, found '-----BEGIN Y-----'"},
      {"-----BEGIN X-----\naGVsbG8=\n-----END Y-----\n", "line 3: END Y closes the BEGIN X of line 1"},
      {"-----BEGIN X-----\naGVsbG8=\n----END X-----\n", "line 3: not base64: '-' in column 1"},
      {"-----BEGIN X-----\naGVs*G8=\n-----END X-----\n", "line 2: not base64: '*' in column 5"},
      {"-----BEGIN X-----\naGVsbG8=\n\x01\x02\n-----END X-----\n", "line 3: not base64: byte 0x01 in column 1"},
      {"-----BEGIN X-----\naGVsbG8\n-----END X-----\n",
       "line 3: not base64: 7 characters, not a multiple of four; something is missing"},
      {"-----BEGIN X-----\naGVsb\n-----END X-----\n",
       "line 3: not base64: 5 characters, not a multiple of four; something is missing"},
      {"-----BEGIN X-----\naG=sbG8=\n-----END X-----\n", "line 2: not base64: data after the padding ('=')"},
      {"-----BEGIN X-----\naGVsbG8====\n-----END X-----\n", "line 2: not base64: too much padding ('=')"},
      {"-----BEGIN X-----\n-----END X-----\n", "line 2: no data between BEGIN and END"},
      {"-----BEGIN X----\naGVsbG8=\n-----END X-----\n",
       "line 1: expected -----BEGIN ...-----, found '-----BEGIN X----'"},
      {"aGVsbG8=\n-----END X----\n", "line 2: expected -----BEGIN ...-----, found '-----END X----'"},
  };
  for (const auto& test : cases) {
    const auto blocks = tls::parse_pem(test.text, "certificate");
    ASSERT_FALSE(blocks) << test.text;
    EXPECT_EQ(blocks.error().message, test.message) << test.text;
    EXPECT_EQ(blocks.error().field, "certificate");
    EXPECT_EQ(blocks.error().code, ErrorCode::kInvalid);
  }
}

TEST(Pem, KnowsEncryptedBlocks) {
  const auto old = tls::parse_pem(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE "
      "KEY-----\n",
      "f");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->front().encrypted);
  const auto pkcs8 =
      tls::parse_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "f");
  ASSERT_TRUE(pkcs8);
  EXPECT_TRUE(pkcs8->front().encrypted);
}

TEST(Pem, CountsBlocksAndLines) {
  const auto blocks =
      tls::parse_pem("a\n-----BEGIN A-----\nAAAA\n-----END A-----\nb\n-----BEGIN B-----\nAAAA\n-----END B-----\n", "f");
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ((*blocks)[0].line, 2U);
  EXPECT_EQ((*blocks)[1].line, 6U);
}

TEST(Pem, RefusesWhatIsTooLong) {
  const auto blocks = tls::parse_pem(std::string(tls::kPemBytesMax + 1, 'a'), "f");
  ASSERT_FALSE(blocks);
  EXPECT_EQ(blocks.error().code, ErrorCode::kTooLarge);
}

// Every prefix and every single changed byte of a good text is read or refused, never worse.
TEST(Pem, SurvivesDamage) {
  const std::string text = tls::write_pem("CERTIFICATE", bytes(120));
  size_t refused = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    refused += tls::parse_pem(text.substr(0, i), "f") ? 0U : 1U;
    for (const char c : {'\0', '-', '\n', '=', '\xFF'}) {
      std::string damaged = text;
      damaged[i] = c;
      refused += tls::parse_pem(damaged, "f") ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, text.size());
  EXPECT_THAT(tls::parse_pem(text.substr(0, 100), "f").error().message, HasSubstr("is missing"));
}

}  // namespace
}  // namespace elb::test
