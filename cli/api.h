// SPDX-License-Identifier: Apache-2.0
// Api: JSON in and out of the agent over a Transport, with one deadline for everything a command does, error answers
// turned into Failures, and lists followed through their "next" links.
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/transport.h"
#include "cli/url.h"
#include "codec/value.h"

namespace elb::cli {

class Api {
 public:
  Api(Transport& transport, const Clock& clock, std::chrono::milliseconds timeout);

  Outcome<codec::Value> get(std::string_view path, const Query& query = {});
  /// The objects under `key` of all pages.
  Outcome<std::vector<codec::Value>> list(std::string_view path, std::string_view key, const Query& query = {});
  Outcome<codec::Value> post(std::string_view path, const codec::Value& body);
  Outcome<codec::Value> put(std::string_view path, const codec::Value& body, const Query& query = {});
  Done remove(std::string_view path, const Query& query = {});

  /// GET, whose answer comes bit by bit; as Transport::stream().
  Done stream(std::string_view path, const Query& query, const std::function<bool(std::string_view)>& take,
              std::optional<std::chrono::milliseconds> time);

  /// What is left of the deadline, 0 when it has passed.
  std::chrono::milliseconds left() const;
  std::chrono::milliseconds timeout() const { return timeout_; }
  void restart_deadline();
  std::string endpoint() const { return transport_.endpoint(); }

 private:
  Outcome<codec::Value> exchange(const HttpRequest& request);

  Transport& transport_;
  const Clock& clock_;
  const std::chrono::milliseconds timeout_;
  SteadyTime deadline_;
};

/// The API's error answer in its own words, with the exit status and a next step.
Failure failure_of(const HttpResponse& response, std::string_view endpoint);

}  // namespace elb::cli
