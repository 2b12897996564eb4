// SPDX-License-Identifier: Apache-2.0
// The chunked coding: cut anywhere or whole, the decoder says the same, and what the reference says; llhttp refuses
// nothing that it accepts; payload encoded by us decodes to itself.
#include <algorithm>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/chunked_decoder.h"
#include "http/serializer.h"
#include "http_oracle/llhttp_oracle.h"
#include "http_oracle/reference_body.h"

namespace elb::fuzz {
namespace {

using Kind = http::BodyStep::Kind;

struct Decoded {
  Kind kind;
  http::Fault fault = http::Fault::kNone;
  size_t size = 0;
  std::string payload;
};

Decoded decode(std::string_view input, size_t step, const http::BodyLimits& limits) {
  http::ChunkedDecoder decoder(limits);
  Decoded result{Kind::kNeedMore};
  while (result.size < input.size()) {
    const Exactly part(input.substr(result.size, step));
    std::string_view left = part.view();
    for (;;) {
      const http::BodyStep found = decoder.next(left);
      claim(found.consumed <= left.size(), "no more is consumed than there is", input);
      result.size += found.consumed;
      result.payload += found.data;
      left.remove_prefix(found.consumed);
      if (found.kind == Kind::kDone || found.kind == Kind::kFault) {
        result.kind = found.kind;
        result.fault = found.fault;
        return result;
      }
      if (found.kind == Kind::kNeedMore) {
        claim(left.empty(), "all is consumed before more is asked for", input);
        break;
      }
    }
  }
  return result;
}

void there_and_back(std::string_view payload) {
  std::string coded;
  for (size_t at = 0; at < payload.size(); at += 300) {
    const std::string_view part = payload.substr(at, 300);
    std::array<char, http::kChunkBeginBytes> memory;
    http::OutBuffer out(memory);
    claim(http::write_chunk_begin(part.size(), out), "a chunk's begin fits", payload);
    coded += out.written();
    coded += part;
    coded += http::kChunkEnd;
  }
  coded += "0\r\n\r\n";
  const Decoded back = decode(coded, coded.size(), {});
  claim(back.kind == Kind::kDone && back.payload == payload && back.size == coded.size(), "there and back", payload);
}

}  // namespace

void chunked(std::string_view input) {
  input = input.substr(0, 2000);  // the reference takes its time
  for (const http::BodyLimits& limits :
       {http::BodyLimits{.extension_bytes = 100},
        http::BodyLimits{.body_bytes = 20, .extension_bytes = 6, .trailer_bytes = 40, .trailers = 2}}) {
    const Decoded whole = decode(input, std::max<size_t>(input.size(), 1), limits);
    const test::ReferenceBody reference = test::reference_chunked(std::string(input), limits);
    claim((whole.kind == Kind::kDone) == (reference.outcome == http::Outcome::kDone) &&
              (whole.kind == Kind::kFault) == (reference.outcome == http::Outcome::kFault),
          fmt::format("outcome is the reference's ({})", to_string(whole.fault)), input);
    if (whole.kind == Kind::kFault) claim(http::status_of(whole.fault) == reference.status, "status", input);
    claim(whole.payload == reference.payload, "payload", input);
    for (const size_t step : {1, 2, 7}) {
      const Decoded parts = decode(input, step, limits);
      claim(parts.kind == whole.kind && parts.fault == whole.fault && parts.payload == whole.payload,
            "cuts change nothing", input);
      if (parts.kind == Kind::kDone) claim(parts.size == whole.size, "cuts do not move the end", input);
    }
    if (whole.kind != Kind::kDone) continue;
    claim(whole.size == reference.size, "end of the body", input);
    const std::string differs = test::llhttp_differs_on_chunks(input.substr(0, whole.size), whole.payload);
    claim(differs.empty(), "llhttp: " + differs, input);
  }
  there_and_back(input);
}

}  // namespace elb::fuzz
