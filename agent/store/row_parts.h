// SPDX-License-Identifier: Apache-2.0
// What the files that bind and read rows share. Private to store/. Thread rule: pure functions of their arguments.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "model/resources.h"
#include "store/sqlite_db.h"

namespace elb::store {

/// A stored text that this build cannot read: written by hand, or by a newer build without a new schema.
inline tl::unexpected<Error> unreadable(std::string_view column, std::string_view text) {
  return fail(ErrorCode::kStorage,
              fmt::format("the store has {} '{}', which this elb-agent does not know", column, text));
}

/// The next column as a value of an enumeration.
template <class T, class Parse>
Status read_word(Statement& row, std::string_view column, Parse parse, T& out) {
  const std::string text = row.text();
  const std::optional<T> value = parse(text);
  if (!value) return unreadable(column, text);
  out = *value;
  return {};
}

inline std::optional<int64_t> wide(const std::optional<int>& value) {
  return value ? std::optional<int64_t>(*value) : std::nullopt;
}

inline std::optional<int> narrow(const std::optional<int64_t>& value) {
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

/// The columns of a listener that only HTTP and HTTPS have.
void bind_l7(Statement& row, const model::Listener& listener);
Status read_l7(Statement& row, model::Listener& listener);

/// Blocks of addresses lie in one column as text: they are read and written as a whole, and nobody asks SQL for one.
std::string join(const std::vector<Cidr>& entries);
Status split(std::string_view column, std::string_view text, std::vector<Cidr>& entries);

}  // namespace elb::store
