// SPDX-License-Identifier: Apache-2.0
// What a benchmark has found, for the terminal and for tests/bench/run. Thread rule: values.
#pragma once

#include <string>
#include <vector>

namespace elb::bench {

struct Row {
  std::string name;
  double value;
  std::string unit, peer;
  double peer_value, ratio;
  double line = 0;  // the second floor; 0: none
};

/// A JSON list of {"case", "value", "unit", "peer", "peer_value", "ratio"}, with "line_value" and "line_ratio" where
/// there is a second floor. False if the file can not be written.
bool write_rows(const std::vector<Row>& rows, const char* path);

double median(std::vector<double>& values);

}  // namespace elb::bench
