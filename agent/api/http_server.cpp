// SPDX-License-Identifier: Apache-2.0
#include "api/http_server.h"

#include <fmt/core.h>
#include <httplib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <limits>
#include <thread>

#include "api/client_stream.h"
#include "api/http_connection.h"
#include "api/http_workers.h"
#include "api/unix_socket.h"
#include "base/fd.h"
#include "base/log.h"

namespace elb::api {
namespace {

// What the library's hooks need to know of the request that this thread is serving.
struct Current {
  HttpConnection* connection = nullptr;
  HttpConnection::Body body;
  std::optional<HttpResponse> refused;  // instead of the handler's
  bool close = false;
  std::function<void(std::unique_ptr<ClientStream>)> take_over;
};
thread_local Current t_current;
thread_local bool t_shed = false;

void fill_response(const HttpResponse& from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (!from.body.empty()) to.set_content(from.body, from.content_type);
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    if (escape) {
      out.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// The library's own parser drops a pair that repeats one before it, but "sort_dir=asc&sort_dir=asc" means two.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> query;
  const size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  rest = rest.substr(0, rest.find('#'));
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    query.emplace_back(decode(pair.substr(0, equals)), decode(value));
  }
  return query;
}

/// Several headers of one name are one list (RFC 9110, 5.3).
std::optional<std::string> joined_header(const httplib::Request& from, const std::string& name) {
  std::optional<std::string> joined;
  const auto [begin, end] = from.headers.equal_range(name);
  for (auto at = begin; at != end; ++at) joined = joined ? fmt::format("{}, {}", *joined, at->second) : at->second;
  return joined;
}

HttpRequest to_request(const httplib::Request& from, Peer peer, std::string body) {
  HttpRequest request;
  request.peer = std::move(peer);
  request.method = from.method;
  request.path = from.path;
  request.target = from.target.substr(0, from.target.find('?'));
  request.host = from.get_header_value("Host");
  request.dialect = from.get_header_value("X-Api-Dialect");
  request.accept = from.get_header_value("Accept");
  request.auth_token = from.get_header_value("X-Auth-Token");
  request.authorization = from.get_header_value("Authorization");
  request.subject_token = from.get_header_value("X-Subject-Token");
  request.if_match = joined_header(from, "If-Match");
  request.if_none_match = joined_header(from, "If-None-Match");
  request.idempotency_key = joined_header(from, "Idempotency-Key");
  request.last_event_id = joined_header(from, "Last-Event-ID");
  request.query = parse_query(from.target);
  request.body = std::move(body);
  return request;
}

}  // namespace

class HttpServer::Impl final : public httplib::Server {
 public:
  Impl(HttpPlace place, const HttpLimits& limits, const Clock& clock, HttpServer::Handler handler, Refusal refusal,
       Admission admission)
      : place_(std::move(place)),
        limits_(limits),
        clock_(clock),
        handler_(std::move(handler)),
        refusal_(std::move(refusal)),
        admission_(std::move(admission)),
        stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        pressure_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    new_task_queue = [this] {
      return new HttpWorkers(limits_.threads, limits_.queued, pressure_.get(), [](const HttpWorkers::Task& task) {
        t_shed = true;
        task();
        t_shed = false;
      });
    };
    // Not the library's SO_REUSEPORT: a second agent on the same port must fail, not take half of the requests.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_tcp_nodelay(true);
    // Only announced by the library (in Keep-Alive); await_request() keeps the time.
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(limits_.idle_time).count());
    set_keep_alive_max_count(std::numeric_limits<uint32_t>::max());
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      serve(request, response);
      return HandlerResponse::Handled;
    });
    // What the library refuses by itself has no body yet.
    set_error_handler([this](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;
      t_current.close = true;
      fill_response(refusal_(response.status, response.status == 414 ? "URI is too long" : "malformed HTTP request"),
                    response);
    });
  }

  Status start() {
    Status status = place_.socket.empty() ? listen_on_tcp() : listen_on_socket();
    if (!status) return status;
    if (place_.tls) tickets_ = tls::TicketSecrets::rotate(nullptr, clock_.wall(), random_);
    thread_ = std::thread([this] { listen_after_bind(); });
    while (!is_running()) std::this_thread::yield();  // stop() does nothing before
    return {};
  }

  void finish() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
    stop();
    if (thread_.joinable()) thread_.join();
    if (!place_.socket.empty()) ::unlink(place_.socket.c_str());
  }

  uint16_t port() const { return port_; }

 private:
  Status listen_on_socket() {
    auto socket = bind_unix_socket(place_.socket, place_.socket_group);
    if (!socket) return pass_on(socket.error());
    svr_sock_ = socket->release();
    return {};
  }

  Status listen_on_tcp() {
    const Endpoint& listen = place_.endpoint;
    const std::string address = listen.address.to_string();
    const int port = listen.port == 0                     ? bind_to_any_port(address)
                     : bind_to_port(address, listen.port) ? listen.port
                                                          : -1;
    if (port <= 0) return fail_errno(errno, fmt::format("cannot listen on {}", listen.to_string()));
    port_ = static_cast<uint16_t>(port);
    ::listen(svr_sock_, SOMAXCONN);  // the library's own backlog is 5
    return {};
  }

  std::unique_ptr<HttpTls> accept_tls() {
    auto accepted = HttpTls::accept(place_.tls, clock_, tickets_);
    if (accepted) return std::move(*accepted);
    log::warn("a connection to the API failed error={}", accepted.error().to_string());
    return nullptr;
  }

  bool process_and_close_socket(socket_t sock) override {
    Fd socket(sock);
    if (t_shed && place_.tls) return false;  // a refusal would cost a handshake
    std::unique_ptr<HttpTls> tls;
    if (place_.tls && !(tls = accept_tls())) return false;
    HttpConnection connection(std::move(socket), std::move(tls), limits_, clock_, stop_.get(), pressure_.get());
    if (t_shed) {
      const HttpResponse response = refusal_(503, "too many connections, try again later");
      const std::string text = fmt::format(
          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
          response.content_type, response.body.size(), response.body);
      send(sock, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      return false;
    }
    t_current.connection = &connection;
    bool served = false;
    while (connection.await_request()) {
      t_current.body = {};
      t_current.close = false;
      t_current.refused.reset();
      t_current.take_over = nullptr;
      bool client_closes = false;
      served =
          process_request(connection, false, client_closes, [this](httplib::Request& request) { prepare(request); });
      if (t_current.take_over) {
        t_current.take_over(connection.release());
        break;
      }
      if (t_current.close) connection.linger();
      if (!served || client_closes || t_current.close) break;
    }
    t_current = {};
    return served;
  }

  // Called between header and routing: the only moment when the library lets the request be changed.
  void prepare(httplib::Request& request) {
    request.ranges.clear();
    request.headers.erase("Accept-Encoding");  // bodies are small; compressing them costs more than it saves
    if (HttpConnection::may_be_large(request))
      t_current.refused = admission_(to_request(request, t_current.connection->peer(), {}));
    if (!t_current.refused) t_current.body = t_current.connection->read_body(request);
    request.headers.erase("Expect");  // answered
    if (t_current.refused || t_current.body.status != 0) {
      t_current.close = true;
      request.headers.erase("Connection");
      request.headers.emplace("Connection", "close");  // the library repeats it in the response
    }
  }

  void serve(const httplib::Request& request, httplib::Response& response) {
    const HttpConnection::Body& body = t_current.body;
    if (t_current.refused) {
      fill_response(*t_current.refused, response);
    } else if (body.status != 0) {
      fill_response(refusal_(body.status, body.message), response);
    } else {
      HttpRequest asked = to_request(request, t_current.connection->peer(), std::move(t_current.body.bytes));
      HttpResponse answer = handler_(asked);
      fill_response(answer, response);
      if (!answer.take_over) return;
      t_current.take_over = std::move(answer.take_over);
      t_current.connection->mute();
    }
  }

  const HttpPlace place_;
  const HttpLimits limits_;
  const Clock& clock_;
  SystemRandom random_;
  tls::TicketSecretsPtr tickets_;
  const HttpServer::Handler handler_;  // Handler alone is the library's
  const Refusal refusal_;
  const Admission admission_;
  Fd stop_, pressure_;
  std::thread thread_;
  uint16_t port_ = 0;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { impl_->finish(); }

uint16_t HttpServer::port() const { return impl_->port(); }

std::string HttpPlace::to_string() const {
  if (!socket.empty()) return socket;
  return fmt::format("{}://{}", tls ? "https" : "http", endpoint.to_string());
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpPlace& place, const HttpLimits& limits,
                                                      const Clock& clock, Handler handler, Refusal refusal,
                                                      Admission admission) {
  auto impl =
      std::make_unique<Impl>(place, limits, clock, std::move(handler), std::move(refusal), std::move(admission));
  if (Status status = impl->start(); !status) return pass_on(status.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace elb::api
