// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.h"

#include "http/field_lines.h"

namespace elb::http {
namespace {

constexpr size_t kFixedBytes = 12;  // "HTTP/1.1 200"

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Fault parse_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < kFixedBytes || !line.starts_with("HTTP/") || !is_digit(line[5]) || line[6] != '.' ||
      !is_digit(line[7]) || line[8] != ' ')
    return Fault::kBadVersion;
  if (line[5] != '1' || line[7] > '1') return Fault::kVersionUnsupported;
  head.minor_version = static_cast<uint8_t>(line[7] - '0');
  for (size_t i = 9; i < kFixedBytes; ++i) {
    if (!is_digit(line[i])) return Fault::kBadStatus;
    head.status = static_cast<uint16_t>(head.status * 10 + (line[i] - '0'));
  }
  if (head.status < 100) return Fault::kBadStatus;
  if (line.size() == kFixedBytes) return Fault::kNone;  // many servers leave out the blank before an empty reason
  if (line[kFixedBytes] != ' ') return Fault::kBadStatus;
  head.reason = line.substr(kFixedBytes + 1);
  return Fault::kNone;
}

Fault check_whole(const ResponseHead& head) {
  if (head.chunked && head.content_length) return Fault::kLengthAndCoding;
  if (head.chunked && head.minor_version == 0) return Fault::kCodingBeforeVersion;
  const bool never_a_body = head.is_interim() || head.status == 204;
  if (never_a_body && (head.chunked || head.content_length.value_or(0) != 0)) return Fault::kBodyForbidden;
  return Fault::kNone;
}

Outcome refuse(Fault fault, ResponseHead& head) {
  head.fault = fault;
  return Outcome::kFault;
}

Outcome parse_within(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, ResponseHead& head) {
  const char* const floor = bytes.data();
  const Line line = find_line(floor, floor + bytes.size(), floor);
  if (line.outcome == Outcome::kFault) return refuse(line.fault, head);
  if (line.outcome == Outcome::kNeedMore) {
    progress = {static_cast<uint32_t>(line.stop - floor), true};
    return Outcome::kNeedMore;
  }
  Fault fault = parse_status_line({floor, static_cast<size_t>(line.stop - floor)}, head);
  if (fault != Fault::kNone) return refuse(fault, head);
  const Outcome outcome = parse_field_lines(bytes, line.stop + 2, limits, progress, head);
  if (outcome != Outcome::kDone) return outcome;
  fault = check_whole(head);
  return fault != Fault::kNone ? refuse(fault, head) : Outcome::kDone;
}

}  // namespace

void ResponseHead::clear() {
  clear_common();
  status = 0;
  reason = {};
}

Outcome parse_response_head(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                            ResponseHead& head) {
  HeadLimits all_names = limits;
  all_names.odd_names = OddNames::kKeep;
  const std::string_view within = bytes.substr(0, limits.head_bytes);
  const bool full = within.size() == limits.head_bytes;
  if (!full && still_incomplete(within, progress)) return Outcome::kNeedMore;
  head.clear();
  const Outcome outcome = parse_within(within, all_names, progress, head);
  return outcome == Outcome::kNeedMore && full ? refuse(Fault::kHeadTooLarge, head) : outcome;
}

}  // namespace elb::http
