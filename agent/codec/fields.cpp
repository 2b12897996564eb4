// SPDX-License-Identifier: Apache-2.0
#include "codec/fields.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "base/random.h"
#include "codec/schema.h"

namespace elb::codec {
namespace {

std::string_view describe(Value::Type type) {
  switch (type) {
    case Value::Type::kNull:
      return "null";
    case Value::Type::kBool:
      return "a boolean";
    case Value::Type::kInteger:
      return "an integer";
    case Value::Type::kNumber:
      return "a number that is not an integer";
    case Value::Type::kString:
      return "a string";
    case Value::Type::kArray:
      return "an array";
    case Value::Type::kObject:
      return "an object";
  }
  return "something else";
}

// What people may paste back into a message: one line, bounded.
std::string shown(const Value& value) {
  constexpr size_t kShown = 80;
  std::string text = value.dump();
  if (text.size() <= kShown) return text;
  size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;  // not inside a UTF-8 character
  return text.substr(0, cut) + "...";
}

/// The openstack command and others send these as text; Octavia takes them so.
bool sent_as_text(std::string_view key) {
  return key == "connection_limit" || key == "persistence_timeout" || key == "protocol_port";
}

std::optional<int64_t> number_of(const Value& value) {
  if (!value.is_string()) return value.integer();
  const std::string text = value.as_string();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has_control(std::string_view text, bool line_breaks) {
  return std::any_of(text.begin(), text.end(), [line_breaks](char c) {
    if (line_breaks && (c == '\n' || c == '\r' || c == '\t')) return false;
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace

Fields::Fields(const Value& object, std::string path)
    : recording_(Recording::current()), object_(object), path_(std::move(path)) {
  if (recording_) {
    recording_->open(path_);
  } else if (!object_.is_object()) {
    error_ = Error{ErrorCode::kInvalid, fmt::format("expected an object, got {}", describe(object_.type())), path_};
  }
}

std::string Fields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

Fields& Fields::fail(ErrorCode code, std::string_view key, std::string message) {
  if (!error_ && !recording_) error_ = Error{code, std::move(message), path_of(key)};
  return *this;
}

Fields& Fields::adopt(Error error) {
  if (!error_ && !recording_) error_ = std::move(error);
  return *this;
}

Fields& Fields::wrong_type(std::string_view key, std::string_view expected, const Value& value) {
  return fail(ErrorCode::kInvalid, key, fmt::format("expected {}, got {}", expected, describe(value.type())));
}

std::optional<Value> Fields::take(std::string_view key, bool& was_null) {
  was_null = false;
  known_.emplace(key);
  if (error_ || !object_.has(key)) return std::nullopt;
  Value value = object_.get(key);
  was_null = value.is_null();
  if (was_null) return std::nullopt;
  return value;
}

Fields& Fields::require(std::string_view key) {
  if (recording_) {
    ++recording_->property(path_of(key), "").required;
    return *this;
  }
  known_.emplace(key);
  if (!given(key)) return fail(ErrorCode::kInvalid, key, "is required");
  if (!given_not_null(key)) return fail(ErrorCode::kInvalid, key, "must not be null");
  return *this;
}

Fields& Fields::string(std::string_view key, std::string& out, bool line_breaks) {
  if (recording_) {
    recording_->property(path_of(key), "string");
    return *this;
  }
  bool was_null = false;
  const auto value = take(key, was_null);
  if (was_null) out.clear();
  if (!value) return *this;
  if (!value->is_string()) return wrong_type(key, "a string", *value);
  out = value->as_string();
  if (has_control(out, line_breaks)) return fail(ErrorCode::kInvalid, key, "must not contain control characters");
  return *this;
}

Fields& Fields::line(std::string_view key, std::string& out) { return string(key, out, false); }
Fields& Fields::text(std::string_view key, std::string& out) { return string(key, out, true); }

Fields& Fields::id(std::string_view key, std::string& out) {
  line(key, out);
  if (recording_) recording_->property(path_of(key), "string").format = "uuid";
  if (ok() && given_not_null(key) && !is_uuid(out)) {
    fail(ErrorCode::kInvalid, key, fmt::format("must be a UUID, got {}", shown(object_.get(key))));
  }
  return *this;
}

Fields& Fields::flag(std::string_view key, bool& out, bool fallback) {
  if (recording_) recording_->property(path_of(key), "boolean");
  bool was_null = false;
  const auto value = take(key, was_null);
  if (was_null) out = fallback;
  if (!value) return *this;
  if (value->type() != Value::Type::kBool) return wrong_type(key, "a boolean", *value);
  out = value->as_bool();
  return *this;
}

std::optional<int64_t> Fields::read_integer(std::string_view key, int64_t min, int64_t max, bool null_allowed) {
  if (recording_) {
    Property& noted = recording_->property(path_of(key), "integer");
    noted.min = std::min(noted.min.value_or(min), min);
    noted.max = std::max(noted.max.value_or(max), max);
    noted.text_too = sent_as_text(key);
    return min;
  }
  bool was_null = false;
  const auto value = take(key, was_null);
  if (was_null && !null_allowed) fail(ErrorCode::kInvalid, key, "must not be null");
  if (!value) return std::nullopt;
  const auto number = sent_as_text(key) ? number_of(*value) : value->integer();
  if (value->type() != Value::Type::kInteger && !(value->is_string() && number)) {
    wrong_type(key, "an integer", *value);
    return std::nullopt;
  }
  if (!number || *number < min || *number > max) {
    fail(ErrorCode::kInvalid, key, fmt::format("must be {} to {}, got {}", min, max, value->dump()));
    return std::nullopt;
  }
  return number;
}

Fields& Fields::address(std::string_view key, IpAddress& out) {
  std::string text;
  line(key, text);
  if (recording_) recording_->property(path_of(key), "string").format = "ip";
  if (!ok() || !given_not_null(key)) return *this;
  const auto parsed = IpAddress::parse(text);
  if (!parsed) {
    return fail(ErrorCode::kInvalid, key, fmt::format("must be an IPv4 or IPv6 address, got {}", shown(Value(text))));
  }
  out = *parsed;
  return *this;
}

Fields& Fields::cidrs(std::string_view key, std::vector<Cidr>& out) {
  Value list;
  array(key, list);
  if (!ok() || !given(key)) return *this;
  out.clear();
  if (recording_) recording_->property(path_of(key) + "[]", "string").format = "cidr";
  for (size_t i = 0; i < list.size(); ++i) {
    const Value item = list.at(i);
    const std::string where = fmt::format("{}[{}]", key, i);
    if (!item.is_string()) return wrong_type(where, "a string", item);
    const auto entry = parse_entry(item.as_string());
    if (!entry) return fail(ErrorCode::kInvalid, where, entry.error().message);
    out.push_back(*entry);
  }
  return *this;
}

Fields& Fields::tags(std::string_view key, std::vector<std::string>& out) {
  Value list;
  array(key, list);
  if (!ok() || !given(key)) return *this;
  out.clear();
  if (recording_) recording_->property(path_of(key) + "[]", "string");
  for (size_t i = 0; i < list.size(); ++i) {
    const Value tag = list.at(i);
    const std::string where = fmt::format("{}[{}]", key, i);
    if (!tag.is_string()) return wrong_type(where, "a string", tag);
    const std::string text = tag.as_string();
    if (has_control(text, false)) return fail(ErrorCode::kInvalid, where, "must not contain control characters");
    out.push_back(text);
  }
  return *this;
}

Fields& Fields::array(std::string_view key, Value& out) {
  if (recording_) {
    recording_->property(path_of(key), "array");
    out = Value::array().push(Value::object());
    return *this;
  }
  bool was_null = false;
  auto value = take(key, was_null);
  if (!value) return *this;
  if (!value->is_array()) return wrong_type(key, "an array", *value);
  out = std::move(*value);
  return *this;
}

Fields& Fields::object(std::string_view key, Value& out) {
  if (recording_) {
    recording_->property(path_of(key), "object");
    out = Value::object().set("", Value());  // neither empty nor a name: what it holds is read
    return *this;
  }
  bool was_null = false;
  auto value = take(key, was_null);
  if (!value) return *this;
  if (!value->is_object()) return wrong_type(key, "an object", *value);
  out = std::move(*value);
  return *this;
}

Fields& Fields::word(std::string_view key, std::string& out, std::initializer_list<std::string_view> supported,
                     std::initializer_list<std::string_view> known) {
  if (recording_) {
    out = recording_->choose(path_of(key), supported);
    return *this;
  }
  std::string text;
  line(key, text);
  if (!ok() || !given(key)) return *this;
  if (!given_not_null(key)) return fail(ErrorCode::kInvalid, key, "must not be null");
  if (std::find(supported.begin(), supported.end(), text) != supported.end()) {
    out = text;
    return *this;
  }
  if (std::find(known.begin(), known.end(), text) != known.end()) {
    return fail(ErrorCode::kUnsupported, key, fmt::format("{}: {}", text, kNotSupported));
  }
  return fail(ErrorCode::kInvalid, key,
              fmt::format("must be {}, got {}", fmt::join(supported, " or "), shown(Value(text))));
}

Fields& Fields::neutral(std::string_view key, std::initializer_list<std::string_view> values) {
  if (recording_) {
    recording_->off(path_of(key), values);
    return *this;
  }
  bool was_null = false;
  const auto value = take(key, was_null);
  if (!value) return *this;
  const std::string text = value->dump();
  if (std::find(values.begin(), values.end(), text) != values.end()) return *this;
  return fail(ErrorCode::kUnsupported, key, fmt::format("{}: {}", shown(*value), kNotSupported));
}

Fields& Fields::refuse(std::initializer_list<std::string_view> keys, std::string_view rule) {
  if (recording_) return *this;  // not accepted, so no part of the schema
  for (const std::string_view key : keys) {
    known_.emplace(key);
    if (given(key)) fail(ErrorCode::kInvalid, key, std::string(rule));
  }
  return *this;
}

Status Fields::finish() {
  if (recording_) return {};
  if (error_) return tl::unexpected<Error>(*error_);
  for (const std::string& key : object_.keys()) {
    if (!known_.contains(key)) {
      const std::string name = shown(Value(key));
      return invalid(path_of(name.substr(1, name.size() - 2)),
                     fmt::format("unknown field '{}'", name.substr(1, name.size() - 2)));
    }
  }
  return {};
}

Result<Cidr> parse_entry(std::string_view text) {
  const std::string quoted = shown(Value(text));
  const auto cidr = Cidr::parse(text);
  if (!cidr) {
    const auto address = IpAddress::parse(text.substr(0, text.find('/')));
    if (!address) return invalid("", fmt::format("must be an IPv4 or IPv6 address or block, got {}", quoted));
    return invalid("", fmt::format("{}: the prefix length must be 0 to {}", quoted, address->is_v4() ? 32 : 128));
  }
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (!cidr->address.is_v4() && cidr->prefix >= 96 &&
      std::ranges::equal(kMapped, std::span(cidr->address.bytes()).first(12)))
    return invalid("", fmt::format("{} is IPv4 in IPv6 form; write it as IPv4", quoted));
  return *cidr;
}

Result<Value> open_envelope(const Value& document, std::string_view name) {
  if (Recording* recording = Recording::current()) {
    recording->envelope(name);
    return document;
  }
  if (!document.is_object()) {
    return invalid("", fmt::format("expected an object with the field '{}', got {}", name, describe(document.type())));
  }
  if (!document.has(name)) return invalid(std::string(name), "is required");
  for (const std::string& key : document.keys()) {
    if (key != name) {
      const std::string quoted = shown(Value(key));
      const std::string shown_key = quoted.substr(1, quoted.size() - 2);
      return invalid(shown_key, fmt::format("unknown field '{}' beside '{}'", shown_key, name));
    }
  }
  Value inner = document.get(name);
  if (!inner.is_object()) {
    return invalid(std::string(name), fmt::format("expected an object, got {}", describe(inner.type())));
  }
  return inner;
}

}  // namespace elb::codec
