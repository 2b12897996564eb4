// SPDX-License-Identifier: Apache-2.0
// What the encoders share. Private to codec. Thread rule: pure functions.
#pragma once

#include <string>

#include "base/clock.h"
#include "codec/encode.h"

namespace elb::codec {

inline std::string time_text(int64_t seconds) { return format_utc(WallTime{std::chrono::seconds(seconds)}); }

template <class List>
Value references(const List& list) {
  Value ids = Value::array();
  for (const auto& item : list) ids.push(Value().set("id", item->id));
  return ids;
}

inline Value reference(const model::Id& id) { return Value::array().push(Value().set("id", id)); }

/// id and name, which come first.
Value start(const model::Common& common);
/// The rest of what every resource shows.
void finish(Value& out, const model::Common& common, const ShownStatus& status);

}  // namespace elb::codec
