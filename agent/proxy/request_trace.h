// SPDX-License-Identifier: Apache-2.0
// RequestTrace: the part of a request in a trace (W3C Trace Context): which trace, our span in it, whether the span is
// told of. A request without a valid traceparent begins a trace; one with it goes on with the client's, and with the
// client's decision. Thread rule: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "http/trace_context.h"

namespace elb::proxy {

/// Numbers that no other loop or node has: seeded by the kernel once, quick after that. Not for secrets.
class TraceNumbers final : public Random {
 public:
  uint64_t next() override;

 private:
  std::array<uint64_t, 4> state_{};
};

struct RequestTrace {
  std::array<char, 32> trace_id{};
  std::array<char, 16> span_id{};
  std::array<char, 16> parent_id{};
  bool has_parent = false;
  bool sampled = false;

  std::string_view trace() const { return {trace_id.data(), trace_id.size()}; }
  std::string_view span() const { return {span_id.data(), span_id.size()}; }
  /// "-": it began here.
  std::string_view parent() const { return has_parent ? std::string_view(parent_id.data(), parent_id.size()) : "-"; }
  /// As the member gets it.
  std::array<char, 55> traceparent() const;
};

/// `sampling`: of 10,000 requests so many that begin a trace are told of.
RequestTrace join_trace(const http::HeaderTable& headers, uint16_t sampling, Random& random);

}  // namespace elb::proxy
