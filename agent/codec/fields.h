// SPDX-License-Identifier: Apache-2.0
// Fields: reads the members of one JSON object strictly. Each call names a field, so whatever no call named is an
// unknown field. The first breach is kept and every later call does nothing; finish() returns it. Private to codec.
// Thread rule: a local variable of one decoder.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "codec/value.h"

namespace elb::codec {

class Recording;

class Fields {
 public:
  /// `path` is where the object stands in what the caller gave ("members[2]"), empty for the resource itself.
  Fields(const Value& object, std::string path);

  /// A field that must be there and not null.
  Fields& require(std::string_view key);
  bool given(std::string_view key) const { return recording_ || object_.has(key); }
  bool given_not_null(std::string_view key) const { return recording_ || !object_.get(key).is_null(); }

  // null means the default everywhere, also on PUT, where it resets the field.
  Fields& line(std::string_view key, std::string& out);  // without control characters
  Fields& text(std::string_view key, std::string& out);  // line breaks and tabs allowed
  Fields& id(std::string_view key, std::string& out);    // a UUID
  Fields& flag(std::string_view key, bool& out, bool fallback);
  Fields& address(std::string_view key, IpAddress& out);
  Fields& cidrs(std::string_view key, std::vector<Cidr>& out);  // an array of texts
  Fields& tags(std::string_view key, std::vector<std::string>& out);
  Fields& array(std::string_view key, Value& out);
  Fields& object(std::string_view key, Value& out);
  template <std::integral T>
  Fields& integer(std::string_view key, T& out, int64_t min, int64_t max, std::optional<T> fallback) {
    if (const auto number = read_integer(key, min, max, fallback.has_value())) {
      out = static_cast<T>(*number);
    } else if (ok() && given(key)) {
      out = *fallback;
    }
    return *this;
  }

  /// A word: one of `supported`, else an error that tells the contract's other words (`known`) from nonsense.
  Fields& word(std::string_view key, std::string& out, std::initializer_list<std::string_view> supported,
               std::initializer_list<std::string_view> known);

  /// A field of the contract without a feature behind it yet: null and the values listed (as JSON text) say "do
  /// without" and are accepted, every other one is refused.
  Fields& neutral(std::string_view key, std::initializer_list<std::string_view> values = {});

  /// Fields that must not be given here; `rule` says why ("is immutable").
  Fields& refuse(std::initializer_list<std::string_view> keys, std::string_view rule);

  Fields& fail(ErrorCode code, std::string_view key, std::string message);
  Fields& adopt(Error error);  // of a nested decoder, whose path is already whole
  bool ok() const { return !error_; }
  std::string path_of(std::string_view key) const;
  const Value& value() const { return object_; }

  /// The first breach, else an error for the first unknown field.
  Status finish();

 private:
  // The value to look at: none after a breach, when absent, or when null (`was_null` set).
  std::optional<Value> take(std::string_view key, bool& was_null);
  std::optional<int64_t> read_integer(std::string_view key, int64_t min, int64_t max, bool null_allowed);
  Fields& wrong_type(std::string_view key, std::string_view expected, const Value& value);
  Fields& string(std::string_view key, std::string& out, bool line_breaks);

  Recording* const recording_;  // codec/schema.h: notes, and judges nothing
  const Value object_;
  const std::string path_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

inline constexpr std::string_view kNotSupported = "not supported by this version";

/// One entry of a whitelist: an address or a block, host bits masked away. The message tells the text and the rule.
Result<Cidr> parse_entry(std::string_view text);

/// The object inside the envelope {"listener": {...}}; kInvalid when the document is anything else.
Result<Value> open_envelope(const Value& document, std::string_view name);

}  // namespace elb::codec
