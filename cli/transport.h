// SPDX-License-Identifier: Apache-2.0
// Transport: one HTTP exchange with the agent. HttpClient is the real one; tests script a stub.
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <string>

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
  virtual std::string endpoint() const = 0;  // for messages
};

}  // namespace elb::cli
