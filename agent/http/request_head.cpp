// SPDX-License-Identifier: Apache-2.0
#include "http/request_head.h"

#include <algorithm>

#include "http/field_lines.h"

namespace elb::http {
namespace {

constexpr std::string_view kCrLf = "\r\n";
constexpr size_t kVersionBytes = 8;  // HTTP/1.1

// Bytes that a request line may have at most, one empty line before it included.
size_t longest_request_line(const HeadLimits& limits) {
  return kCrLf.size() + kLongestMethod + 1 + limits.target_bytes + 1 + kVersionBytes;
}

// The method at the beginning of `line`, up to a blank.
Fault parse_method(std::string_view line, RequestHead& head) {
  size_t size = 0;
  while (size < line.size() && is(kMethodChar, line[size])) ++size;
  if (size > kLongestMethod) return Fault::kMethodUnknown;
  if (size == 0 || size == line.size() || line[size] != ' ') return Fault::kBadMethod;
  head.method_text = line.substr(0, size);
  head.method = method_of(head.method_text);
  return Fault::kNone;
}

Fault parse_version(std::string_view text, RequestHead& head) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != kVersionBytes || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7]))
    return Fault::kBadVersion;
  if (text[5] != '1' || text[7] > '1') return Fault::kVersionUnsupported;
  head.minor_version = static_cast<uint8_t>(text[7] - '0');
  return Fault::kNone;
}

// Length of "http://" or "https://", 0 if the target begins with neither.
size_t scheme_size(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

std::string_view authority_of(std::string_view absolute_target) {
  const std::string_view rest = absolute_target.substr(scheme_size(absolute_target));
  return rest.substr(0, rest.find_first_of("/?"));
}

Fault split_target(RequestHead& head) {
  if (head.method == Method::kConnect) return Fault::kMethodUnknown;
  const std::string_view target = head.target;
  if (target.front() == '/') {
    head.form = TargetForm::kOrigin;
    head.path_and_query = target;
    return Fault::kNone;
  }
  if (target == "*") {
    head.form = TargetForm::kAsterisk;
    head.path_and_query = target;
    return head.method == Method::kOptions ? Fault::kNone : Fault::kBadTarget;
  }
  const size_t scheme = scheme_size(target);
  if (scheme == 0) return Fault::kBadTarget;
  const std::string_view authority = authority_of(target);
  if (!parse_host(authority)) return Fault::kBadTarget;
  head.form = TargetForm::kAbsolute;
  head.path_and_query = target.substr(scheme + authority.size());
  // A whole server is meant then, RFC 9112 3.2.4.
  if (head.method == Method::kOptions && head.path_and_query.empty()) head.path_and_query = "*";
  return Fault::kNone;
}

Fault parse_request_line(std::string_view line, const char* floor, const HeadLimits& limits, RequestHead& head) {
  if (const Fault fault = parse_method(line, head); fault != Fault::kNone) return fault;
  const char* const begin = line.data() + head.method_text.size() + 1;
  const char* const end = line.data() + line.size();
  const char* stop = scan::not_target(begin, end, floor);
  if (stop != end && *stop == '#') return Fault::kFragment;
  if (stop == begin || (stop != end && *stop != ' ')) return Fault::kBadTarget;
  head.target = {begin, static_cast<size_t>(stop - begin)};
  if (head.target.size() > limits.target_bytes) return Fault::kTargetTooLong;
  if (stop == end) return Fault::kBadVersion;  // HTTP/0.9
  const Fault fault = parse_version({stop + 1, static_cast<size_t>(end - stop - 1)}, head);
  return fault != Fault::kNone ? fault : split_target(head);
}

Fault check_host(RequestHead& head) {
  std::optional<Host> host;
  for (const Header& header : head.headers) {
    if (header.id != HeaderId::kHost) continue;
    if (host) return Fault::kSecondHost;
    host = parse_host(header.value);
    if (!host) return Fault::kBadHost;
  }
  if (!host && head.minor_version == 1) return Fault::kNoHost;
  if (head.form == TargetForm::kAbsolute) {
    const auto authority = parse_host(authority_of(head.target));
    const uint16_t port = scheme_size(head.target) == std::string_view("https://").size() ? 443 : 80;
    if (host && !same_host(*host, *authority, port)) return Fault::kHostMismatch;
    if (!host) host = authority;
  }
  head.host = host;
  return Fault::kNone;
}

Fault check_whole(RequestHead& head) {
  if (head.chunked && head.content_length) return Fault::kLengthAndCoding;
  if (head.chunked && head.minor_version == 0) return Fault::kCodingBeforeVersion;
  return check_host(head);
}

Outcome refuse(Fault fault, RequestHead& head) {
  head.fault = fault;
  return Outcome::kFault;
}

// `bytes` holds no more than limits.head_bytes.
Outcome parse_within(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, RequestHead& head) {
  const char* const floor = bytes.data();
  // An empty line before a request is to be ignored, RFC 9112 2.2; one is enough.
  const char* const begin = floor + (bytes.starts_with(kCrLf) ? kCrLf.size() : 0);
  const size_t window = std::min(bytes.size(), longest_request_line(limits) + kCrLf.size());
  const Line line = find_line(begin, floor + window, floor);
  if (line.outcome == Outcome::kFault) return refuse(line.fault, head);
  if (line.outcome == Outcome::kNeedMore) {
    if (window < bytes.size()) {
      const Fault fault = parse_method({begin, static_cast<size_t>(floor + window - begin)}, head);
      return refuse(fault != Fault::kNone ? fault : Fault::kTargetTooLong, head);
    }
    progress = {static_cast<uint32_t>(line.stop - floor), true};
    return Outcome::kNeedMore;
  }
  Fault fault = parse_request_line({begin, static_cast<size_t>(line.stop - begin)}, floor, limits, head);
  if (fault != Fault::kNone) return refuse(fault, head);
  const Outcome outcome = parse_field_lines(bytes, line.stop + kCrLf.size(), limits, progress, head);
  if (outcome != Outcome::kDone) return outcome;
  fault = check_whole(head);
  return fault != Fault::kNone ? refuse(fault, head) : Outcome::kDone;
}

}  // namespace

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      return text == "GET" ? Method::kGet : text == "PUT" ? Method::kPut : Method::kOther;
    case 4:
      return text == "POST" ? Method::kPost : text == "HEAD" ? Method::kHead : Method::kOther;
    case 5:
      return text == "PATCH" ? Method::kPatch : text == "TRACE" ? Method::kTrace : Method::kOther;
    case 6:
      return text == "DELETE" ? Method::kDelete : Method::kOther;
    case 7:
      return text == "OPTIONS" ? Method::kOptions : text == "CONNECT" ? Method::kConnect : Method::kOther;
    default:
      return Method::kOther;
  }
}

Fault check_target_bytes(std::string_view target) {
  const char* const end = target.data() + target.size();
  const char* const stop = scan::not_target(target.data(), end, target.data());
  if (stop == end) return target.empty() ? Fault::kBadTarget : Fault::kNone;
  return *stop == '#' ? Fault::kFragment : Fault::kBadTarget;
}

bool is_idempotent(Method method) {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kPut:
    case Method::kDelete:
    case Method::kOptions:
    case Method::kTrace:
      return true;
    default:
      return false;
  }
}

void RequestHead::clear() {
  clear_common();
  method = Method::kOther;
  method_text = target = path_and_query = {};
  form = TargetForm::kOrigin;
  host.reset();
}

Outcome parse_request_head(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                           RequestHead& head) {
  // What lies beyond the limit is not looked at: the same bytes are refused for the same reason however they come.
  const std::string_view within = bytes.substr(0, limits.head_bytes);
  const bool full = within.size() == limits.head_bytes;
  const bool line_may_be_too_long = progress.in_first_line && within.size() > longest_request_line(limits);
  if (!full && !line_may_be_too_long && still_incomplete(within, progress)) return Outcome::kNeedMore;
  head.clear();
  const Outcome outcome = parse_within(within, limits, progress, head);
  return outcome == Outcome::kNeedMore && full ? refuse(Fault::kHeadTooLarge, head) : outcome;
}

}  // namespace elb::http
