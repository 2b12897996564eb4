// SPDX-License-Identifier: Apache-2.0
// HttpServer: HTTP/1.1 for the API. The library parses and writes; waiting, limits and threads are ours
// (http_connection, http_workers), so that a slow, idle or greedy client costs a bounded share and stopping takes no
// longer than a handler. Thread rule: the handler is called from several threads at once; the destructor stops and
// joins them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "tls/server_table.h"

namespace elb::api {

class ClientStream;

/// Who is at the other end of the connection.
struct Peer {
  std::string address;              // of a TCP connection; "local" at the Unix socket
  std::optional<uint32_t> uid;      // at the Unix socket: as whom it connected
  std::vector<uint32_t> group_ids;  // likewise
};

struct HttpRequest {
  Peer peer;
  std::string method;
  std::string path;                                        // percent-decoded
  std::string target;                                      // path as sent
  std::string host;                                        // Host header, for links; empty if none
  std::string dialect;                                     // X-Api-Dialect header; empty if none
  std::string accept;                                      // Accept header; empty if none
  std::vector<std::pair<std::string, std::string>> query;  // decoded; repeated keys stay in order
  std::string auth_token;                                  // X-Auth-Token header; empty if none
  std::string authorization;                               // Authorization header; empty if none
  std::string subject_token;                               // X-Subject-Token header; empty if none
  std::optional<std::string> if_match, if_none_match;      // headers; several of one are one list
  std::optional<std::string> idempotency_key;              // Idempotency-Key header, likewise
  std::optional<std::string> last_event_id;                // Last-Event-ID header, likewise
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  /// Set: gets the connection, to answer on it; nothing else of this is sent.
  std::function<void(std::unique_ptr<ClientStream>)> take_over{};
};

struct HttpLimits {
  size_t body_bytes = 1 << 20;
  size_t header_bytes = 32 << 10;
  std::chrono::milliseconds header_time{10'000};   // from the first byte of a request to the end of its header
  std::chrono::milliseconds request_time{30'000};  // for the body, and again for writing the response
  std::chrono::milliseconds idle_time{60'000};     // between requests; shorter when others wait for a thread
  size_t threads = 32;
  size_t queued = 128;  // connections waiting for a thread; beyond that they get 503
};

/// Where a server listens: one of TCP, TCP with TLS, or a Unix socket.
struct HttpPlace {
  Endpoint endpoint;
  std::shared_ptr<const tls::ServerTable> tls;  // of the endpoint; null: plain HTTP
  std::string socket;                           // path; not empty: the endpoint does not matter
  std::optional<uint32_t> socket_group;         // whom the socket's file belongs to; empty: the agent's own

  std::string to_string() const;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// The response for a request that never reached the handler: the status and what is wrong with it.
  using Refusal = std::function<HttpResponse(int status, const std::string& message)>;
  /// Asked before a body beyond HttpLimits::body_bytes is taken, with a request that has none yet: what it returns is
  /// the answer, and the body stays where it is.
  using Admission = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

  /// Port 0 takes a free one. A socket's file gets mode 0660; one that is left over is replaced, kConflict if somebody
  /// answers there.
  static Result<std::unique_ptr<HttpServer>> start(const HttpPlace& place, const HttpLimits& limits, const Clock& clock,
                                                   Handler handler, Refusal refusal, Admission admission);
  ~HttpServer();

  uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::api
