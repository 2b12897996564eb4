// SPDX-License-Identifier: Apache-2.0
#include "telemetry/exposition.h"

#include <fmt/core.h>

#include <array>
#include <cmath>

namespace elb::telemetry {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the UTF-8 sequence at the beginning of `text`, 0 when it is none (RFC 3629).
size_t sequence(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 0;
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return overlong || beyond ? 0 : length;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string_view word(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kCounter:
      return "counter";
    case Exposition::Type::kGauge:
      return "gauge";
    case Exposition::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

ExpositionFormat choose_format(std::string_view accept) {
  // Whoever can read OpenMetrics says so, and Prometheus lists it first; weights do not matter between the two.
  return accept.find("application/openmetrics-text") == std::string_view::npos ? ExpositionFormat::kText
                                                                               : ExpositionFormat::kOpenMetrics;
}

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::kText ? "text/plain; version=0.0.4; charset=utf-8"
                                           : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

std::string escape_label(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const char c = value.front();
    size_t length = sequence(value);
    if (length == 0 || (length == 1 && c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F))) {
      out += kReplacement;
      length = 1;
    } else if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(length);
  }
  return out;
}

void Exposition::family(Type type, std::string_view name, std::string_view help) {
  type_ = type;
  name_ = name;
  const bool total = type == Type::kCounter && format_ == ExpositionFormat::kText;
  const std::string shown = total ? name_ + "_total" : name_;  // OpenMetrics names a counter's family without it
  out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", shown, help, shown, word(type));
}

void Exposition::line(std::string_view suffix, const Labels& labels, std::string_view value) {
  out_ += name_;
  out_ += suffix;
  if (!labels.empty()) {
    char before = '{';
    for (const auto& [name, text] : labels) {
      out_ += before;
      out_ += name;
      out_ += "=\"";
      out_ += escape_label(text);
      out_ += '"';
      before = ',';
    }
    out_ += '}';
  }
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

void Exposition::sample(const Labels& labels, uint64_t value) {
  line(type_ == Type::kCounter ? "_total" : "", labels, fmt::format("{}", value));
}

void Exposition::sample(const Labels& labels, double value) {
  line(type_ == Type::kCounter ? "_total" : "", labels, number(value));
}

void Exposition::part(std::string_view suffix, const Labels& labels, double value) {
  line(suffix, labels, number(value));
}

std::string Exposition::finish() && {
  if (format_ == ExpositionFormat::kOpenMetrics) out_ += "# EOF\n";
  return std::move(out_);
}

}  // namespace elb::telemetry
