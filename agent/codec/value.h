// SPDX-License-Identifier: Apache-2.0
// Value: a JSON document without the JSON library's headers. Objects keep the order in which keys were set.
// Thread rule: plain value; copying copies the tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace elb::codec {

inline constexpr size_t kMaxDocumentBytes = 1 << 20;  // robustness: 1 MiB
inline constexpr int kMaxDepth = 32;

class Value {
 public:
  enum class Type { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };

  Value();  // null
  Value(bool value);
  Value(int64_t value);
  Value(int value) : Value(static_cast<int64_t>(value)) {}
  Value(unsigned value) : Value(static_cast<int64_t>(value)) {}
  Value(uint64_t value);
  Value(double value);
  Value(std::string_view value);
  Value(const char* value) : Value(std::string_view(value)) {}
  Value(const std::string& value) : Value(std::string_view(value)) {}
  static Value array();
  static Value object();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  /// Strict RFC 8259. kTooLarge beyond `max_bytes`, kInvalid for bad syntax (with byte offset), depth beyond kMaxDepth,
  /// a duplicate key (named) or invalid UTF-8. Only a client that trusts its server raises max_bytes.
  static Result<Value> parse(std::string_view text, size_t max_bytes = kMaxDocumentBytes);
  std::string dump(int indent = -1) const;  // -1: one line
  std::string to_yaml() const;

  Type type() const;
  bool is_null() const { return type() == Type::kNull; }
  bool is_object() const { return type() == Type::kObject; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_string() const { return type() == Type::kString; }

  /// The value as text for people: a string without quotes, null as "", everything else as JSON.
  std::string text() const;
  std::string as_string() const;           // "" unless a string
  bool as_bool() const;                    // false unless a bool
  int64_t as_int() const;                  // 0 unless an integer in range
  std::optional<int64_t> integer() const;  // none for 1.0, "1" and beyond 64 bits

  size_t size() const;  // of an array or object
  bool has(std::string_view key) const;
  Value get(std::string_view key) const;  // null Value when absent
  Value at(size_t index) const;           // null Value when out of range
  std::vector<std::string> keys() const;

  Value& set(std::string_view key, Value value);  // makes a null Value an object; replaces
  Value& push(Value value);                       // makes a null Value an array
  bool operator==(const Value& other) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::codec
