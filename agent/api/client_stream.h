// SPDX-License-Identifier: Apache-2.0
// ClientStream: a connection that the HTTP server has given away with its request read: plain bytes out, without ever
// waiting for the client. Private to api. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_tls.h"
#include "base/fd.h"

namespace elb::api {

class ClientStream {
 public:
  /// `tls` may be null.
  ClientStream(Fd socket, std::unique_ptr<HttpTls> tls) : socket_(std::move(socket)), tls_(std::move(tls)) {}
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  int fd() const { return socket_.get(); }
  /// Bytes that the client has not been given yet.
  size_t unsent() const { return out_.size(); }

  void put(std::string_view plain);
  /// Gives the client what it takes now; the bytes that it took.
  size_t flush();
  /// After its socket was readable: what a client says now is of no use, but that it has gone.
  void listen();
  bool ended() const { return ended_; }

 private:
  void decrypt(std::string_view bytes);

  Fd socket_;
  std::unique_ptr<HttpTls> tls_;
  std::string out_;  // as the network has it
  bool ended_ = false;
};

}  // namespace elb::api
