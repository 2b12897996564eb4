// SPDX-License-Identifier: Apache-2.0
#include "cli/render.h"

#include "cli/table.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string header_of(const Column& column, bool csv) {
  if (!csv) return column.header;
  std::string header = column.header;
  for (char& c : header) c = c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return header;
}

Table table_of(Format format, const std::vector<Column>& columns, const std::vector<Value>& objects) {
  const bool all = format != Format::kTable;
  std::vector<std::string> header;
  for (const Column& column : columns) {
    if (all || !column.wide) header.push_back(header_of(column, format == Format::kCsv));
  }
  Table table(std::move(header));
  for (const Value& object : objects) {
    std::vector<std::string> cells;
    for (const Column& column : columns) {
      if (column.wide && !all) continue;
      cells.push_back(column.text ? column.text(object) : field_text(object.get(column.field)));
    }
    table.add(std::move(cells));
  }
  return table;
}

std::string name_line(const Value& object) {
  for (const char* key : {"name", "id", "reason"}) {
    if (std::string name = object.get(key).as_string(); !name.empty()) return harmless(name) + "\n";
  }
  return {};
}

Table fields_of(const Value& object, bool with_empty) {
  Table table({"FIELD", "VALUE"});
  for (const std::string& key : object.keys()) {
    std::string text = field_text(object.get(key));
    if (with_empty || !text.empty()) table.add({key, std::move(text)});
  }
  return table;
}

}  // namespace

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> kNames = {"table", "wide", "json", "yaml", "name", "id", "csv"};
  return kNames;
}

std::optional<Format> parse_format(std::string_view text) {
  for (size_t i = 0; i < format_names().size(); ++i) {
    if (format_names()[i] == text) return static_cast<Format>(i);
  }
  return std::nullopt;
}

std::string field_text(const Value& value) {
  if (value.is_object()) return value.has("id") ? value.get("id").text() : value.size() == 0 ? "" : value.dump();
  if (!value.is_array()) return value.text();
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    out += (i == 0 ? "" : ", ") + field_text(value.at(i));
  }
  return out;
}

std::string render_list(Format format, const std::vector<Column>& columns, const std::vector<Value>& objects,
                        size_t width) {
  std::string out;
  switch (format) {
    case Format::kJson:
    case Format::kYaml: {
      Value list = Value::array();
      for (const Value& object : objects) list.push(object);
      return format == Format::kJson ? list.dump(2) + "\n" : list.to_yaml();
    }
    case Format::kName:
      for (const Value& object : objects) out += name_line(object);
      return out;
    case Format::kId:
      for (const Value& object : objects) out += harmless(object.get("id").text()) + "\n";
      return out;
    case Format::kCsv:
      return table_of(format, columns, objects).to_csv();
    case Format::kTable:
    case Format::kWide:
      return table_of(format, columns, objects).to_text(width);
  }
  return out;
}

std::string render_object(Format format, const std::vector<Column>& columns, const Value& object) {
  switch (format) {
    case Format::kJson:
      return object.dump(2) + "\n";
    case Format::kYaml:
      return object.to_yaml();
    case Format::kTable:
      return fields_of(object, false).to_text();
    case Format::kWide:
      return fields_of(object, true).to_text();
    default:
      return render_list(format, columns, {object});
  }
}

}  // namespace elb::cli
