// SPDX-License-Identifier: Apache-2.0
// What the decoders share, and the decoders of nested resources. Private to codec.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "codec/decode.h"
#include "codec/fields.h"

namespace elb::codec {

inline constexpr std::string_view kImmutable = "is immutable: it cannot be changed after creation";
inline constexpr std::string_view kReadOnly = "is read-only";
inline constexpr std::string_view kFromParent = "must not be given in a nested resource: it follows from the parent";

/// name, admin_state_up and tags, and the read-only fields of every resource.
void read_common(Fields& fields, model::Common& common);

/// project_id and its old name tenant_id: one, or both alike.
void read_project(Fields& fields, model::Common& common);

/// The same two on PUT, and in a nested resource.
void refuse_project(Fields& fields, std::string_view rule);

/// A number that null takes away.
template <class T>
void read_optional(Fields& fields, std::string_view key, std::optional<T>& out, int64_t min, int64_t max) {
  if (!fields.given_not_null(key)) {
    fields.neutral(key);
    if (fields.given(key)) out.reset();
    return;
  }
  T value{};
  fields.integer<T>(key, value, min, max, std::nullopt);
  out = value;
}

/// A number of a word's enumeration: `parse` knows the words that `supported` lists.
template <class T, class Parse>
void read_word(Fields& fields, std::string_view key, T& out, Parse parse,
               std::initializer_list<std::string_view> supported, std::initializer_list<std::string_view> known = {}) {
  std::string text;
  fields.word(key, text, supported, known);
  if (fields.ok() && !text.empty()) out = *parse(text);
}

/// The id of a certificate: with or without dashes, or the end of a URL, as clients of Octavia write it. "" and null:
/// none.
void read_certificate_ref(Fields& fields, std::string_view key, std::optional<model::Id>& out);
std::optional<model::Id> certificate_id(std::string_view reference);

/// What only HTTP and HTTPS listeners have (decode_listener_l7.cpp).
void read_l7(Fields& fields, model::Listener& listener);

/// `lone`: the listener is made by itself, so that its policies can name what exists by id.
Result<L7PolicyTree> decode_nested_l7policy(const Value& object, const std::string& path, bool lone, Dialect dialect);
Result<PoolTree> decode_nested_pool(const Value& object, const std::string& path, Dialect dialect);
Result<ListenerTree> decode_nested_listener(const Value& object, const std::string& path, Dialect dialect);
Result<model::Member> decode_nested_member(const Value& object, const std::string& path);
Result<model::HealthMonitor> decode_nested_monitor(const Value& object, const std::string& path);

/// Reads the array `key` with `decode(element, path)`.
template <class T, class Decode>
void read_nested(Fields& fields, std::string_view key, std::vector<T>& out, Decode decode) {
  Value list;
  fields.array(key, list);
  for (size_t i = 0; fields.ok() && i < list.size(); ++i) {
    auto item = decode(list.at(i), fields.path_of(key) + "[" + std::to_string(i) + "]");
    if (!item) {
      fields.adopt(std::move(item.error()));
    } else {
      out.push_back(std::move(*item));
    }
  }
}

}  // namespace elb::codec
