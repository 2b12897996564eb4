// SPDX-License-Identifier: Apache-2.0
// Context: what a command works with. Data goes to `out`, everything said to people to `err`.
// Thread rule: one thread; lives for one command.
#pragma once

#include <chrono>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "cli/api.h"
#include "cli/raw_terminal.h"
#include "cli/render.h"

namespace elb::cli {

/// What the process runs in; tests make their own.
struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<std::string(const char* name)> variable;  // "" when not set
  bool terminal = false;                                  // out is one
  size_t width = 0;                                       // of the terminal, 0 when unknown
  std::function<std::pair<size_t, size_t>()> size{};      // columns and lines now; empty when out is no terminal
  std::function<std::unique_ptr<RawTerminal>()> keys{};   // empty when nobody can type
};

struct Context {
  const Environment& env;
  Api& api;
  Format format = Format::kTable;
  bool colour = false;
  bool quiet = false;
  std::string project{};
  std::optional<std::chrono::milliseconds> given_timeout{};  // --timeout, when it is not the default

  std::ostream& out() const { return env.out; }
  /// One line for people, not data; silent with --quiet.
  void say(std::string_view line) const {
    if (!quiet) env.err << line << "\n";
  }
};

}  // namespace elb::cli
