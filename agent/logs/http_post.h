// SPDX-License-Identifier: Apache-2.0
// One request to a server of the node's administrator, with limits to its time; the only place of logs/ that sees the
// HTTP library. Thread rule: any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace elb::logs {

struct HttpTarget {
  std::string origin;  // "http://127.0.0.1:4318"
  std::string path;    // "/v1/logs"; "/" where the URL has none
};
/// kInvalid unless it is http:// or https:// with a host.
Result<HttpTarget> parse_target(const std::string& url);

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
/// `method` is POST or PUT. kUnavailable for anything but 2xx, with the status and the beginning of the answer.
Status http_send(const std::string& method, const HttpTarget& target, const HttpHeaders& headers,
                 const std::string& body, const std::string& type);

}  // namespace elb::logs
