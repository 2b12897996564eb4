// SPDX-License-Identifier: Apache-2.0
// Http2Member: a member on loopback that speaks HTTP/2 without TLS, written straight on nghttp2, so that the proxy's
// side is judged by another. What it answers is the test's. Thread rule: answers come from its own threads, the views
// are for any thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "unit/proxy/engine/http2_peer.h"
#include "unit/proxy/engine/member_server.h"

namespace elb::test {

struct Http2Seen {
  size_t connection = 0;  // counted from 1
  int32_t stream = 0;
  Http2Fields fields;
  std::string body;
  Http2Fields trailers;
  bool whole = false;
  std::optional<uint32_t> reset;  // by the proxy

  std::string field(std::string_view name) const;
  std::string trailer(std::string_view name) const;
};

struct Http2Reply {
  int status = 200;
  Http2Fields fields{};
  std::string body{};
  Http2Fields trailers{};
  std::optional<uint32_t> reset{};  // instead of an answer, or behind it if there is a body
  bool goaway = false;              // says that it did not look at the request, and ends
  bool hold = false;                // no answer
  bool early = false;               // with the head; else when the request is whole
  bool close = false;               // the connection, instead of an answer
};

class Http2Member {
 public:
  using Answer = std::function<Http2Reply(const Http2Seen&)>;

  explicit Http2Member(Answer answer, uint32_t streams_max = 100);
  Endpoint endpoint() const { return server_.endpoint(); }
  size_t connections() const { return server_.connections(); }
  std::vector<Http2Seen> seen() const;
  /// The most requests that were open at once on one connection.
  size_t most_open() const;
  void stop() { server_.stop(); }

 private:
  struct Connection;
  void run(Peer& peer);

  Answer answer_;
  const uint32_t streams_max_;
  mutable std::mutex mutex_;
  std::vector<Http2Seen> seen_;
  size_t connections_seen_ = 0;
  size_t most_open_ = 0;
  MemberServer server_;
};

}  // namespace elb::test
