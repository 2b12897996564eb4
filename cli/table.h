// SPDX-License-Identifier: Apache-2.0
// Table: rows of text in columns two spaces apart, without lines, so that awk and people can read it; CSV (RFC 4180) of
// the same rows. Cells are made harmless when they are added.
// Thread rule: one thread.
#pragma once

#include <string>
#include <vector>

namespace elb::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  /// Columns of numbers (every cell a number) are aligned to the right. An empty cell is shown as "-". With a terminal
  /// `width` the last column is wrapped into it.
  std::string to_text(size_t width = 0) const;
  std::string to_csv() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace elb::cli
