// SPDX-License-Identifier: Apache-2.0
// HttpClient: the Transport over TCP, TLS or a Unix socket, one kept-alive connection to the agent. cpp-httplib behind
// it. Thread rule: one thread.
#pragma once

#include <memory>
#include <string>

#include "cli/endpoint.h"
#include "cli/transport.h"

namespace elb::cli {

class HttpClient final : public Transport {
 public:
  HttpClient(Endpoint endpoint, const Login& login);
  ~HttpClient() override;

  Outcome<HttpResponse> send(const HttpRequest& request, std::chrono::milliseconds timeout) override;
  Outcome<HttpResponse> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& take,
                               std::optional<std::chrono::milliseconds> time) override;
  std::string endpoint() const override { return endpoint_.to_string(); }

 private:
  struct Impl;
  const Endpoint endpoint_;
  const Login login_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::cli
