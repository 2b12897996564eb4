// SPDX-License-Identifier: Apache-2.0
// Transport: one HTTP exchange with the agent. HttpClient is the real one; tests script a stub.
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/failure.h"

namespace elb::cli {

struct HttpRequest {
  std::string method;  // GET, POST, PUT, DELETE
  std::string target;  // path and query, percent-encoded
  std::string body{};  // JSON; empty for none
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Any HTTP status is a success here; a Failure means that no answer came within `timeout`.
  virtual Outcome<HttpResponse> send(const HttpRequest& request, std::chrono::milliseconds timeout) = 0;
  /// Hands over the body of an answer of status 200 as it comes, and returns with an empty body when `take` returns
  /// false, SIGINT comes or `time` is over; a Failure when the answer ends before. Any other status as in send().
  virtual Outcome<HttpResponse> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& take,
                                       std::optional<std::chrono::milliseconds> time) = 0;
  virtual std::string endpoint() const = 0;  // for messages
};

}  // namespace elb::cli
