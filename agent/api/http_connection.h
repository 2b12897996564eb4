// SPDX-License-Identifier: Apache-2.0
// HttpConnection: the byte stream of one client as the HTTP library reads it, with a deadline for each phase of a
// request, a byte budget for its header and a stop signal. Reads bodies itself, refusing what is too large before it
// arrives. Private to http_server. Thread rule: one thread at a time.
#pragma once

#include <httplib.h>

#include <array>
#include <optional>
#include <string>

#include "api/http_server.h"
#include "api/http_tls.h"
#include "base/fd.h"

namespace elb::api {

class HttpConnection final : public httplib::Stream {
 public:
  /// `stop` and `pressure` are eventfds: readable means that the server stops, or that others wait for a thread.
  /// `tls` may be null: plain HTTP.
  HttpConnection(Fd socket, std::unique_ptr<HttpTls> tls, const HttpLimits& limits, const Clock& clock, int stop,
                 int pressure);
  ~HttpConnection() override;

  Peer peer() const;

  /// Waits for the first byte of a request; false when there will be none. Starts the header's deadline and budget.
  bool await_request();

  struct Body {
    int status = 0;  // 0: read; else the status to refuse with, and the rest was not read
    std::string message;
    std::string bytes;
  };
  Body read_body(const httplib::Request& request);
  /// Whether read_body() takes more than HttpLimits::body_bytes.
  static bool may_be_large(const httplib::Request& request);

  /// From now on nothing is written: somebody else will answer.
  void mute() { muted_ = true; }
  /// What is left of the connection; this one is of no use any more.
  std::unique_ptr<ClientStream> release();

  /// Lets the client see a response to a request that was not read to its end: closing at once would reset it away.
  void linger();

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return 0; }  // only compared with FD_SETSIZE by the library

 private:
  bool wait(short events, SteadyTime deadline) const;
  bool fill();
  bool fill_by_tls();
  bool send_all(std::string_view bytes, SteadyTime deadline);
  bool read_exactly(std::string& out, size_t size);
  std::optional<std::string> read_line();
  Body read_chunked();

  Fd socket_;
  std::unique_ptr<HttpTls> tls_;
  const HttpLimits& limits_;
  const Clock& clock_;
  const int stop_, pressure_;
  bool muted_ = false;
  bool first_ = true;
  SteadyTime deadline_{};
  size_t body_limit_ = 0;
  size_t budget_ = 0;  // bytes that may still be taken from the stream
  std::array<char, 8192> buffer_;
  size_t begin_ = 0, end_ = 0;
};

}  // namespace elb::api
