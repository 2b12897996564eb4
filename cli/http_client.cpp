// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <fmt/core.h>
#include <httplib.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/fd.h"
#include "cli/interrupt.h"

namespace elb::cli {
namespace {

constexpr int kProbeMs = 1000;
constexpr std::chrono::seconds kSilence{60};  // a stream says something at least each 15 s

/// The outcome of a non-blocking connect(): 0, or why it failed.
int finish_connect(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  if (poll(&waiting, 1, kProbeMs) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::string words_of(int error) {
  std::string reason = std::generic_category().message(error);
  reason.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(reason.front())));
  return reason;
}

std::string socket_error(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "the path is too long";
  std::copy(path.begin(), path.end(), address.sun_path);
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  if (errno == EACCES) return "permission denied (root, the agent's user and its --socket-group may use it)";
  return words_of(errno);
}

/// httplib says only "Connection": asks the system once more to be able to say why. Empty when it works now.
std::string connect_error(const Endpoint& endpoint) {
  if (!endpoint.socket.empty()) return socket_error(endpoint.socket);
  const Url& url = endpoint.url;
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
  return error == 0 ? std::string() : words_of(error);
}

Failure failure_of(httplib::Error error, const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  const std::string where = endpoint.to_string();
  const std::string late =
      fmt::format("the agent may be busy or hang; raise --timeout or look at: systemctl status elb-agent");
  switch (error) {
    case httplib::Error::Connection: {
      std::string why = connect_error(endpoint);
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
    case httplib::Error::SSLServerVerification:
      return {Exit::kError, fmt::format("the certificate of {} is not one that is trusted", where),
              "give its CA: --ca-file (a self-signed one is api-cert.pem beside the agent's store)"};
    case httplib::Error::SSLLoadingCerts:
      return {Exit::kUsage, "the CA file has no certificate that can be read", {}};
    default:
      return {Exit::kError, fmt::format("talking to {} failed: {}", where, httplib::to_string(error)), {}};
  }
}

}  // namespace

struct HttpClient::Impl {
  Impl(const Endpoint& endpoint, const Login& login) {
    if (!endpoint.socket.empty()) {
      client = std::make_unique<httplib::Client>(endpoint.socket, 80);
      client->set_address_family(AF_UNIX);
    } else if (endpoint.tls) {
      client = std::make_unique<httplib::Client>("https" +
                                                 Url{endpoint.url.host, endpoint.url.port, ""}.to_string().substr(4));
      if (!login.ca_file.empty()) client->set_ca_cert_path(login.ca_file);
    } else {
      client = std::make_unique<httplib::Client>(endpoint.url.host, endpoint.url.port);
    }
    client->set_keep_alive(true);
    client->set_tcp_nodelay(endpoint.socket.empty());
    httplib::Headers headers{{"Accept", "application/json"}, {"User-Agent", "elbctl"}};
    if (!endpoint.socket.empty()) headers.emplace("Host", "localhost");
    if (!login.token.empty()) headers.emplace("X-Auth-Token", login.token);
    client->set_default_headers(headers);
  }
  std::unique_ptr<httplib::Client> client;
};

HttpClient::HttpClient(Endpoint endpoint, const Login& login)
    : endpoint_(std::move(endpoint)), login_(login), impl_(std::make_unique<Impl>(endpoint_, login)) {}
HttpClient::~HttpClient() = default;

Outcome<HttpResponse> HttpClient::send(const HttpRequest& request, std::chrono::milliseconds timeout) {
  httplib::Client& client = *impl_->client;
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  httplib::Request message;
  message.method = request.method;
  message.path = endpoint_.url.prefix + request.target;
  if (!request.body.empty()) {
    message.body = request.body;
    message.headers.emplace("Content-Type", "application/json");
  }
  const httplib::Result result = client.send(message);
  if (!result) return pass_on(failure_of(result.error(), endpoint_, timeout));
  return HttpResponse{result->status, result->body};
}

Outcome<HttpResponse> HttpClient::stream(const HttpRequest& request, const std::function<bool(std::string_view)>& take,
                                         std::optional<std::chrono::milliseconds> time) {
  // A connection of its own: meanwhile send() goes on over the other.
  Impl own(endpoint_, login_);
  httplib::Client& client = *own.client;
  client.set_keep_alive(false);
  client.set_read_timeout(kSilence);
  HttpResponse response;
  bool enough = false;
  httplib::Request message;
  message.method = request.method;
  message.path = endpoint_.url.prefix + request.target;
  message.response_handler = [&](const httplib::Response& head) {
    response.status = head.status;
    return true;
  };
  message.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    if (response.status == 200)
      enough = !take({data, size});
    else
      response.body.append(data, size);
    return !enough;
  };
  const Interrupt interrupt(time, [&client] { client.stop(); });
  const httplib::Result result = client.send(message);
  if (enough || interrupt.happened()) return HttpResponse{200, {}};
  if (!result) return pass_on(failure_of(result.error(), endpoint_, kSilence));
  if (response.status != 200) return response;
  return pass_on(Failure{Exit::kTimeout, fmt::format("{} has ended the stream", endpoint_.to_string()),
                         "is elb-agent restarting? try: systemctl status elb-agent"});
}

}  // namespace elb::cli
