// SPDX-License-Identifier: Apache-2.0
// Objects of the API in the output formats. Columns are a contract: their headers and order change only with a version.
// Thread rule: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"

namespace elb::cli {

enum class Format { kTable, kWide, kJson, kYaml, kName, kId, kCsv };

std::optional<Format> parse_format(std::string_view text);
/// "table, wide, ...": the choices of --output.
const std::vector<std::string>& format_names();

struct Column {
  std::string header;                                             // "VIP"; CSV writes it in lower case with underscores
  std::string field;                                              // of the object, when `text` is empty
  bool wide = false;                                              // only in wide and csv
  std::function<std::string(const codec::Value& object)> text{};  // for what is not one field
};

/// The value of a field as one line: arrays of {"id"} objects as "id, id", other values as Value::text().
std::string field_text(const codec::Value& value);

/// A list. kName: one name a line (the id where there is no name). `width` as in Table::to_text().
std::string render_list(Format format, const std::vector<Column>& columns, const std::vector<codec::Value>& objects,
                        size_t width = 0);

/// One object: a table of its fields (without the empty ones; wide has all), or in the other formats as in a list.
std::string render_object(Format format, const std::vector<Column>& columns, const codec::Value& object);

}  // namespace elb::cli
