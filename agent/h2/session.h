// SPDX-License-Identifier: Apache-2.0
// Session: the server's side of one HTTP/2 connection (RFC 9113), bytes in and bytes out, around nghttp2, which this
// room alone sees. It says what came by marking streams; whoever answers them does so between receive() and produce(),
// never inside of them. It bounds what a client can make it hold and do (docs/adr/0020).
// Thread rule: one thread. Its user outlives it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "h2/budget.h"
#include "h2/stream.h"

struct nghttp2_session;

namespace elb::h2 {

struct SessionLimits {
  uint32_t streams = 100;               // at once
  int32_t stream_window = 64 << 10;     // body of a request that is held until it is taken
  int32_t connection_window = 1 << 20;  // the same of all requests together
  size_t head_bytes = 32768;            // of a header list, as RFC 9113 6.5.2 counts; more: 431
  size_t fields = 100;                  // likewise
  size_t bomb_bytes = 256 << 10;        // a header list that decodes to more is meant ill
};

class SessionUser {
 public:
  virtual ~SessionUser() = default;
  virtual std::unique_ptr<Stream> make_stream() = 0;
  /// A head, body or its end came, or all of its body went out. Only to be noted.
  virtual void changed(Stream& stream) = 0;
  /// It is destroyed after this. If it was not answered the client has reset it, or broke the rules.
  virtual void closed(Stream& stream) = 0;
};

class Session {
 public:
  /// Null if there is no memory.
  static std::unique_ptr<Session> create(const SessionLimits& limits, SessionUser& user);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  void receive(std::string_view bytes, SteadyTime now);
  /// Fills the front of `room`, of at least kRoom bytes, and returns how much. 0: there is nothing to say now.
  static constexpr size_t kRoom = (size_t{16} << 10) + 512;
  size_t produce(std::span<char> room);
  /// Nothing is to be read or written any more.
  bool over() const;
  /// It was ended because the client burdened it too much.
  bool flooded() const { return flooded_; }

  /// The body that came; its bytes are the client's to send anew.
  void take_received(Stream& stream, std::string& into);
  /// 1xx, then at most one of more. `body`: there may be one; else the response is complete. False: there are too many
  /// or too large fields.
  bool send_interim(Stream& stream, uint16_t status, const http::HeaderTable& fields);
  bool send_head(Stream& stream, uint16_t status, const http::HeaderTable& fields, bool body);
  void send_body(Stream& stream, std::string_view bytes);
  /// The body is complete. `trailers` may be null.
  void finish(Stream& stream, const http::HeaderTable* trailers);
  void finish(Stream& stream) { finish(stream, nullptr); }
  /// The client must not take what it has for a whole response.
  /// `code`: of the member that broke off; 0: of ours.
  void abort(Stream& stream, uint32_t code = 0);
  /// The client sent a malformed request, which is answered.
  void charge_wrong(SteadyTime now);

  /// GOAWAY that lets requests under way come (RFC 9113 6.8); then, a round trip later, the one that lets none.
  void announce_end();
  void end();
  /// GOAWAY with an error: the client was too slow.
  void give_up();

  size_t streams() const { return streams_.size(); }
  std::span<const std::unique_ptr<Stream>> all() const { return streams_; }
  /// Body of all responses that found no window yet.
  size_t buffered() const { return buffered_; }
  /// A header block has begun and is not complete.
  bool in_head() const { return in_head_; }
  /// Something else than bytes came: frames that are whole.
  bool greeted() const { return greeted_; }

 private:
  friend struct Callbacks;
  Session(const SessionLimits& limits, SessionUser& user) : limits_(limits), user_(user) {}
  bool set_up();
  void charge(uint32_t cost);
  void flood();
  void fail(int error);
  void shrink(Stream& stream);
  void drop(Stream& stream);

  struct Delete {
    void operator()(nghttp2_session* session) const;
  };

  const SessionLimits limits_;
  SessionUser& user_;
  std::unique_ptr<nghttp2_session, Delete> session_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Budget budget_;
  SteadyTime now_{};
  uint64_t window_updates_ = 0;
  uint64_t data_frames_ = 0;  // sent
  uint64_t pings_ = 0;
  size_t buffered_ = 0;
  bool in_head_ = false;
  bool greeted_ = false;
  bool flooded_ = false;
  bool failed_ = false;     // nghttp2 can say nothing any more
  std::string last_words_;  // then: a GOAWAY of our own
  std::span<char> room_;    // during produce()
  size_t produced_ = 0;
};

}  // namespace elb::h2
