// SPDX-License-Identifier: Apache-2.0
// llhttp (strict mode) as a second opinion. The rule: what llhttp refuses we refuse; where both accept, both see the
// same message. llhttp_differs() compares and knows the exceptions, each with its reason. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_head.h"
#include "http/response_head.h"

namespace elb::test {

struct LlhttpView {
  bool head_accepted = false;
  bool message_complete = false;
  std::string error;
  std::string method;
  std::string target;
  int major = 0;
  int minor = 0;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // values without blanks around them
  bool chunked = false;
  std::optional<uint64_t> content_length;
  bool keep_alive = false;
  bool upgrade = false;
  std::string body;
};

LlhttpView llhttp_request(std::string_view bytes);
LlhttpView llhttp_response(std::string_view bytes);

/// `head` was accepted from the beginning of `bytes`, with OddNames::kKeep. What llhttp says otherwise, empty if
/// nothing.
std::string llhttp_differs(const http::RequestHead& head, std::string_view bytes);
std::string llhttp_differs(const http::ResponseHead& head, std::string_view bytes);

/// `coded` was accepted as a whole chunked body with this payload.
std::string llhttp_differs_on_chunks(std::string_view coded, std::string_view payload);

}  // namespace elb::test
