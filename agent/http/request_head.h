// SPDX-License-Identifier: Apache-2.0
// RequestHead and its parser: HTTP/1.0 and 1.1, written for a proxy. It accepts one spelling of everything, because
// what two hops read differently is how requests are smuggled (docs/adr/0017). Headers are views into the buffer;
// nothing is allocated. Thread rule: a plain value and a pure function.
#pragma once

#include "http/host.h"
#include "http/message_head.h"

namespace elb::http {

enum class Method : uint8_t { kOther, kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kTrace, kConnect };

inline constexpr size_t kLongestMethod = 32;

/// kOther for whatever is not in the list.
Method method_of(std::string_view text);

/// May be sent again when nothing is known of the first attempt, RFC 9110 9.2.2.
bool is_idempotent(Method method);

enum class TargetForm : uint8_t { kOrigin, kAbsolute, kAsterisk };

struct RequestHead : MessageHead {
  Method method = Method::kOther;
  std::string_view method_text;
  TargetForm form = TargetForm::kOrigin;
  std::string_view target;  // as received, for the log
  std::string_view
      path_and_query;        // of it; "*" for a whole server; may be empty or begin with '?'. Not normalised: url.h
  std::optional<Host> host;  // of the Host header, or of an absolute target on HTTP/1.0 without Host

  void clear();
};

/// What a target may be made of: kNone, kFragment or kBadTarget.
Fault check_target_bytes(std::string_view target);

/// Parses the head at the beginning of `bytes`, which hold all that came of it so far. kDone: `head` is complete and
/// the body begins at head.size. kNeedMore: call again with more bytes and the same `progress`. kFault: head.fault says
/// why; answer status_of(fault) and close. The result depends on the bytes alone, not on how they arrived. Host is
/// required on HTTP/1.1, allowed once, and has to agree with an absolute target. CONNECT is refused.
Outcome parse_request_head(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, RequestHead& head);

}  // namespace elb::http
