// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

#include "cli/text.h"

namespace elb::cli {
namespace {

// A last column narrower than this is not worth wrapping.
constexpr size_t kLeastWrap = 20;

bool is_number(const std::string& cell) {
  // At most one point: addresses are not numbers.
  return !cell.empty() && cell.find_first_not_of("0123456789.,") == std::string::npos &&
         cell.find('.') == cell.rfind('.');
}

std::string csv_cell(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return line + "\n";
}

std::string aligned(const std::string& cell, size_t width, bool right) {
  if (!right) return padded(cell, width);
  const size_t have = display_width(cell);
  return std::string(width > have ? width - have : 0, ' ') + cell;
}

void append_line(std::string line, std::string& out) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  cells.resize(header_.size());
  for (std::string& cell : cells) cell = harmless(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::to_text(size_t width) const {
  const size_t columns = header_.size();
  std::vector<size_t> widths(columns);
  std::vector<bool> right(columns);
  for (size_t c = 0; c < columns; ++c) {
    widths[c] = display_width(header_[c]);
    bool numbers = false;
    bool words = false;
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], std::max<size_t>(display_width(row[c]), 1));
      (is_number(row[c]) ? numbers : words) |= !row[c].empty();
    }
    right[c] = numbers && !words;
  }
  size_t before_last = 0;
  for (size_t c = 0; c + 1 < columns; ++c) before_last += widths[c] + 2;
  const bool wrap = width > before_last + kLeastWrap;

  std::string out;
  const auto append_row = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t c = 0; c + 1 < columns; ++c)
      line += aligned(cells[c].empty() ? "-" : cells[c], widths[c], right[c]) + "  ";
    const std::string last = cells.back().empty() ? "-" : cells.back();
    if (!wrap) {
      append_line(line + aligned(last, right.back() ? widths.back() : 0, right.back()), out);
      return;
    }
    for (const std::string& part : wrapped(last, width - before_last)) {
      append_line(line + aligned(part, right.back() ? widths.back() : 0, right.back()), out);
      line.assign(before_last, ' ');
    }
  };
  append_row(header_);
  for (const auto& row : rows_) append_row(row);
  return out;
}

std::string Table::to_csv() const {
  std::string out = csv_line(header_);
  for (const auto& row : rows_) out += csv_line(row);
  return out;
}

}  // namespace elb::cli
