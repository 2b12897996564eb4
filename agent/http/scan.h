// SPDX-License-Identifier: Apache-2.0
// Finding the first byte that is not of a class, 16 at a time where the processor has SSE2 (every x86-64 has), else one
// by one. Which of the two the parsers use is chosen when compiling (ELB_HTTP_SCALAR forces the plain one); tests run
// both. All functions look at [from, end) and read no byte outside [floor, end), where floor <= from. They return end
// if all bytes pass. Private to the room. Thread rule: pure functions.
#pragma once

#include <cstdint>

#include "http/char_class.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace elb::http::scan {

namespace scalar {

/// First byte that ends or spoils a line: 0x00-0x1f except tab, 0x7f.
inline const char* control(const char* from, const char* end, const char* /*floor*/) {
  while (from != end && is(kFieldByte, *from)) ++from;
  return from;
}

/// First byte that is no letter, digit or '-'.
inline const char* not_plain_name(const char* from, const char* end, const char* /*floor*/) {
  while (from != end && is(kPlainName, *from)) ++from;
  return from;
}

/// First byte that cannot be in a request target: up to 0x20, from 0x7f, and '#'.
inline const char* not_target(const char* from, const char* end, const char* /*floor*/) {
  for (; from != end; ++from) {
    const auto byte = static_cast<uint8_t>(*from);
    if (byte <= 0x20 || byte >= 0x7f || byte == '#') break;
  }
  return from;
}

}  // namespace scalar

#if defined(__SSE2__)
namespace sse2 {

inline __m128i load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m128i at_most(__m128i x, char limit) { return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(limit)), x); }
inline __m128i equals(__m128i x, char c) { return _mm_cmpeq_epi8(x, _mm_set1_epi8(c)); }

inline unsigned control_mask(__m128i x) {
  const __m128i low = _mm_andnot_si128(equals(x, '\t'), at_most(x, 0x1f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, equals(x, 0x7f))));
}

inline unsigned not_plain_name_mask(__m128i x) {
  const __m128i folded = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  const __m128i letter = at_most(folded, 25);
  const __m128i digit = at_most(_mm_sub_epi8(x, _mm_set1_epi8('0')), 9);
  const __m128i good = _mm_or_si128(_mm_or_si128(letter, digit), equals(x, '-'));
  return static_cast<unsigned>(_mm_movemask_epi8(good)) ^ 0xffffU;
}

inline unsigned not_target_mask(__m128i x) {
  const __m128i outside = _mm_cmplt_epi8(x, _mm_set1_epi8(0x21));  // signed: from 0x80 counts as below
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(outside, _mm_or_si128(equals(x, 0x7f), equals(x, '#')))));
}

// The last, incomplete block is read so that it ends at `end`, over bytes already seen. Only in a buffer shorter than a
// block is there nothing to read over; then the plain loop does it.
template <class Mask, class Plain>
inline const char* first(const char* from, const char* end, const char* floor, Mask mask, Plain plain) {
  for (; end - from >= 16; from += 16)
    if (const unsigned hits = mask(load(from)); hits != 0) return from + __builtin_ctz(hits);
  if (from == end) return end;
  if (end - floor < 16) return plain(from, end, floor);
  const char* last = end - 16;
  const unsigned hits = mask(load(last)) >> (from - last);
  return hits != 0 ? from + __builtin_ctz(hits) : end;
}

inline const char* control(const char* from, const char* end, const char* floor) {
  return first(from, end, floor, control_mask, scalar::control);
}
inline const char* not_plain_name(const char* from, const char* end, const char* floor) {
  return first(from, end, floor, not_plain_name_mask, scalar::not_plain_name);
}
inline const char* not_target(const char* from, const char* end, const char* floor) {
  return first(from, end, floor, not_target_mask, scalar::not_target);
}

}  // namespace sse2
#endif

#if defined(__SSE2__) && !defined(ELB_HTTP_SCALAR)
using namespace sse2;
#else
using namespace scalar;
#endif

}  // namespace elb::http::scan
