// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <system_error>

namespace elb {

tl::unexpected<Error> fail_errno(int error, std::string_view what) {
  return fail(ErrorCode::kSystem, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kQuota:
      return "quota";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kStorage:
      return "storage";
    case ErrorCode::kSystem:
      return "system";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace elb
