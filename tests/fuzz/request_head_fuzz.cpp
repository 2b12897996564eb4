// SPDX-License-Identifier: Apache-2.0
// Request heads: cut anywhere or whole, the parser says the same; it agrees with the reference; llhttp refuses nothing
// that it accepts; and what the serialiser makes of it is a request that says the same once more.
#include <array>
#include <memory>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/char_class.h"
#include "http/request_head.h"
#include "http/serializer.h"
#include "http/url.h"
#include "http_oracle/llhttp_oracle.h"
#include "http_oracle/reference_head.h"

namespace elb::fuzz {
namespace {

using http::Outcome;

constexpr size_t kEveryByte = 256;  // up to this size every cut is tried

void compare_with_reference(const http::RequestHead& head, Outcome outcome, const test::ReferenceHead& reference,
                            std::string_view input) {
  claim(outcome == reference.outcome, fmt::format("outcome is the reference's ({})", to_string(head.fault)), input);
  if (outcome == Outcome::kFault)
    claim(http::status_of(head.fault) == reference.status,
          fmt::format("status for {} is the reference's {}", to_string(head.fault), reference.status), input);
  if (outcome != Outcome::kDone) return;
  claim(head.size == reference.size, "size", input);
  claim(head.method_text == reference.method, "method", input);
  claim(head.target == reference.target, "target", input);
  claim(head.path_and_query == reference.path_and_query, "path", input);
  claim(head.minor_version == reference.minor, "version", input);
  claim(head.chunked == reference.chunked, "chunked", input);
  claim(head.content_length == reference.content_length, "content length", input);
  claim(head.keep_alive() == reference.keep_alive, "keep-alive", input);
  claim(head.host.has_value() == !reference.host.empty(), "host", input);
  claim(head.headers.size() == reference.headers.size(), "number of headers", input);
  size_t i = 0;
  for (const http::Header& header : head.headers) {
    claim(header.name == reference.headers[i].first && header.value == reference.headers[i].second, "header", input);
    claim(header.id == http::header_id(header.name), "header id", input);
    ++i;
  }
}

// As a connection does it: ever more bytes, each time at another place in memory.
void cut(std::string_view input, size_t step, const http::HeadLimits& limits, Outcome expected,
         const http::RequestHead& whole) {
  static const auto head = std::make_unique<http::RequestHead>();
  http::HeadProgress progress;
  for (size_t size = std::min(step, input.size());; size = std::min(size + step, input.size())) {
    const Exactly part(input.substr(0, size));
    const Outcome outcome = http::parse_request_head(part.view(), limits, progress, *head);
    if (outcome == Outcome::kNeedMore && size < input.size()) continue;
    claim(outcome == expected, fmt::format("outcome does not depend on cuts of {}", step), input);
    claim(head->fault == whole.fault && head->size == whole.size, "result does not depend on cuts", input);
    return;
  }
}

void send_on(const http::RequestHead& head, std::string_view input) {
  std::string scratch(http::normal_target_bound(head.path_and_query.size()), '\0');
  const auto target = http::normalise_target(head.path_and_query, {}, scratch);
  if (target.fault != http::Fault::kNone) return;
  http::RequestRewrite rewrite;
  rewrite.target = target.target;
  rewrite.host_if_missing = "default.example";
  rewrite.client_address = "192.0.2.1";
  rewrite.scheme = "https";
  rewrite.port = 443;
  const http::Framing framing = http::framing_of(head);
  std::string memory(http::head_bound(head, target.target.size() + 64), '\0');
  http::OutBuffer out(memory);
  claim(http::write_request(head, rewrite, framing, out), "head_bound() is enough", input);
  static const auto again = std::make_unique<http::RequestHead>();
  http::HeadProgress progress;
  http::HeadLimits limits;
  limits.target_bytes = limits.head_bytes = 1 << 20;
  limits.headers = http::HeaderTable::kCapacity;
  limits.odd_names = http::OddNames::kKeep;
  const Outcome outcome = http::parse_request_head(out.written(), limits, progress, *again);
  claim(outcome == Outcome::kDone && again->size == out.written().size(), "what is sent on is one whole request",
        out.written());
  claim(again->method_text == head.method_text && again->target == target.target, "request line goes on", input);
  claim(http::framing_of(*again) == framing, "framing goes on", input);
  claim(again->keep_alive() && again->upgrade_protocol().empty(), "hop by hop fields stay", input);
  const std::string differs = test::llhttp_differs(*again, out.written());
  claim(differs.empty(), "llhttp on what is sent on: " + differs, out.written());
}

void with_limits(std::string_view input, const http::HeadLimits& limits, http::RequestHead& head) {
  const Exactly bytes(input);
  http::HeadProgress progress;
  const Outcome outcome = http::parse_request_head(bytes.view(), limits, progress, head);
  compare_with_reference(head, outcome, test::reference_request(std::string(input), limits), input);
  if (input.size() <= kEveryByte) cut(input, 1, limits, outcome, head);
  for (const size_t step : {7, 100}) cut(input, step, limits, outcome, head);
  if (outcome != Outcome::kDone) return;
  if (limits.odd_names == http::OddNames::kKeep) {
    const std::string differs = test::llhttp_differs(head, input);
    claim(differs.empty(), "llhttp: " + differs, input);
  }
  send_on(head, input);
}

}  // namespace

void request_head(std::string_view input) {
  static const auto head = std::make_unique<http::RequestHead>();
  http::HeadLimits limits;
  with_limits(input, limits, *head);
  limits.odd_names = http::OddNames::kKeep;
  with_limits(input, limits, *head);
  limits = {.target_bytes = 12, .head_bytes = 120, .headers = 3, .body_bytes = 1000};
  with_limits(input, limits, *head);
}

}  // namespace elb::fuzz
