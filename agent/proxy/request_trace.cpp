// SPDX-License-Identifier: Apache-2.0
#include "proxy/request_trace.h"

#include <algorithm>
#include <bit>
#include <span>

namespace elb::proxy {
namespace {

constexpr uint64_t kOf = 10'000;

void put_hex(uint64_t number, std::span<char> out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = out.size(); i-- > 0; number >>= 4) out[i] = kDigits[number & 15];
}

uint64_t not_zero(Random& random) {
  for (;;)
    if (const uint64_t number = random.next(); number != 0) return number;
}

}  // namespace

// xoshiro256** of Blackman and Vigna.
uint64_t TraceNumbers::next() {
  if (state_ == std::array<uint64_t, 4>{}) {
    SystemRandom system;
    for (uint64_t& word : state_) word = system.next() | 1;
  }
  const uint64_t number = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return number;
}

std::array<char, 55> RequestTrace::traceparent() const {
  std::array<char, 55> text;
  text.fill('-');
  text[0] = text[1] = text[53] = '0';
  std::ranges::copy(trace_id, text.begin() + 3);
  std::ranges::copy(span_id, text.begin() + 36);
  text[54] = sampled ? '1' : '0';
  return text;
}

RequestTrace join_trace(const http::HeaderTable& headers, uint16_t sampling, Random& random) {
  RequestTrace trace;
  if (const auto parent = http::find_traceparent(headers)) {
    std::ranges::copy(parent->trace_id, trace.trace_id.begin());
    std::ranges::copy(parent->parent_id, trace.parent_id.begin());
    trace.has_parent = true;
    trace.sampled = parent->sampled;
  } else {
    put_hex(not_zero(random), std::span(trace.trace_id).first<16>());
    put_hex(not_zero(random), std::span(trace.trace_id).last<16>());
    trace.sampled = random.next() % kOf < sampling;
  }
  put_hex(not_zero(random), trace.span_id);
  return trace;
}

}  // namespace elb::proxy
