// SPDX-License-Identifier: Apache-2.0
#include "codec/value.h"

#include <fmt/core.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "codec/value_parse.h"

namespace elb::codec {

using Json = nlohmann::ordered_json;

// A null Value has no Impl, so that moved-from and default values need no allocation and no special case.
struct Value::Impl {
  Json json;
};

namespace {

const Json& null_json() {
  static const Json kNull;
  return kNull;
}

}  // namespace

Value::Value() = default;
Value::Value(bool value) : impl_(new Impl{value}) {}
Value::Value(int64_t value) : impl_(new Impl{value}) {}
Value::Value(uint64_t value) : impl_(new Impl{value}) {}
Value::Value(double value) : impl_(new Impl{value}) {}
Value::Value(std::string_view value) : impl_(new Impl{std::string(value)}) {}
Value::Value(const Value& other) : impl_(other.impl_ ? new Impl(*other.impl_) : nullptr) {}
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value& Value::operator=(const Value& other) {
  if (this != &other) impl_.reset(other.impl_ ? new Impl(*other.impl_) : nullptr);
  return *this;
}

Value Value::array() {
  Value value;
  value.impl_.reset(new Impl{Json::array()});
  return value;
}

Value Value::object() {
  Value value;
  value.impl_.reset(new Impl{Json::object()});
  return value;
}

Result<Value> Value::parse(std::string_view text, size_t max_bytes) {
  Value value;
  value.impl_ = std::make_unique<Impl>();
  if (Status parsed = parse_json(text, max_bytes, value.impl_->json); !parsed)
    return pass_on(std::move(parsed.error()));
  return value;
}

std::string Value::dump(int indent) const {
  const Json& json = impl_ ? impl_->json : null_json();
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Value::Type Value::type() const {
  if (!impl_) return Type::kNull;
  switch (impl_->json.type()) {
    case Json::value_t::boolean:
      return Type::kBool;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return Type::kInteger;
    case Json::value_t::number_float:
      return Type::kNumber;
    case Json::value_t::string:
      return Type::kString;
    case Json::value_t::array:
      return Type::kArray;
    case Json::value_t::object:
      return Type::kObject;
    default:
      return Type::kNull;
  }
}

std::string Value::text() const {
  if (is_null()) return "";
  return is_string() ? as_string() : dump();
}

std::string Value::as_string() const { return is_string() ? impl_->json.get_ref<const std::string&>() : std::string(); }

bool Value::as_bool() const { return type() == Type::kBool && impl_->json.get<bool>(); }

int64_t Value::as_int() const { return integer().value_or(0); }

std::optional<int64_t> Value::integer() const {
  if (type() != Type::kInteger) return std::nullopt;
  if (impl_->json.is_number_unsigned()) {
    const auto number = impl_->json.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  return impl_->json.get<int64_t>();
}

size_t Value::size() const { return is_array() || is_object() ? impl_->json.size() : 0; }

bool Value::has(std::string_view key) const { return is_object() && impl_->json.contains(key); }

Value Value::get(std::string_view key) const {
  Value value;
  if (!is_object()) return value;
  if (const auto found = impl_->json.find(key); found != impl_->json.end()) value.impl_.reset(new Impl{*found});
  return value;
}

Value Value::at(size_t index) const {
  Value value;
  if (is_array() && index < impl_->json.size()) value.impl_.reset(new Impl{impl_->json[index]});
  return value;
}

std::vector<std::string> Value::keys() const {
  std::vector<std::string> keys;
  if (!is_object()) return keys;
  keys.reserve(impl_->json.size());
  for (const auto& [key, unused] : impl_->json.items()) keys.push_back(key);
  return keys;
}

Value& Value::set(std::string_view key, Value value) {
  if (!is_object()) *this = object();
  impl_->json[std::string(key)] = value.impl_ ? std::move(value.impl_->json) : Json();
  return *this;
}

Value& Value::push(Value value) {
  if (!is_array()) *this = array();
  impl_->json.push_back(value.impl_ ? std::move(value.impl_->json) : Json());
  return *this;
}

bool Value::operator==(const Value& other) const {
  return (impl_ ? impl_->json : null_json()) == (other.impl_ ? other.impl_->json : null_json());
}

}  // namespace elb::codec
