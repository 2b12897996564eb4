// SPDX-License-Identifier: Apache-2.0
// Http2Front: what a client's connection is once HTTP/2 was agreed on: a session, and an exchange for each stream. An
// event of a member marks its stream; what is marked is served when all events of the turn were seen, and what came of
// it leaves in one write. Owned by the ClientConnection. Thread rule: its loop's thread.
#pragma once

#include <vector>

#include "http/response_fields.h"
#include "proxy/http2_stream.h"
#include "proxy/loop_context.h"
#include "proxy/transport.h"

namespace elb::proxy {

class ClientConnection;

class Http2Front final : public h2::SessionUser {
 public:
  Http2Front(LoopContext& loop, ClientConnection& connection, ListenerBlock& counts);
  Http2Front(const Http2Front&) = delete;
  Http2Front& operator=(const Http2Front&) = delete;
  /// Exchanges that are open end as if the client had left.
  ~Http2Front() override;

  enum class State : uint8_t {
    kWaits,  // nothing can be done now
    kMore,   // there is more to do at once
    kOver,   // all is said; what is unsent is to go out, then the connection ends
    kGone,   // the client is not there any more
  };
  /// Does what can be done now.
  State run();
  SteadyTime deadline() const;
  /// A deadline has passed; run() next.
  void expire();
  /// No new requests; run() next.
  void drain();

  // for streams
  void ready(Http2Stream& stream);
  h2::Session& session() { return *session_; }
  http::ResponseFields& fields() { return fields_of_loop_; }
  const ConnectionFacts& facts() const;

  std::unique_ptr<h2::Stream> make_stream() override { return std::make_unique<Http2Stream>(*this); }
  void changed(h2::Stream& stream) override { ready(static_cast<Http2Stream&>(stream)); }
  void closed(h2::Stream& stream) override;

 private:
  bool read();
  bool pump();
  bool write();
  void serve(Http2Stream& stream);
  void begin(Http2Stream& stream);
  void check_streams();
  void note_flood();
  const model::HttpTimeouts& timeouts() const;

  LoopContext& loop_;
  ClientConnection& connection_;
  ListenerBlock& counts_;
  http::ResponseFields& fields_of_loop_;
  std::unique_ptr<h2::Session> session_;
  std::vector<Http2Stream*> ready_;
  std::vector<Http2Stream*> serving_;
  bool running_ = false;
  bool scheduled_ = false;  // the loop will run the connection
  bool gone_ = false;
  bool flood_counted_ = false;
  uint64_t written_seen_ = 0;
  SteadyTime began_;
  SteadyTime idle_since_;
  SteadyTime write_progress_;
  SteadyTime checked_;
  SteadyTime head_since_{};  // default: none is incomplete
  SteadyTime end_at_{};      // of a drain: the second GOAWAY; default: none is to come
};

}  // namespace elb::proxy
