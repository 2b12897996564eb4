// SPDX-License-Identifier: Apache-2.0
#include "codec/schema.h"

#include <algorithm>

namespace elb::codec {
namespace {

constexpr size_t kChoices = 8;  // no enumeration that decides what is read next has more words

// A decoder and what it reads are on one stack, with many functions in between that have no business with recordings.
thread_local Recording* recording = nullptr;

/// "members[0].address" as "members[].address".
std::string normal(const std::string& path) {
  std::string out;
  bool index = false;
  for (const char c : path) {
    if (c == ']') index = false;
    if (!index) out += c;
    if (c == '[') index = true;
  }
  return out;
}

/// Where the object or array stands that holds `path`; empty: the body.
std::string parent_of(const std::string& path) {
  if (path.ends_with("[]")) return path.substr(0, path.size() - 2);
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

Value type_of(const Property& property, bool nullable) {
  Value types = Value::array();
  types.push(property.type);
  if (property.text_too) types.push("string");
  if (nullable) types.push("null");
  return types.size() == 1 ? Value(property.type) : types;
}

class Schema {
 public:
  Schema(const std::map<std::string, Property>& properties, const std::map<std::string, size_t>& opened)
      : properties_(properties), opened_(opened) {}

  /// Of the object at `path`.
  Value object(const std::string& path) const {
    Value members = Value::object(), required = Value::array();
    const auto times = opened_.find(path);
    for (const auto& [where, property] : properties_) {
      if (where.ends_with("[]") || parent_of(where) != path) continue;
      const std::string key = path.empty() ? where : where.substr(path.size() + 1);
      const bool always = times != opened_.end() && property.required >= times->second;
      members.set(key, one(where, property, property.nullable && property.required == 0));
      if (always) required.push(key);
    }
    Value out = Value::object();
    out.set("type", "object").set("properties", std::move(members)).set("additionalProperties", false);
    if (required.size() > 0) out.set("required", std::move(required));
    return out;
  }

 private:
  Value one(const std::string& path, const Property& property, bool nullable) const {
    Value out = Value::object();
    if (property.type.empty()) {
      Value values = Value::array();
      for (const Value& value : property.off) values.push(value);
      values.push(Value());
      return out.set("enum", std::move(values)).set("description", "not supported by this version: these values only");
    }
    if (property.type == "object" && opened_.contains(path)) {
      out = object(path);
      if (nullable) out.set("type", Value::array().push("object").push("null"));
      return out;
    }
    out.set("type", type_of(property, nullable));
    if (!property.format.empty()) out.set("format", property.format);
    if (property.min) out.set("minimum", *property.min);
    if (property.max) out.set("maximum", *property.max);
    if (!property.words.empty()) {
      Value words = Value::array();
      for (const std::string& word : property.words) words.push(word);
      out.set("enum", std::move(words));
    }
    if (property.type == "array") out.set("items", items(path + "[]"));
    return out;
  }

  Value items(const std::string& path) const {
    if (opened_.contains(path)) return object(path);
    const auto found = properties_.find(path);
    return found == properties_.end() ? Value::object() : one(path, found->second, false);
  }

  const std::map<std::string, Property>& properties_;
  const std::map<std::string, size_t>& opened_;
};

}  // namespace

Recording::Recording(size_t choice, std::map<std::string, Property>& properties, std::map<std::string, size_t>& opened,
                     std::string& envelope)
    : choice_(choice), properties_(properties), opened_(opened), envelope_(envelope) {
  recording = this;
}

Recording::~Recording() { recording = nullptr; }

Recording* Recording::current() { return recording; }

void Recording::open(const std::string& path) { ++opened_[normal(path)]; }

Property& Recording::property(const std::string& path, std::string_view type) {
  Property& found = properties_[normal(path)];
  if (!type.empty()) found.type = type;
  return found;
}

std::string_view Recording::choose(const std::string& path, std::initializer_list<std::string_view> words) {
  Property& found = property(path, "string");
  found.nullable = false;
  for (const std::string_view word : words)
    if (std::ranges::find(found.words, word) == found.words.end()) found.words.emplace_back(word);
  return words.begin()[choice_ % words.size()];
}

void Recording::off(const std::string& path, std::initializer_list<std::string_view> values) {
  Property& found = property(path, "");
  found.nullable = true;
  for (const std::string_view text : values) {
    const auto value = Value::parse(text);
    if (value && std::ranges::find(found.off, *value) == found.off.end()) found.off.push_back(*value);
  }
}

Value describe(const std::function<void(const Value& probe)>& decode) {
  std::map<std::string, Property> properties;
  std::map<std::string, size_t> opened;
  std::string envelope;
  for (size_t choice = 0; choice < kChoices; ++choice) {
    Recording recorded(choice, properties, opened, envelope);
    decode(Value::object());
  }
  Value body = Schema(properties, opened).object("");
  if (envelope.empty()) return body;
  Value out = Value::object();
  out.set("type", "object").set("properties", Value().set(envelope, std::move(body)));
  return out.set("required", Value::array().push(envelope)).set("additionalProperties", false);
}

}  // namespace elb::codec
