// SPDX-License-Identifier: Apache-2.0
#include "health/http_check.h"

#include <fmt/format.h>

#include <utility>

#include "http/proxy_protocol.h"

namespace elb::health {
namespace {

constexpr size_t kHeadMax = 16384;
constexpr uint16_t kHttpPort = 80;

}  // namespace

std::string host_of(const model::SnapshotMonitor& monitor, const Endpoint& target) {
  if (!monitor.host.empty()) return monitor.host;
  if (target.port != kHttpPort) return target.to_string();
  return target.address.is_v4() ? target.address.to_string() : fmt::format("[{}]", target.address.to_string());
}

HttpCheck make_http_check(const model::SnapshotMonitor& monitor, const Endpoint& target, model::ProxyProtocol told) {
  const std::string header = told == model::ProxyProtocol::kNone
                                 ? std::string()
                                 : http::write_local_proxy_header(told == model::ProxyProtocol::kV2);
  const bool bodied = monitor.method == "POST" || monitor.method == "PUT" || monitor.method == "PATCH";
  return {header + fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: elb-health\r\nAccept: */*\r\n{}"
                               "Connection: close\r\n\r\n",
                               monitor.method, monitor.path, host_of(monitor, target),
                               bodied ? "Content-Length: 0\r\n" : ""),
          monitor.codes, Speech::kHttp1};
}

std::string HttpAnswer::say(const HttpCheck& check) {
  return std::exchange(said_, true) ? std::string() : check.request;
}

Answer::State HttpAnswer::feed(std::string_view bytes, const HttpCheck& check) {
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

}  // namespace elb::health
