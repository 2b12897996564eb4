// SPDX-License-Identifier: Apache-2.0
// The vendor's tags: a key and a value, which are "key=value" among the tags of a resource (LB-17). Thread rule: pure
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace elb::codec {

struct KeyValue {
  std::string key;
  std::string value;
};

/// The tags that are pairs, in their order; Octavia's labels are none.
std::vector<KeyValue> pairs_of(const std::vector<std::string>& tags);
/// Puts the pair where its key was, or behind the others.
void set_pair(std::vector<std::string>& tags, const KeyValue& pair);
/// False: there is no such key.
bool remove_pair(std::vector<std::string>& tags, std::string_view key);

/// {"tag": {"key", "value"}}
Result<KeyValue> decode_tag(const Value& body);

struct TagAction {
  bool removes = false;
  std::vector<KeyValue> pairs;
};
/// {"action": "create" | "delete", "tags": [{"key", "value"}]}; values do not matter for delete.
Result<TagAction> decode_tag_action(const Value& body);

Value encode_pairs(const std::vector<std::string>& tags);

}  // namespace elb::codec
