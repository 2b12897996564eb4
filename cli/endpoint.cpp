// SPDX-License-Identifier: Apache-2.0
#include "cli/endpoint.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace elb::cli {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kTls = "https://";
constexpr uint16_t kTlsPort = 443;

/// Whether the text names a port after its host.
bool has_port(std::string_view text) {
  const std::string_view host = text.substr(kTls.size(), text.find('/', kTls.size()) - kTls.size());
  const size_t colon = host.rfind(':');
  return colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
}

}  // namespace

std::string Endpoint::to_string() const {
  if (!socket.empty()) return fmt::format("{}{}", kUnix, socket);
  const std::string text = url.to_string();
  return tls ? "https" + text.substr(text.find(':')) : text;
}

Outcome<Endpoint> parse_place(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with(kUnix)) {
    endpoint.socket = text.substr(kUnix.size());
    if (!endpoint.socket.starts_with('/'))
      return usage_error(fmt::format("endpoint '{}': the socket's path must begin with /", text),
                         fmt::format("for example {}{}", kUnix, kSocket));
    return endpoint;
  }
  endpoint.tls = text.starts_with(kTls);
  const auto url = parse_endpoint(endpoint.tls ? "http" + std::string(text.substr(5)) : std::string(text));
  if (!url) return pass_on(url.error());
  endpoint.url = *url;
  if (endpoint.tls && !has_port(text)) endpoint.url.port = kTlsPort;
  return endpoint;
}

std::string default_place() {
  const std::string socket(kSocket);
  return access(socket.c_str(), F_OK) == 0 ? std::string(kUnix) + socket : std::string(kLoopback);
}

Outcome<std::string> read_token_file(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return usage_error(fmt::format("the token file {} cannot be read", path));
  if ((info.st_mode & 0077U) != 0)
    return usage_error(fmt::format("others may read the token file {}", path), fmt::format("chmod 600 {}", path));
  std::ifstream file(path);
  std::string token((std::istreambuf_iterator<char>(file)), {});
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (!file || token.empty()) return usage_error(fmt::format("the token file {} has no token", path));
  return token;
}

}  // namespace elb::cli
