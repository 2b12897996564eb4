// SPDX-License-Identifier: Apache-2.0
// Failure: why a command could not do its work, in the words printed to the user, with the exit status that scripts
// see. Outcome<T> is Result<T> with it: the command line needs a status and a next step where the agent needs a code.
// Thread rule: plain values.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace elb::cli {

/// The exit status of elbctl; part of its contract (elbctl(1), "EXIT STATUS").
enum class Exit : int {
  kOk = 0,
  kError = 1,     // refused by the API, or failed
  kUsage = 2,     // the command line is wrong
  kNotFound = 3,  // no such object
  kConflict = 4,  // exists already, is in use, has children, or the name is ambiguous
  kTimeout = 5,   // not reachable, busy, or not done in time
};

struct Failure {
  Exit exit = Exit::kError;
  std::string message;                 // lower case, what failed with which value
  std::string hint;                    // what to do next, may be empty
  std::vector<std::string> details{};  // lines of their own, such as the candidates of an ambiguous name
  int http_status = 0;                 // of the API's answer, 0 without one
};

template <class T>
using Outcome = tl::expected<T, Failure>;
using Done = Outcome<void>;

inline tl::unexpected<Failure> give_up(Exit exit, std::string message, std::string hint = {}) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message), std::move(hint)});
}
inline tl::unexpected<Failure> usage_error(std::string message, std::string hint = {}) {
  return give_up(Exit::kUsage, std::move(message), std::move(hint));
}
inline tl::unexpected<Failure> pass_on(Failure failure) { return tl::unexpected<Failure>(std::move(failure)); }

}  // namespace elb::cli
