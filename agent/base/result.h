// SPDX-License-Identifier: Apache-2.0
// Result<T>: how every fallible function of ELB reports failure. No exception crosses a module edge.
// Error::field is a path such as "members[0].weight" into what the caller gave, empty where no field is at fault.
// Thread rule: values, no shared state.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace elb {

enum class ErrorCode {
  kInvalid,      // the input breaks a rule (HTTP 400)
  kNotFound,     // no such object (404)
  kConflict,     // duplicate, in use, immutable (409)
  kQuota,        // a limit of the project (403)
  kTooLarge,     // more bytes or depth than accepted (413)
  kUnsupported,  // a feature this build does not have (501)
  kUnavailable,  // try again later (503)
  kStorage,      // the store could not write, nothing changed (507)
  kSystem,       // the operating system refused (500)
  kInternal,     // a defect of ours (500)
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // lower case, says what failed with which value
  std::string field;

  /// "field: message", or the message alone.
  std::string to_string() const { return field.empty() ? message : field + ": " + message; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string field = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(field)});
}

/// An input error that names the field and the rule it breaks.
inline tl::unexpected<Error> invalid(std::string field, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::move(field));
}

/// kSystem with "what: strerror(error)". `error` is an errno value (positive), read by the caller at once.
tl::unexpected<Error> fail_errno(int error, std::string_view what);

/// Hands an error on to a function with another result type.
inline tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

std::string_view to_string(ErrorCode code);

}  // namespace elb
