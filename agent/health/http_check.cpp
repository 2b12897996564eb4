// SPDX-License-Identifier: Apache-2.0
#include "health/http_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/proxy_protocol.h"

namespace elb::health {
namespace {

constexpr size_t kHeadMax = 16384;
constexpr uint16_t kHttpPort = 80;

std::string host_of(const Endpoint& target) {
  if (target.port != kHttpPort) return target.to_string();
  return target.address.is_v4() ? target.address.to_string() : fmt::format("[{}]", target.address.to_string());
}

std::string text_of(const std::vector<model::CodeRange>& codes) {
  std::string text;
  for (const model::CodeRange& range : codes) {
    if (!text.empty()) text += ',';
    text += range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

}  // namespace

HttpCheck make_http_check(const model::SnapshotMonitor& monitor, const Endpoint& target, model::ProxyProtocol told) {
  const std::string host = monitor.host.empty() ? host_of(target) : monitor.host;
  const std::string header = told == model::ProxyProtocol::kNone
                                 ? std::string()
                                 : http::write_local_proxy_header(told == model::ProxyProtocol::kV2);
  const bool bodied = monitor.method == "POST" || monitor.method == "PUT" || monitor.method == "PATCH";
  return {header + fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: elb-health\r\nAccept: */*\r\n{}"
                               "Connection: close\r\n\r\n",
                               monitor.method, monitor.path, host, bodied ? "Content-Length: 0\r\n" : ""),
          monitor.codes};
}

HttpAnswer::State HttpAnswer::feed(std::string_view bytes, const HttpCheck& check) {
  bytes_ += bytes;
  http::HeadLimits limits;
  limits.head_bytes = kHeadMax;
  http::ResponseHead head;
  for (;;) {
    head.clear();
    switch (http::parse_response_head(bytes_, limits, progress_, head)) {
      case http::Outcome::kNeedMore:
        return State::kMore;
      case http::Outcome::kFault:
        return fail(fmt::format("the answer is not HTTP as it should be ({})", http::to_string(head.fault)));
      case http::Outcome::kDone:
        break;
    }
    if (!head.is_interim()) return judge(head.status, check);
    bytes_.erase(0, head.size);  // the final answer comes behind it
    progress_ = {};
  }
}

HttpAnswer::State HttpAnswer::end() { return fail("the member closed the connection before it answered"); }

HttpAnswer::State HttpAnswer::fail(std::string failure) {
  failure_ = std::move(failure);
  return State::kFailed;
}

HttpAnswer::State HttpAnswer::judge(uint16_t status, const HttpCheck& check) {
  const auto holds = [status](const model::CodeRange& range) { return range.first <= status && status <= range.last; };
  if (std::ranges::any_of(check.codes, holds)) return State::kHealthy;
  return fail(fmt::format("HTTP {}, expected {}", status, text_of(check.codes)));
}

}  // namespace elb::health
