// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <httplib.h>

#include "telemetry/deliver.h"

namespace elb::telemetry {
namespace {

constexpr int kTimeout_s = 5;  // to connect, and for each read and write

}  // namespace

Status deliver(const ChannelOptions& channels, const Target& target, const std::string& payload) {
  switch (target.type) {
    case TargetType::kWebhook:
      return post_webhook(target.address, payload);
    case TargetType::kEmail:
      return send_mail(channels, target.address, payload);
    case TargetType::kExec:
      return run_command(channels.command, payload);
  }
  return fail(ErrorCode::kInternal, "a target of an unknown type");
}

Status post_webhook(const std::string& url, const std::string& payload) {
  const size_t host = url.find("://") + 3;
  const size_t path = std::min(url.find_first_of("/?#", host), url.size());
  std::string target = path < url.size() && url[path] == '/' ? "" : "/";
  target += url.substr(path, url.find('#', path) - path);
  try {
    httplib::Client client(url.substr(0, path));
    client.set_connection_timeout(kTimeout_s);
    client.set_read_timeout(kTimeout_s);
    client.set_write_timeout(kTimeout_s);
    const auto answer = client.Post(target, {{"User-Agent", "elb-agent"}}, payload, "application/json");
    if (!answer) return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", url, httplib::to_string(answer.error())));
    if (answer->status < 200 || answer->status > 299)
      return fail(ErrorCode::kUnavailable, fmt::format("{}: answered with {}", url, answer->status));
    return {};
  } catch (const std::exception& exception) {  // a URL that the library cannot take apart
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", url, exception.what()));
  }
}

}  // namespace elb::telemetry
