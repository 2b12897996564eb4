// SPDX-License-Identifier: Apache-2.0
// Lines and field lines, shared by request heads, response heads and trailers. A line is looked at only when it is
// complete: whatever is found depends on the bytes alone, never on how they were cut into packets. One scan for the
// first control byte finds the end of the line and proves its bytes at once. Private to the room. Thread
// rule: pure functions.
#pragma once

#include "http/message_head.h"
#include "http/scan.h"

namespace elb::http {

struct Line {
  Outcome outcome;
  Fault fault;
  const char* stop;  // kDone: its CR; kNeedMore: where to search on
};

inline Line find_line(const char* from, const char* end, const char* floor) {
  const char* stop = scan::control(from, end, floor);
  if (stop == end) return {Outcome::kNeedMore, Fault::kNone, stop};
  if (*stop != '\r') return {Outcome::kFault, *stop == '\n' ? Fault::kBareLf : Fault::kControlByte, stop};
  if (stop + 1 == end) return {Outcome::kNeedMore, Fault::kNone, stop};
  if (stop[1] != '\n') return {Outcome::kFault, Fault::kBareCr, stop};
  return {Outcome::kDone, Fault::kNone, stop};
}

/// True if what came since the last call cannot have completed a line; moves `progress` on.
bool still_incomplete(std::string_view bytes, HeadProgress& progress);

/// Parses field lines from `from` until the empty line, into `head`: headers, framing, fault, size. `bytes` begins with
/// the head. kNeedMore leaves in `progress` where to go on.
Outcome parse_field_lines(std::string_view bytes, const char* from, const HeadLimits& limits, HeadProgress& progress,
                          MessageHead& head);

}  // namespace elb::http
