// SPDX-License-Identifier: Apache-2.0
#include "cli/sparkline.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace elb::cli {
namespace {

constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::vector<double> squeezed(const std::vector<double>& values, size_t width) {
  if (values.size() <= width) return values;
  std::vector<double> out;
  for (size_t i = 0; i < width; ++i) {
    const size_t begin = i * values.size() / width, end = (i + 1) * values.size() / width;
    double sum = 0;
    for (size_t at = begin; at < end; ++at) sum += values[at];
    out.push_back(sum / static_cast<double>(end - begin));
  }
  return out;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, size_t width) {
  if (values.empty() || width == 0) return {};
  const std::vector<double> shown = squeezed(values, width);
  const double most = *std::max_element(shown.begin(), shown.end());
  std::string out;
  for (const double value : shown) {
    const double part = most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0;
    out += kBlocks[static_cast<size_t>(std::lround(part * 7))];
  }
  return out;
}

std::string short_number(double value) {
  constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  size_t unit = 0;
  double shown = value;
  while (std::fabs(shown) >= 999.5 && unit + 1 < std::size(kUnits)) {
    shown /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", shown, kUnits[unit]);
}

}  // namespace elb::cli
