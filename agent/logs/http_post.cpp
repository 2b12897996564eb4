// SPDX-License-Identifier: Apache-2.0
#include "logs/http_post.h"

#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>

namespace elb::logs {
namespace {

constexpr int kTimeout_s = 10;  // to connect, and for each read and write
constexpr size_t kShown = 200;  // bytes of an answer in an error

/// Of an answer that may be anything: one line of printable text.
std::string shown(const std::string& body) {
  std::string text = body.substr(0, kShown);
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = ' ';
  return text;
}

}  // namespace

Result<HttpTarget> parse_target(const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return invalid("", fmt::format("'{}' is not http://HOST[:PORT][/PATH] or https://...", url));
  const size_t host = url.find("://") + 3;
  const size_t path = std::min(url.find('/', host), url.size());
  if (path == host || url.find_first_of("?# \"@", host) != std::string::npos)
    return invalid("", fmt::format("'{}' has no host, or more than a path behind it", url));
  return HttpTarget{url.substr(0, path), path < url.size() ? url.substr(path) : "/"};
}

Status http_send(const std::string& method, const HttpTarget& target, const HttpHeaders& headers,
                 const std::string& body, const std::string& type) {
  try {
    httplib::Client client(target.origin);
    client.set_connection_timeout(kTimeout_s);
    client.set_read_timeout(kTimeout_s);
    client.set_write_timeout(kTimeout_s);
    client.set_url_encode(false);  // the path is encoded already, and may be signed
    httplib::Headers sent = {{"User-Agent", "elb-agent"}};
    for (const auto& [name, value] : headers) sent.emplace(name, value);
    const auto answer = method == "PUT" ? client.Put(target.path, sent, body, type.c_str())
                                        : client.Post(target.path, sent, body, type.c_str());
    if (!answer)
      return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", target.origin, httplib::to_string(answer.error())));
    if (answer->status < 200 || answer->status > 299)
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{}: answered with {}: {}", target.origin, answer->status, shown(answer->body)));
    return {};
  } catch (const std::exception& exception) {  // a URL that the library cannot take apart
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", target.origin, exception.what()));
  }
}

}  // namespace elb::logs
