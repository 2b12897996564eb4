// SPDX-License-Identifier: Apache-2.0
// BodyReader: takes the payload out of a byte stream by its framing, whichever it is. Bytes in, views out, nothing
// kept. Thread rule: one thread; a connection owns one for each direction.
#pragma once

#include "http/chunked_decoder.h"
#include "http/framing.h"

namespace elb::http {

class BodyReader {
 public:
  explicit BodyReader(const Framing& framing = {}, const BodyLimits& limits = {})
      : framing_(framing), left_(framing.length), limits_(limits), chunks_(limits) {}

  /// As ChunkedDecoder::next(). A body without bytes is kDone at the first call, whatever the input.
  BodyStep next(std::string_view input);

  /// The peer closed. kNone if the body was complete (or ends so), else kTruncated.
  Fault closed();

  bool done() const { return done_; }
  const HeaderTable* trailers() const { return chunks_.trailers(); }

 private:
  Framing framing_;
  uint64_t left_;
  uint64_t total_ = 0;  // of a body that ends with the connection
  BodyLimits limits_;
  bool done_ = false;
  ChunkedDecoder chunks_;
};

}  // namespace elb::http
