// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace elb::bench {

bool write_rows(const std::vector<Row>& rows, const char* path) {
  std::string text;
  for (const Row& row : rows) {
    text +=
        fmt::format(R"({}{{"case": "{}", "value": {}, "unit": "{}", "peer": "{}", "peer_value": {}, "ratio": {:.3f})",
                    text.empty() ? "" : ",\n ", row.name, row.value, row.unit, row.peer, row.peer_value, row.ratio);
    if (row.line > 0)
      text += fmt::format(R"(, "line_value": {}, "line_ratio": {:.3f})", row.line, row.value / row.line);
    text += "}";
  }
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return false;
  fmt::print(file, "[{}]\n", text);
  return std::fclose(file) == 0;
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace elb::bench
