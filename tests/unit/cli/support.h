// SPDX-License-Identifier: Apache-2.0
// ScriptedAgent: an HTTP server in this process that gives canned answers and notes what it was asked; run_elbctl()
// runs a whole command line against it. A request without an answer in the script gets 418, which no test expects.
// Thread rule: script it before the command runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/app.h"

namespace elb::cli {

struct Answer {
  int status = 200;
  std::string body{};
};

class ScriptedAgent {
 public:
  ScriptedAgent();
  ~ScriptedAgent();

  /// `request` is "GET /path?query" as sent. Several answers are given in turn, the last one again and again.
  ScriptedAgent& on(const std::string& request, std::vector<Answer> answers);
  ScriptedAgent& on(const std::string& request, std::string body) { return on(request, {{200, std::move(body)}}); }

  /// "GET /path?query", or "POST /path {body}".
  std::vector<std::string> requests() const;
  std::string endpoint() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Ran {
  Exit exit = Exit::kOk;
  std::string out, err;
};

struct RunOptions {
  std::map<std::string, std::string> variables{};
  std::string input{};
  bool terminal = false;
  size_t width = 0;
};

/// Time stands still except for the command's own sleeping.
Ran run_elbctl(std::vector<std::string> words, const std::string& endpoint, RunOptions options = {});
inline Ran run_elbctl(std::vector<std::string> words, const ScriptedAgent& agent, RunOptions options = {}) {
  return run_elbctl(std::move(words), agent.endpoint(), std::move(options));
}

/// "a b 'c d'" as a shell would split it.
std::vector<std::string> shell_words(const std::string& line);

inline const std::string kId1 = "11111111-1111-4111-8111-111111111111";
inline const std::string kId2 = "22222222-2222-4222-8222-222222222222";
inline const std::string kId3 = "33333333-3333-4333-8333-333333333333";

}  // namespace elb::cli
