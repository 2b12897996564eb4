// SPDX-License-Identifier: Apache-2.0
// Http2Peer: a client of HTTP/2 over TLS, written straight on nghttp2, so that the proxy's side is judged by another.
// Blocking. Thread rule: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "unit/proxy/engine/peer.h"

struct nghttp2_session;

namespace elb::test {

using Http2Fields = std::vector<std::pair<std::string, std::string>>;

struct Http2Answer {
  std::vector<int> interim;
  int status = 0;
  Http2Fields fields;
  std::string body;
  Http2Fields trailers;
  bool whole = false;   // ended in order
  bool closed = false;  // in order or not
  uint32_t error = 0;   // of a reset

  std::string field(std::string_view name) const;  // empty: not there
};

struct Http2Request {
  std::string method = "GET";
  std::string path = "/";
  Http2Fields fields{};
  std::string body{};
  bool open = false;  // the body goes on: send_body()
  Http2Fields trailers{};
  std::string authority = "www.example.com";
};

class Http2Peer {
 public:
  /// `windows`: body that is taken is acknowledged at once; else grant() does it.
  explicit Http2Peer(Peer peer, bool windows = true);
  ~Http2Peer();

  int32_t submit(const Http2Request& request);
  void send_body(int32_t stream, std::string_view bytes, bool end);
  void reset(int32_t stream);
  void ping();
  void grant(int32_t stream, size_t bytes);
  /// Until the stream is closed, or the connection.
  Http2Answer& wait(int32_t stream);
  Http2Answer ask(const Http2Request& request) { return wait(submit(request)); }
  /// Sends what is to be sent and receives once. False: the connection has ended.
  bool turn();
  Http2Answer& answer(int32_t stream);
  /// Error codes of GOAWAYs that came.
  const std::vector<uint32_t>& goaways() const { return goaways_; }
  bool flush();
  /// Bytes of the request's body that the windows have let out.
  size_t sent(int32_t stream) const { return bodies_.at(stream)->sent; }

 private:
  struct Body {
    std::string bytes;
    size_t sent = 0;
    bool ended = false;
    Http2Fields trailers;
  };
  struct Callbacks;
  Peer peer_;
  std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> session_;
  std::map<int32_t, Http2Answer> answers_;
  std::map<int32_t, std::unique_ptr<Body>> bodies_;
  std::vector<uint32_t> goaways_;
};

}  // namespace elb::test
