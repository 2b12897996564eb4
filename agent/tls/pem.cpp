// SPDX-License-Identifier: Apache-2.0
#include "tls/pem.h"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace elb::tls {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kColumns = 64;

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return values;
}
constexpr auto kValues = make_values();

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trim(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

/// The label of "-----BEGIN LABEL-----" when `prefix` is "-----BEGIN ".
std::optional<std::string_view> label_of(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix) || !line.ends_with(kDashes) || line.size() < prefix.size() + kDashes.size())
    return std::nullopt;
  return line.substr(prefix.size(), line.size() - prefix.size() - kDashes.size());
}

/// Base64 over several lines; padding may only end the last of them.
class Base64 {
 public:
  /// Why the row is not base64; empty if it is.
  std::string add(std::string_view row) {
    for (size_t column = 0; column < row.size(); ++column) {
      const auto character = static_cast<unsigned char>(row[column]);
      if (is_blank(row[column])) continue;
      if (character == '=') {
        if (++padding_ > 2) return "not base64: too much padding ('=')";
        continue;
      }
      if (kValues[character] < 0) return fmt::format("not base64: {} in column {}", describe(character), column + 1);
      if (padding_ > 0) return "not base64: data after the padding ('=')";
      bits_ = (bits_ << 6) | static_cast<uint32_t>(kValues[character]);
      if (++count_ % 4 == 0) {
        for (const int shift : {16, 8, 0}) bytes_ += static_cast<char>(bits_ >> shift);
        bits_ = 0;
      }
    }
    return {};
  }

  /// Why the whole is not base64; empty if it is, then take() has the bytes.
  std::string finish() {
    const size_t rest = count_ % 4;
    if (count_ == 0) return "no data between BEGIN and END";
    if (rest == 1 || (padding_ != 0 ? rest + padding_ != 4 : rest != 0))
      return fmt::format("not base64: {} characters, not a multiple of four; something is missing", count_ + padding_);
    if (rest == 2) bytes_ += static_cast<char>(bits_ >> 4);
    if (rest == 3) {
      bytes_ += static_cast<char>(bits_ >> 10);
      bytes_ += static_cast<char>(bits_ >> 2);
    }
    return {};
  }

  std::string take() { return std::move(bytes_); }

 private:
  static std::string describe(unsigned char character) {
    return character > ' ' && character < 0x7F ? fmt::format("'{}'", static_cast<char>(character))
                                               : fmt::format("byte 0x{:02x}", character);
  }

  std::string bytes_;
  uint32_t bits_ = 0;
  size_t count_ = 0;
  size_t padding_ = 0;
};

/// Walks over the lines of a text and counts them.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line = trim(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }
  size_t number() const { return number_; }

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

tl::unexpected<Error> at_line(std::string_view field, size_t line, std::string_view message) {
  return invalid(std::string(field), fmt::format("line {}: {}", line, message));
}

/// The rest of a block whose BEGIN line was just read.
Result<PemBlock> read_block(Lines& lines, std::string_view label, std::string_view field) {
  PemBlock block{std::string(label), {}, lines.number(), label.find("ENCRYPTED") != std::string_view::npos};
  Base64 base64;
  std::string_view line;
  while (lines.next(line)) {
    if (const auto end = label_of(line, kEnd)) {
      if (*end != label)
        return at_line(field, lines.number(),
                       fmt::format("END {} closes the BEGIN {} of line {}", *end, label, block.line));
      if (block.encrypted) return block;
      if (const std::string why = base64.finish(); !why.empty()) return at_line(field, lines.number(), why);
      block.bytes = base64.take();
      return block;
    }
    if (line.starts_with(kDashes))
      return at_line(field, lines.number(), fmt::format("expected -----END {}-----, found '{:.40}'", label, line));
    if (line.find(':') != std::string_view::npos) {  // RFC 1421 header: Proc-Type: 4,ENCRYPTED
      if (line.find("ENCRYPTED") != std::string_view::npos) block.encrypted = true;
      continue;
    }
    if (block.encrypted) continue;
    if (const std::string why = base64.add(line); !why.empty()) return at_line(field, lines.number(), why);
  }
  return at_line(field, lines.number(),
                 fmt::format("-----END {}----- is missing for the BEGIN of line {}", label, block.line));
}

}  // namespace

Result<std::vector<PemBlock>> parse_pem(std::string_view text, std::string_view field) {
  if (text.size() > kPemBytesMax)
    return fail(ErrorCode::kTooLarge, fmt::format("has {} bytes, at most {} are allowed", text.size(), kPemBytesMax),
                std::string(field));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the byte order mark of Windows' editors
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return invalid(std::string(field), "is empty");
  std::vector<PemBlock> blocks;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (const auto label = label_of(line, kBegin)) {
      auto block = read_block(lines, *label, field);
      if (!block) return pass_on(block.error());
      blocks.push_back(std::move(*block));
    } else if (line.starts_with(kBegin) || line.starts_with(kEnd)) {
      return at_line(field, lines.number(), fmt::format("expected -----BEGIN ...-----, found '{:.40}'", line));
    }
  }
  if (!blocks.empty()) return blocks;
  const std::string format = foreign_format(text);
  return invalid(std::string(field), format.empty() ? "is not PEM: no -----BEGIN line" : format);
}

std::string write_pem(std::string_view label, std::string_view bytes) {
  std::string text = fmt::format("{}{}{}\n", kBegin, label, kDashes);
  size_t column = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = (bits << 8) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text += k <= group.size() ? kAlphabet[(bits >> (18 - 6 * k)) & 63U] : '=';
    column += 4;
    if (column == kColumns || i + 3 >= bytes.size()) {
      text += '\n';
      column = 0;
    }
  }
  return text + fmt::format("{}{}{}\n", kEnd, label, kDashes);
}

}  // namespace elb::tls
