// SPDX-License-Identifier: Apache-2.0
#include "codec/key_value.h"

#include <fmt/core.h>

#include <algorithm>

#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

bool has_key(std::string_view tag, std::string_view key) {
  return tag.size() > key.size() && tag.starts_with(key) && tag[key.size()] == '=';
}

KeyValue read_pair(Fields& fields) {
  KeyValue pair;
  fields.require("key").line("key", pair.key).line("value", pair.value);
  // The model's to judge are its characters, but this one would make another key of it.
  if (pair.key.empty() || pair.key.find('=') != std::string::npos)
    fields.fail(ErrorCode::kInvalid, "key", "must have 1 to 36 letters, digits, '_' and '-'");
  return pair;
}

}  // namespace

std::vector<KeyValue> pairs_of(const std::vector<std::string>& tags) {
  std::vector<KeyValue> pairs;
  for (const std::string& tag : tags)
    if (const size_t equals = tag.find('='); equals != std::string::npos)
      pairs.push_back({tag.substr(0, equals), tag.substr(equals + 1)});
  return pairs;
}

void set_pair(std::vector<std::string>& tags, const KeyValue& pair) {
  const auto old = std::ranges::find_if(tags, [&](const std::string& tag) { return has_key(tag, pair.key); });
  std::string text = fmt::format("{}={}", pair.key, pair.value);
  if (old != tags.end())
    *old = std::move(text);
  else
    tags.push_back(std::move(text));
}

bool remove_pair(std::vector<std::string>& tags, std::string_view key) {
  return std::erase_if(tags, [&](const std::string& tag) { return has_key(tag, key); }) > 0;
}

Result<KeyValue> decode_tag(const Value& body) {
  const auto object = open_envelope(body, "tag");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  KeyValue pair = read_pair(fields);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return pair;
}

Result<TagAction> decode_tag_action(const Value& body) {
  TagAction out;
  Fields fields(body, "");
  std::string action;
  fields.require("action").word("action", action, {"create", "delete"}, {});
  out.removes = action == "delete";
  fields.require("tags");
  read_nested(fields, "tags", out.pairs, [](const Value& item, const std::string& path) -> Result<KeyValue> {
    Fields inner(item, path);
    KeyValue pair = read_pair(inner);
    if (Status status = inner.finish(); !status) return pass_on(status.error());
    return pair;
  });
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return out;
}

Value encode_pairs(const std::vector<std::string>& tags) {
  Value out = Value::array();
  for (const KeyValue& pair : pairs_of(tags)) out.push(Value().set("key", pair.key).set("value", pair.value));
  return out;
}

}  // namespace elb::codec
