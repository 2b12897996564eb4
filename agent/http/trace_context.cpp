// SPDX-License-Identifier: Apache-2.0
#include "http/trace_context.h"

#include <algorithm>

#include "http/char_class.h"
#include "http/list.h"

namespace elb::http {
namespace {

constexpr size_t kSize = 55;  // of version 00

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;  // capitals are invalid
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return digit_of(c) >= 0; });
}

bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  if (text.size() < kSize) return std::nullopt;
  const std::string_view version = text.substr(0, 2), flags = text.substr(53, 2);
  const TraceParent parsed{text.substr(3, 32), text.substr(36, 16), (digit_of(flags[1]) & 1) != 0};
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  if (!all_digits(version) || !all_digits(parsed.trace_id) || !all_digits(parsed.parent_id) || !all_digits(flags))
    return std::nullopt;
  if (version == "ff" || all_zero(parsed.trace_id) || all_zero(parsed.parent_id)) return std::nullopt;
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;
  return parsed;
}

std::optional<TraceParent> find_traceparent(const HeaderTable& headers) {
  const Header* found = nullptr;
  for (const Header& header : headers) {
    if (header.id != HeaderId::kOther || !equals_ignoring_case(header.name, kTraceparent)) continue;
    if (found != nullptr) return std::nullopt;
    found = &header;
  }
  return found != nullptr ? parse_traceparent(found->value) : std::nullopt;
}

bool is_replaced(const Header& header, TraceHeaders trace) {
  if (trace == TraceHeaders::kKeep || header.id != HeaderId::kOther) return false;
  if (equals_ignoring_case(header.name, kTraceparent)) return true;
  return trace == TraceHeaders::kReplaceBoth && equals_ignoring_case(header.name, kTracestate);
}

}  // namespace elb::http
