// SPDX-License-Identifier: Apache-2.0
#include "http/fault.h"

#include <array>

namespace elb::http {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Fault::kCount)> kNames = {
    "none",
    "bare-cr",
    "bare-lf",
    "control-byte",
    "obs-fold",
    "space-before-colon",
    "no-colon",
    "empty-name",
    "bad-name",
    "bad-method",
    "method-unknown",
    "bad-target",
    "fragment",
    "target-too-long",
    "bad-version",
    "version-unsupported",
    "bad-content-length",
    "second-content-length",
    "length-and-coding",
    "bad-transfer-coding",
    "coding-before-version",
    "body-forbidden",
    "no-host",
    "second-host",
    "bad-host",
    "host-mismatch",
    "too-many-headers",
    "head-too-large",
    "body-too-large",
    "bad-status",
    "bad-chunk-size",
    "bad-chunk-extension",
    "chunk-extensions-too-long",
    "bad-chunk-end",
    "trailers-too-large",
    "truncated",
    "bad-pseudo-field",
    "connection-field",
    "bad-escape",
    "encoded-nul",
    "bad-utf8",
    "backslash",
    "above-root",
    "encoded-slash",
    "hidden-dots",
    "hidden-empty",
};
static_assert(!kNames.back().empty(), "every fault has a name");

}  // namespace

uint16_t status_of(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return 200;
    case Fault::kMethodUnknown:
      return 501;
    case Fault::kTargetTooLong:
      return 414;
    case Fault::kVersionUnsupported:
      return 505;
    case Fault::kTooManyHeaders:
    case Fault::kHeadTooLarge:
    case Fault::kTrailersTooLarge:
      return 431;
    case Fault::kBodyTooLarge:
      return 413;
    default:
      return 400;
  }
}

std::string_view to_string(Fault fault) { return kNames[static_cast<size_t>(fault)]; }

}  // namespace elb::http
