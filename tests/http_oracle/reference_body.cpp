// SPDX-License-Identifier: Apache-2.0
#include "http_oracle/reference_body.h"

#include <algorithm>
#include <regex>

#include "http_oracle/reference_head.h"

namespace elb::test {
namespace {

using http::Outcome;

// What may still become a good chunk line, and what is one. A byte that fits neither is a fault at once.
const std::string kName = "[!#$%&'*+.^_`|~0-9A-Za-z-]+", kNameBegun = "[!#$%&'*+.^_`|~0-9A-Za-z-]*";
const std::string kQuoted = "\"[^\"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]*";
const std::string kExtension = ";" + kName + "(=(" + kName + "|" + kQuoted + "\"))?";
const std::string kExtensionBegun = ";(" + kNameBegun + "|" + kName + "=(" + kNameBegun + "|" + kQuoted + "\"?))";
const std::regex kSizeLine("[0-9A-Fa-f]{1,16}(" + kExtension + ")*\r\n");
const std::regex kSizeLineBegun("[0-9A-Fa-f]{0,16}|[0-9A-Fa-f]{1,16}(" + kExtension + ")*(" + kExtensionBegun +
                                "|\r|\r\n)?");

}  // namespace

ReferenceBody reference_chunked(const std::string& bytes, const http::BodyLimits& limits) {
  ReferenceBody body;
  const auto refuse = [&](int status) {
    body.outcome = Outcome::kFault;
    body.status = status;
    return body;
  };
  size_t at = 0, extensions = 0;
  for (;;) {
    std::string line;
    size_t extension_here = 0;
    while (!std::regex_match(line, kSizeLine)) {
      if (at == bytes.size()) return body;
      line += bytes[at++];
      const size_t semicolon = line.find(';');
      if (semicolon != std::string::npos && line.back() != '\r' && line.back() != '\n')
        extension_here = line.size() - semicolon;
      const std::string digits = line.substr(0, line.find_first_of(";\r"));
      const bool digits_end = digits.size() < line.size();
      if (digits_end && digits.size() == 16 && digits[0] > '7') return refuse(400);
      if (extensions + extension_here > limits.extension_bytes) return refuse(400);
      if (!std::regex_match(line, kSizeLineBegun)) return refuse(400);
    }
    extensions += extension_here;
    const uint64_t size = std::stoull(line, nullptr, 16);
    if (size == 0) break;
    uint64_t announced = size + body.payload.size();
    if (announced > limits.body_bytes) return refuse(413);
    const uint64_t here = std::min<uint64_t>(size, bytes.size() - at);
    body.payload += bytes.substr(at, here);
    at += here;
    if (here < size) return body;
    for (const char expected : {'\r', '\n'}) {
      if (at == bytes.size()) return body;
      if (bytes[at++] != expected) return refuse(400);
    }
  }
  // Trailers are fields like those of a head; an empty section is the usual end.
  http::HeadLimits head_limits;
  head_limits.headers = limits.trailers;
  const std::string rest = bytes.substr(at);
  const std::string start = "HTTP/1.1 200 OK\r\n";
  head_limits.head_bytes = start.size() + limits.trailer_bytes;
  const ReferenceHead trailers = reference_response(start + rest, head_limits);
  if (trailers.outcome == Outcome::kFault) return refuse(trailers.status);
  body.outcome = trailers.outcome;
  if (trailers.outcome != Outcome::kDone) return body;
  if (trailers.chunked || trailers.content_length) return refuse(400);
  body.size = at + trailers.size - start.size();
  return body;
}

}  // namespace elb::test
