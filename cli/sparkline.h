// SPDX-License-Identifier: Apache-2.0
// Numbers as small as they can be shown. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

namespace elb::cli {

/// One block character for each value, at most `width` of them (neighbours are averaged), scaled from 0 to the largest.
std::string sparkline(const std::vector<double>& values, size_t width);

/// Three significant digits and k, M, G: "0", "1.25", "12.5k", "3.4G".
std::string short_number(double value);

}  // namespace elb::cli
