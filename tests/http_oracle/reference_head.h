// SPDX-License-Identifier: Apache-2.0
// The rules for heads once more, as plainly as can be: strings are copied, lines split, fields looked at one after the
// other. Shares no code with agent/http but its result types and limits. Thread rule: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/message_head.h"

namespace elb::test {

struct ReferenceHead {
  http::Outcome outcome = http::Outcome::kNeedMore;
  int status = 0;  // kFault: what a client is told
  size_t size = 0;
  std::string method, target, path_and_query, reason;
  int response_status = 0;
  int minor = 1;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string host;  // name and ":port" if given, as written; empty if there is none
  bool chunked = false;
  std::optional<uint64_t> content_length;
  bool keep_alive = false;
};

ReferenceHead reference_request(const std::string& bytes, const http::HeadLimits& limits);
ReferenceHead reference_response(const std::string& bytes, const http::HeadLimits& limits);

}  // namespace elb::test
