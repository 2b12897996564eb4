// SPDX-License-Identifier: Apache-2.0
// HttpClient: the Transport over TCP, one kept-alive connection to the agent. cpp-httplib behind it.
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>

#include "cli/transport.h"
#include "cli/url.h"

namespace elb::cli {

class HttpClient final : public Transport {
 public:
  explicit HttpClient(Url endpoint);
  ~HttpClient() override;

  Outcome<HttpResponse> send(const HttpRequest& request, std::chrono::milliseconds timeout) override;
  std::string endpoint() const override { return url_.to_string(); }

 private:
  struct Impl;
  const Url url_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::cli
