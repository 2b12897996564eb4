// SPDX-License-Identifier: Apache-2.0
// Response heads: as for requests.
#include <memory>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/serializer.h"
#include "http_oracle/llhttp_oracle.h"
#include "http_oracle/reference_head.h"

namespace elb::fuzz {
namespace {

using http::Outcome;

void compare_with_reference(const http::ResponseHead& head, Outcome outcome, const test::ReferenceHead& reference,
                            std::string_view input) {
  claim(outcome == reference.outcome, fmt::format("outcome is the reference's ({})", to_string(head.fault)), input);
  if (outcome != Outcome::kDone) return;
  claim(head.size == reference.size, "size", input);
  claim(head.status == reference.response_status, "status", input);
  claim(head.reason == reference.reason, "reason", input);
  claim(head.minor_version == reference.minor, "version", input);
  claim(head.chunked == reference.chunked, "chunked", input);
  claim(head.content_length == reference.content_length, "content length", input);
  claim(head.keep_alive() == reference.keep_alive, "keep-alive", input);
  claim(head.headers.size() == reference.headers.size(), "number of headers", input);
  size_t i = 0;
  for (const http::Header& header : head.headers) {
    claim(header.name == reference.headers[i].first && header.value == reference.headers[i].second, "header", input);
    ++i;
  }
}

void cut(std::string_view input, size_t step, const http::HeadLimits& limits, Outcome expected,
         const http::ResponseHead& whole) {
  static const auto head = std::make_unique<http::ResponseHead>();
  http::HeadProgress progress;
  for (size_t size = std::min(step, input.size());; size = std::min(size + step, input.size())) {
    const Exactly part(input.substr(0, size));
    const Outcome outcome = http::parse_response_head(part.view(), limits, progress, *head);
    if (outcome == Outcome::kNeedMore && size < input.size()) continue;
    claim(outcome == expected, "outcome does not depend on cuts", input);
    claim(head->fault == whole.fault && head->size == whole.size, "result does not depend on cuts", input);
    return;
  }
}

void send_on(const http::ResponseHead& head, http::Method asked, uint8_t client_minor, std::string_view input) {
  const http::Framing framing = http::towards_client(http::framing_of(head, asked), client_minor);
  http::ResponseRewrite rewrite;
  rewrite.asked = asked;
  rewrite.client_minor_version = client_minor;
  rewrite.server = "elb";
  rewrite.close = framing.kind == http::Framing::Kind::kUntilClose;
  std::string memory(http::head_bound(head, 16), '\0');
  http::OutBuffer out(memory);
  claim(http::write_response(head, rewrite, framing, out), "head_bound() is enough", input);
  static const auto again = std::make_unique<http::ResponseHead>();
  http::HeadProgress progress;
  http::HeadLimits limits;
  limits.head_bytes = 1 << 20;
  limits.headers = http::HeaderTable::kCapacity;
  const Outcome outcome = http::parse_response_head(out.written(), limits, progress, *again);
  claim(outcome == Outcome::kDone && again->size == out.written().size(), "what is sent on is one whole head",
        out.written());
  claim(again->status == head.status && again->reason == head.reason, "status line goes on", input);
  claim(http::framing_of(*again, asked) == framing, "framing goes on", input);
  const std::string differs = test::llhttp_differs(*again, out.written());
  claim(differs.empty(), "llhttp on what is sent on: " + differs, out.written());
}

}  // namespace

void response_head(std::string_view input) {
  static const auto head = std::make_unique<http::ResponseHead>();
  for (const http::HeadLimits& limits :
       {http::HeadLimits{}, http::HeadLimits{.head_bytes = 90, .headers = 2, .body_bytes = 1000}}) {
    const Exactly bytes(input);
    http::HeadProgress progress;
    const Outcome outcome = http::parse_response_head(bytes.view(), limits, progress, *head);
    compare_with_reference(*head, outcome, test::reference_response(std::string(input), limits), input);
    if (input.size() <= 256) cut(input, 1, limits, outcome, *head);
    for (const size_t step : {7, 100}) cut(input, step, limits, outcome, *head);
    if (outcome != Outcome::kDone) continue;
    const std::string differs = test::llhttp_differs(*head, input);
    claim(differs.empty(), "llhttp: " + differs, input);
    for (const http::Method asked : {http::Method::kGet, http::Method::kHead})
      for (const uint8_t minor : {0, 1}) send_on(*head, asked, minor, input);
  }
}

}  // namespace elb::fuzz
