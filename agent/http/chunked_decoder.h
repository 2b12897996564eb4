// SPDX-License-Identifier: Apache-2.0
// ChunkedDecoder: the chunked transfer coding (RFC 9112 7.1), streaming and strict: 1 to 16 hexadecimal digits, CR LF,
// nothing between. Extensions (name, name=token or name="text" without blanks) are read up to a byte cap and dropped.
// Trailers are parsed like header fields. Payload comes as views into the input,
// nothing is copied; only trailers are gathered, up to their limit. Thread rule: one thread; a connection owns one.
#pragma once

#include <memory>
#include <string>

#include "http/message_head.h"

namespace elb::http {

struct BodyLimits {
  uint64_t body_bytes = kNoLimit;   // payload; more: 413
  uint32_t extension_bytes = 4096;  // all chunk extensions of a message together; more: 400
  uint32_t trailer_bytes = 8192;    // trailer section with its empty line; more: 431
  uint32_t trailers = 32;           // more: 431
};

/// What one call found. `consumed` bytes of the input are dealt with, `data` is the payload among them.
struct BodyStep {
  enum class Kind : uint8_t { kData, kNeedMore, kDone, kFault };
  Kind kind;
  size_t consumed = 0;
  std::string_view data;
  Fault fault = Fault::kNone;
};

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const BodyLimits& limits = {}) : limits_(limits) {}

  /// kData: take the data, drop `consumed` bytes and call again. kNeedMore: the input is used up (consumed ==
  /// input.size()). kDone: what follows `consumed` is the next message. kFault stays.
  BodyStep next(std::string_view input);

  /// Trailer fields after kDone, null if there were none. Fields that frame, route or authenticate are not among them
  /// (RFC 9110 6.5.1).
  const HeaderTable* trailers() const { return trailers_ ? &trailers_->fields : nullptr; }

 private:
  enum class State : uint8_t {
    kSize,
    kExtensionName,
    kExtensionValue,
    kExtensionQuoted,
    kExtensionEnd,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailers,
    kDone,
    kFault
  };
  struct Trailers {
    std::string bytes;
    HeadProgress progress;
    HeaderTable fields;
  };

  Fault read_framing(char c);
  Fault read_size(char c);
  Fault read_extension(char c);
  Fault end_of_size_line();
  BodyStep read_trailers(std::string_view input);
  BodyStep refuse(Fault fault, size_t consumed);

  BodyLimits limits_;
  uint64_t left_ = 0;   // of the chunk
  uint64_t total_ = 0;  // payload announced so far
  uint32_t extension_bytes_ = 0;
  uint8_t digits_ = 0;
  bool in_token_ = false;  // of an extension: it has begun
  State state_ = State::kSize;
  Fault fault_ = Fault::kNone;
  bool trailer_cr_ = false;  // the CR of the empty line that follows the last chunk has come
  std::unique_ptr<Trailers> trailers_;
};

}  // namespace elb::http
