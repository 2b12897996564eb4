// SPDX-License-Identifier: Apache-2.0
// W3C Trace Context: the header traceparent, "00-TRACE ID-PARENT ID-FLAGS", and what becomes of it and of tracestate on
// the way to a member. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "http/header_table.h"
#include "http/serializer.h"

namespace elb::http {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";

struct TraceParent {
  std::string_view trace_id;   // 32 digits
  std::string_view parent_id;  // 16 digits
  bool sampled = false;
};

/// Section 3.2 of the recommendation. Versions to come are read as far as version 00 goes. Empty: it is invalid.
std::optional<TraceParent> parse_traceparent(std::string_view text);

/// Of a request; empty if it has none, several, or an invalid one.
std::optional<TraceParent> find_traceparent(const HeaderTable& headers);

/// True for a header of the client's that does not go on.
bool is_replaced(const Header& header, TraceHeaders trace);

}  // namespace elb::http
