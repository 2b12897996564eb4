// SPDX-License-Identifier: Apache-2.0
#include "http/field_lines.h"

#include <algorithm>

#include "http/framing.h"
#include "http/list.h"

namespace elb::http {
namespace {

void note_connection(std::string_view value, MessageHead& head) {
  for_each_element(value, [&](std::string_view option) {
    if (equals_ignoring_case(option, "close")) {
      head.says_close = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      head.says_keep_alive = true;
    } else if (equals_ignoring_case(option, "upgrade")) {
      head.says_upgrade = head.minor_version == 1;
    } else {
      head.connection_names = true;
    }
  });
}

// Blanks around a value are allowed, but some parsers take a tab after a length or a coding for a part of it.
bool tab_follows(std::string_view value) {
  const char* after = value.data() + value.size();  // the line ends with CR
  while (*after == ' ') ++after;
  return *after == '\t';
}

// The fields that decide where the message ends and what becomes of the connection. Called before the field is in the
// table.
Fault note_framing(HeaderId id, std::string_view value, const HeadLimits& limits, MessageHead& head) {
  switch (id) {
    case HeaderId::kContentLength: {
      if (head.content_length) return Fault::kSecondContentLength;
      head.content_length = parse_content_length(value);
      if (!head.content_length || tab_follows(value)) return Fault::kBadContentLength;
      return *head.content_length > limits.body_bytes ? Fault::kBodyTooLarge : Fault::kNone;
    }
    case HeaderId::kTransferEncoding:
      if (head.chunked || !equals_ignoring_case(value, "chunked") || tab_follows(value))
        return Fault::kBadTransferCoding;
      head.chunked = true;
      return Fault::kNone;
    case HeaderId::kConnection:
      note_connection(value, head);
      return Fault::kNone;
    case HeaderId::kUpgrade:
      head.upgrade = value;
      return Fault::kNone;
    default:
      return Fault::kNone;
  }
}

struct Field {
  std::string_view name;
  std::string_view value;
  bool plain_name;
};

// Why a name ended at a byte that is neither a name's nor the colon.
Fault fault_of_name(char c) {
  if (is_blank(c)) return Fault::kSpaceBeforeColon;
  return c == '\r' ? Fault::kNoColon : Fault::kBadName;
}

// The line [begin, end) holds no control bytes; *end is CR.
Fault split_field(const char* begin, const char* end, const char* floor, Field& field) {
  if (is_blank(*begin)) return Fault::kObsFold;
  const char* colon = scan::not_plain_name(begin, end, floor);
  field.plain_name = *colon == ':';
  while (is(kToken, *colon)) ++colon;  // ends at CR at the latest
  if (*colon != ':') return fault_of_name(*colon);
  if (colon == begin) return Fault::kEmptyName;
  field.name = {begin, static_cast<size_t>(colon - begin)};
  field.value = trim({colon + 1, static_cast<size_t>(end - colon - 1)});
  return Fault::kNone;
}

}  // namespace

bool still_incomplete(std::string_view bytes, HeadProgress& progress) {
  if (progress.scanned == 0 || progress.scanned > bytes.size()) return false;
  const char* end = bytes.data() + bytes.size();
  const Line line = find_line(bytes.data() + progress.scanned, end, bytes.data());
  progress.scanned = static_cast<uint32_t>(line.stop - bytes.data());
  return line.outcome == Outcome::kNeedMore;
}

Outcome parse_field_lines(std::string_view bytes, const char* from, const HeadLimits& limits, HeadProgress& progress,
                          MessageHead& head) {
  const char* const floor = bytes.data();
  const char* const end = floor + bytes.size();
  const auto refuse = [&](Fault fault) {
    head.fault = fault;
    return Outcome::kFault;
  };
  const size_t most = std::min(limits.headers, HeaderTable::kCapacity);
  progress.in_first_line = false;
  for (size_t lines = 0;; ++lines) {
    const Line line = find_line(from, end, floor);
    if (line.outcome == Outcome::kFault) return refuse(line.fault);
    if (line.outcome == Outcome::kNeedMore) {
      progress.scanned = static_cast<uint32_t>(line.stop - floor);
      return Outcome::kNeedMore;
    }
    if (line.stop == from) {
      head.size = static_cast<size_t>(from + 2 - floor);
      return Outcome::kDone;
    }
    Field field;
    if (const Fault fault = split_field(from, line.stop, floor, field); fault != Fault::kNone) return refuse(fault);
    if (lines == most) return refuse(Fault::kTooManyHeaders);
    from = line.stop + 2;
    if (!field.plain_name) {
      if (limits.odd_names == OddNames::kKeep) head.headers.add(HeaderId::kOther, field.name, field.value);
      continue;
    }
    const HeaderId id = header_id(field.name);
    if (const Fault fault = note_framing(id, field.value, limits, head); fault != Fault::kNone) return refuse(fault);
    head.headers.add(id, field.name, field.value);
  }
}

}  // namespace elb::http
