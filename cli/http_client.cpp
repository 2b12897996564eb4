// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <fmt/core.h>
#include <httplib.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "base/fd.h"

namespace elb::cli {
namespace {

constexpr int kProbeMs = 1000;

/// The outcome of a non-blocking connect(): 0, or why it failed.
int finish_connect(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  if (poll(&waiting, 1, kProbeMs) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/// httplib says only "Connection": asks the system once more to be able to say why. Empty when it works now.
std::string connect_error(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found); error != 0) {
    return fmt::format("the host has no address ({})", gai_strerror(error));
  }
  const Fd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int error = connect(fd.get(), found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = finish_connect(fd.get());
  freeaddrinfo(found);
  if (error == 0) return {};
  std::string reason = std::generic_category().message(error);
  reason.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(reason.front())));
  return reason;
}

Failure failure_of(httplib::Error error, const Url& url, std::chrono::milliseconds timeout) {
  const std::string where = url.to_string();
  const std::string late =
      fmt::format("the agent may be busy or hang; raise --timeout or look at: systemctl status elb-agent");
  switch (error) {
    case httplib::Error::Connection: {
      std::string why = connect_error(url);
      if (why.empty()) why = "the connection failed";
      return {Exit::kTimeout, fmt::format("cannot reach {}: {}", where, why),
              "is elb-agent running? try: systemctl status elb-agent"};
    }
    case httplib::Error::ConnectionTimeout:
      return {Exit::kTimeout, fmt::format("cannot reach {}: no answer within {} ms", where, timeout.count()),
              "is the endpoint right, is elb-agent running? try: systemctl status elb-agent"};
    case httplib::Error::Read:
      return {Exit::kTimeout,
              fmt::format("{} accepted the request but gave no full answer within {} ms", where, timeout.count()),
              late};
    case httplib::Error::Write:
      return {Exit::kTimeout, fmt::format("{} did not take the whole request within {} ms", where, timeout.count()),
              late};
    default:
      return {Exit::kError, fmt::format("talking to {} failed: {}", where, httplib::to_string(error)), {}};
  }
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(const Url& url) : client(url.host, url.port) {
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_default_headers({{"Accept", "application/json"}, {"User-Agent", "elbctl"}});
  }
  httplib::Client client;
};

HttpClient::HttpClient(Url endpoint) : url_(std::move(endpoint)), impl_(std::make_unique<Impl>(url_)) {}
HttpClient::~HttpClient() = default;

Outcome<HttpResponse> HttpClient::send(const HttpRequest& request, std::chrono::milliseconds timeout) {
  httplib::Client& client = impl_->client;
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  httplib::Request message;
  message.method = request.method;
  message.path = url_.prefix + request.target;
  if (!request.body.empty()) {
    message.body = request.body;
    message.headers.emplace("Content-Type", "application/json");
  }
  const httplib::Result result = client.send(message);
  if (!result) return pass_on(failure_of(result.error(), url_, timeout));
  return HttpResponse{result->status, result->body};
}

}  // namespace elb::cli
