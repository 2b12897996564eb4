// SPDX-License-Identifier: Apache-2.0
// ClientSession: our side of one HTTP/2 connection to a member (RFC 9113 with prior knowledge), bytes in and bytes out,
// around nghttp2. Requests are ClientStreams that belong to whoever made them; the session marks what came of them and
// nobody is called from inside of nghttp2 but to note that. It bounds what a member can make it hold
// (docs/adr/0025). Thread rule: one thread. Its user outlives it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "h2/stream.h"

struct nghttp2_session;

namespace elb::h2 {

class ClientSession;

/// A request to a member. It may outlive its session, which then has closed it. Whoever destroys it while it is open
/// cancels it before.
class ClientStream : public Stream {
 public:
  /// The session still knows it.
  bool is_open() const { return session_ != nullptr; }
  /// A head, interim or final, was not taken.
  bool has_response_head() const { return !heads_.empty(); }
  FieldBlock take_response_head();
  /// The final head came.
  bool answered() const { return final_; }
  /// Bytes of body that were not taken.
  size_t received() const { return received_.size() - taken_; }
  /// It was closed before its response was whole.
  bool broken() const { return closed_ && !ended_; }
  /// The member has not looked at it: it did not go out, or was refused (RFC 9113 8.7).
  bool refused() const;
  /// The code with which it was reset; 0: none.
  uint32_t reset_code() const { return code_; }
  /// The head went out.
  bool requested() const { return requested_; }

 private:
  friend class ClientSession;
  friend struct ClientCallbacks;
  ClientSession* session_ = nullptr;
  std::vector<FieldBlock> heads_;
  size_t taken_ = 0;  // of received_
  bool in_response_ = false;
  bool final_ = false;
  bool requested_ = false;
  bool closed_ = false;
  uint32_t code_ = 0;
};

struct ClientLimits {
  uint32_t streams = 100;            // at once; the member may allow fewer
  int32_t stream_window = 64 << 10;  // body of a response that is held until it is taken
  size_t head_bytes = 64 << 10;      // of a header list, as RFC 9113 6.5.2 counts
  size_t fields = 100;               // likewise
  size_t bomb_bytes = 256 << 10;     // a header list that decodes to more ends the connection
};

class ClientSessionUser {
 public:
  virtual ~ClientSessionUser() = default;
  /// A head, body, its end or its failure came, or all of its body went out. Only to be noted.
  virtual void changed(ClientStream& stream) = 0;
};

class ClientSession {
 public:
  /// Null if there is no memory.
  static std::unique_ptr<ClientSession> create(const ClientLimits& limits, ClientSessionUser& user);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ~ClientSession();

  /// `fields` as http::write_request_fields() makes them. `body`: one follows. False: it takes no more requests.
  bool request(ClientStream& stream, std::string_view fields, bool body);
  void send_body(ClientStream& stream, std::string_view bytes);
  /// The request is complete. `trailers` may be null.
  void finish(ClientStream& stream, const http::HeaderTable* trailers);
  /// Nobody waits for its answer any more.
  void cancel(ClientStream& stream);
  /// Body of a response, whose bytes are the member's to send anew.
  static size_t take(ClientStream& stream, std::span<char> room);

  /// False: the connection cannot be used any more.
  bool receive(std::string_view bytes);
  /// As Session::produce().
  static constexpr size_t kRoom = (size_t{16} << 10) + 512;
  size_t produce(std::span<char> room);
  /// Something would be produced.
  bool wants_write() const;
  /// Nothing more is read, once what it has to say was produced: the member broke the rules, or all is said.
  bool over() const;
  /// Another request may be begun: the member has not said its end.
  bool usable() const;
  /// Requests at once that the member and the limits allow.
  size_t streams_max() const;
  size_t streams() const { return streams_.size(); }
  /// GOAWAY: no more is asked.
  void end();
  /// The connection is gone: all streams are closed.
  void abandon();

 private:
  friend struct ClientCallbacks;
  ClientSession(const ClientLimits& limits, ClientSessionUser& user) : limits_(limits), user_(user) {}
  bool set_up();
  void detach(ClientStream& stream);

  struct Delete {
    void operator()(nghttp2_session* session) const;
  };

  const ClientLimits limits_;
  ClientSessionUser& user_;
  std::unique_ptr<nghttp2_session, Delete> session_;
  std::vector<ClientStream*> streams_;
  bool failed_ = false;
  std::span<char> room_;  // during produce()
  size_t produced_ = 0;
};

}  // namespace elb::h2
