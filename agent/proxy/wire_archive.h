// SPDX-License-Identifier: Apache-2.0
// Writer and Reader: values as bytes and back, with the same calls for both, so that one function describes a type in
// both directions. Numbers are little-endian and of fixed width; text and lists have their length before them. A
// Reader believes nothing: whatever does not fit makes it bad, and it answers zeros from there on.
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ip.h"

namespace elb::proxy {

class Writer {
 public:
  static constexpr bool kReads = false;
  explicit Writer(std::string& out) : out_(out) {}

  template <std::unsigned_integral T>
  void number(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) out_ += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xff);
  }
  void number(int value) { number(static_cast<uint32_t>(value)); }
  void flag(bool value) { number(static_cast<uint8_t>(value)); }
  template <class Enum>
  void choice(Enum value, Enum) {
    number(static_cast<uint8_t>(value));
  }
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    out_ += value;
  }
  template <class List, class Each>
  void list(const List& values, Each&& each) {
    number(static_cast<uint32_t>(values.size()));
    for (const auto& value : values) each(value);
  }
  template <class T, class Put>
  void maybe(const std::optional<T>& value, Put&& put) {
    flag(value.has_value());
    if (value) put(*value);
  }
  void address(const IpAddress& value) {
    flag(value.is_v4());
    out_.append(reinterpret_cast<const char*>(value.bytes().data()), value.bytes().size());
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  static constexpr bool kReads = true;
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  /// Everything was there, and nothing more.
  bool complete() const { return !bad_ && rest_.empty(); }
  void fail() { bad_ = true; }

  template <std::unsigned_integral T>
  void number(T& value) {
    const std::string_view bytes = take(sizeof(T));
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes.size(); ++i) sum |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    value = static_cast<T>(sum);
  }
  void number(int& value) {
    uint32_t bits = 0;
    number(bits);
    value = static_cast<int>(bits);
  }
  void flag(bool& value) {
    uint8_t byte = 0;
    number(byte);
    if (byte > 1) bad_ = true;
    value = byte == 1;
  }
  /// `last` is the largest value of the enumeration.
  template <class Enum>
  void choice(Enum& value, Enum last) {
    uint8_t byte = 0;
    number(byte);
    if (byte > static_cast<uint8_t>(last)) bad_ = true;
    value = bad_ ? Enum{} : static_cast<Enum>(byte);
  }
  void text(std::string& value) {
    uint32_t size = 0;
    number(size);
    value = take(size);
  }
  template <class List, class Each>
  void list(List& values, Each&& each) {
    uint32_t count = 0;
    number(count);
    values.clear();
    // every element has a byte at least: a forged count cannot make us allocate more than was sent
    if (count > rest_.size()) bad_ = true;
    for (uint32_t i = 0; i < count && !bad_; ++i) each(values.emplace_back());
  }
  template <class T, class Get>
  void maybe(std::optional<T>& value, Get&& get) {
    bool there = false;
    flag(there);
    value.reset();
    if (there && !bad_) get(value.emplace());
  }
  void address(IpAddress& value) {
    bool is_v4 = false;
    flag(is_v4);
    std::array<uint8_t, 16> bytes{};
    const std::string_view raw = take(bytes.size());
    std::copy(raw.begin(), raw.end(), bytes.begin());
    if (is_v4) {
      value = IpAddress::from_v4_host(static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
                                      static_cast<uint32_t>(bytes[2]) << 8 | bytes[3]);
    } else {
      value = IpAddress::from_v6(bytes);
    }
  }

 private:
  std::string_view take(size_t size) {
    if (size > rest_.size()) bad_ = true;
    if (bad_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace elb::proxy
