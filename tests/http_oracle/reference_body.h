// SPDX-License-Identifier: Apache-2.0
// The chunked coding once more, on a whole body and by splitting strings. Thread rule: pure functions.
#pragma once

#include <string>

#include "http/chunked_decoder.h"

namespace elb::test {

struct ReferenceBody {
  http::Outcome outcome = http::Outcome::kNeedMore;
  int status = 0;       // kFault
  size_t size = 0;      // kDone: bytes of the coded body
  std::string payload;  // what was decoded before the fault or the end
};

ReferenceBody reference_chunked(const std::string& bytes, const http::BodyLimits& limits);

}  // namespace elb::test
