// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its answer, from the complete head to the last byte: where it goes, which member gets it
// and who gets it when that one fails, bodies in both directions, the response. A WebSocket is the same with bodies
// that have no end. Each direction reads only when all it wrote before was taken, so that a slow peer holds back the
// other and an exchange keeps no more than one read in each direction. Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/body_reader.h"
#include "http/serializer.h"
#include "proxy/client_side.h"
#include "proxy/exchange_pool.h"
#include "proxy/loop_context.h"

namespace elb::proxy {

class Exchange {
 public:
  enum class State : uint8_t {
    kOpen,
    kKeep,   // done; the connection may go on
    kClose,  // done; nothing follows
    kAbort,  // the client must not take what it has for a whole response
  };

  /// `began`: the request's first byte. `parts` are empty, and outlive the exchange.
  Exchange(LoopContext& loop, ClientSide& client, SteadyTime began, ExchangeParts& parts);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// With the head that was parsed last, which is not in the client's inbox any more.
  void begin(const http::RequestHead& head);
  /// Answers a head that is malformed, or that did not come in time.
  void refuse(const http::RequestHead& head, uint16_t status, bool malformed);

  /// Does what can be done now.
  void pump();
  /// The deadline has passed.
  void expire();
  SteadyTime deadline() const;

  State state() const { return state_; }
  bool request_complete() const { return request_read_; }
  /// Takes inboxes out of the thread's buffers.
  void save();
  /// Of kAbort, if the client can be told: the HTTP/2 error with which the member broke off; 0: none.
  uint32_t reset_code() const { return reset_code_; }
  /// The client went away.
  void client_left();

 private:
  using Kind = http::Framing::Kind;
  bool open() const { return state_ == State::kOpen; }
  bool tunnel() const { return response_out_.kind == Kind::kTunnel; }
  const model::HttpTimeouts& timeouts() const;

  // exchange.cpp: the way to a member
  void route(const http::RequestHead& head);
  bool speaks_http2() const;  // the member
  void prepare(const http::RequestHead& head, std::string_view target);
  void next_attempt();
  // proxy_header.cpp
  bool tells_client() const;
  void put_proxy_header(Gather& out) const;
  std::optional<Choice> choose();
  bool start(Choice choice);
  bool connect(const Endpoint& endpoint);
  bool join(const Endpoint& endpoint);
  void connect_failed(int error);
  bool connected();
  void member_failed();
  void release_member(bool reusable);

  // exchange_pump.cpp: bytes in both directions
  bool tunnel_over() const;
  bool pump_request();
  bool take_body(Gather& out);
  void end_body(const http::HeaderTable* trailers, Gather& out);
  const http::HeaderTable* request_trailers() const;
  bool put_fields();
  void sent_to_member(const Gather& out, size_t replayed, bool alive);
  bool pump_response();
  bool receive();
  void begin_answer();
  enum class Head : uint8_t { kMore, kInterim, kFinal, kOver };
  Head take_head(Gather& out);
  bool accepts_socket(const http::ResponseHead& head) const;
  bool begin_response(const http::ResponseHead& head, Gather& out);
  void take_response_body(Gather& out);
  void end_response(const http::HeaderTable* trailers, Gather& out);
  bool to_client(const Gather& out);
  void member_ended();

  // exchange_end.cpp
  void answer(uint16_t status, std::string_view location = {});
  void use_error_page(http::OwnResponse& response) const;
  SteadyTime body_deadline() const;
  void wait_for_body();
  void finish();
  void abort();
  void end(State state);
  bool logged() const;
  bool tells_span() const;
  void log();

  LoopContext& loop_;
  ClientSide& client_;
  ExchangeParts& parts_;
  LoopServedPtr served_;
  const ServedListener* listener_ = nullptr;
  State state_ = State::kOpen;
  RequestRecord record_;
  uint16_t status_ = 0;  // sent to the client

  // the request
  http::Method method_ = http::Method::kOther;
  uint8_t minor_version_ = 1;
  bool http2_ = false;        // bodies are bare on the client's side
  bool keep_alive_ = false;   // the client would go on
  bool grpc_ = false;         // its client wants to be told so of errors
  bool upgrade_ = false;      // asks for a WebSocket
  std::string socket_key_;    // with which the member is asked for it, for a client that has none (RFC 8441)
  bool request_read_ = true;  // nothing of its body is to come
  bool replayable_ = true;    // parts_.replay holds all that was taken of it
  http::Framing request_out_;
  http::BodyReader request_body_;
  size_t replay_head_ = 0;  // HTTP/2: bytes of parts_.replay that are fields

  // the member
  size_t pool_ = Route::kNone;
  size_t member_index_ = 0;
  std::optional<size_t> bound_;  // by a cookie
  std::unique_ptr<MemberSide> member_;
  Lease lease_;
  bool fresh_ = false;  // a kept connection has failed: no other
  bool same_again_ = false;
  bool refused_ = false;  // HTTP/2: by the member, once
  bool connect_seen_ = false;
  bool replay_sent_ = false;  // on this connection
  bool write_dead_ = false;   // it takes no more; it may have answered before
  bool request_sent_ = false;
  uint16_t failure_ = 0;  // what the client is told if nobody answers
  SteadyTime attempt_began_{};
  SteadyTime request_sent_at_{};
  SteadyTime progress_;  // the last byte that moved

  // how long the client was waited for, and nobody else
  uint64_t head_bytes_ = 0;
  std::optional<SteadyTime> body_waited_since_;
  std::chrono::nanoseconds body_waited_{0};

  // the response
  uint32_t reset_code_ = 0;
  http::HeadProgress head_progress_;
  bool head_incomplete_ = false;
  uint8_t interims_ = 0;
  bool response_begun_ = false;  // a byte of it came
  bool head_sent_ = false;       // the final one
  bool response_done_ = false;
  bool close_ = false;     // the client was told
  bool reusable_ = false;  // the member's connection, when all is through
  http::Framing response_out_;
  http::BodyReader response_body_;
};

}  // namespace elb::proxy
