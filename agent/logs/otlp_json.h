// SPDX-License-Identifier: Apache-2.0
// OtlpJson: attributes in the JSON form of OTLP, for log records and spans alike. Private to logs. Thread rule: a plain
// value; the function is pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace elb::logs {

class OtlpJson {
 public:
  std::string out;

  void text(std::string_view value);
  void string(std::string_view name, std::string_view value) { attribute(name, "stringValue", value, false); }
  /// OTLP has 64-bit numbers as text.
  void integer(std::string_view name, std::string_view value) { attribute(name, "intValue", value, false); }
  void real(std::string_view name, std::string_view value) { attribute(name, "doubleValue", value, true); }

 private:
  void attribute(std::string_view name, std::string_view type, std::string_view value, bool bare);
};

/// "10.1.0.11" and "4711" of "10.1.0.11:4711"; "[2001:db8::1]:443" likewise.
std::pair<std::string_view, std::string_view> split_endpoint(std::string_view text);

}  // namespace elb::logs
