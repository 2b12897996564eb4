// SPDX-License-Identifier: Apache-2.0
#include "http/body_reader.h"

#include <algorithm>

namespace elb::http {

BodyStep BodyReader::next(std::string_view input) {
  switch (framing_.kind) {
    case Framing::Kind::kNone:
      done_ = true;
      return {BodyStep::Kind::kDone};
    case Framing::Kind::kLength: {
      if (framing_.length > limits_.body_bytes) return {BodyStep::Kind::kFault, 0, {}, Fault::kBodyTooLarge};
      if (left_ == 0) {
        done_ = true;
        return {BodyStep::Kind::kDone};
      }
      if (input.empty()) return {BodyStep::Kind::kNeedMore};
      const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, input.size()));
      left_ -= size;
      return {BodyStep::Kind::kData, size, input.substr(0, size)};
    }
    case Framing::Kind::kChunked: {
      const BodyStep step = chunks_.next(input);
      done_ = step.kind == BodyStep::Kind::kDone;
      return step;
    }
    case Framing::Kind::kUntilClose:
    case Framing::Kind::kTunnel:
      break;
  }
  if (done_) return {BodyStep::Kind::kDone};
  if (input.empty()) return {BodyStep::Kind::kNeedMore};
  if (input.size() > limits_.body_bytes - total_) return {BodyStep::Kind::kFault, 0, {}, Fault::kBodyTooLarge};
  total_ += input.size();
  return {BodyStep::Kind::kData, input.size(), input};
}

Fault BodyReader::closed() {
  const bool ends_so = framing_.kind == Framing::Kind::kUntilClose || framing_.kind == Framing::Kind::kTunnel;
  const bool empty = framing_.kind == Framing::Kind::kNone || (framing_.kind == Framing::Kind::kLength && left_ == 0);
  if (ends_so || empty) done_ = true;
  return done_ ? Fault::kNone : Fault::kTruncated;
}

}  // namespace elb::http
