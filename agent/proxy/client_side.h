// SPDX-License-Identifier: Apache-2.0
// ClientSide: the client of one exchange, as the exchange sees it: a whole HTTP/1 connection, or one stream of an
// HTTP/2 connection. What the exchange writes is gathered first; a client that speaks HTTP/1 puts heads and ends of
// bodies there as bytes, one that speaks HTTP/2 hands them to its session. Thread rule: its loop's thread.
#pragma once

#include "http/serializer.h"
#include "proxy/gather.h"
#include "proxy/inbox.h"
#include "proxy/member_connection.h"
#include "proxy/request_record.h"
#include "proxy/stream.h"

namespace elb::proxy {

class ClientSide : public Wakeable {
 public:
  virtual const ConnectionFacts& facts() const = 0;

  // the request's body, as framed by HTTP/1, or bare where HTTP/2 frames it
  virtual Inbox& inbox() = 0;
  virtual bool readable() const = 0;
  /// Receives behind what is in inbox() already. kEnd ends a bare body.
  virtual Got fill() = 0;
  /// Of a bare body nothing comes behind inbox().
  virtual bool body_over() const = 0;
  /// Of a bare body that is over; null: none. Those that may not trail are not among them.
  virtual const http::HeaderTable* trailers() const = 0;

  // the response
  virtual bool put_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite, const http::Framing& body,
                        Gather& out) = 0;
  virtual bool put_own(const http::OwnResponse& response, Gather& out) = 0;
  /// The body is complete.
  virtual void put_end(const http::Framing& body, const http::HeaderTable* trailers, Gather& out) = 0;
  /// False: the client is gone. `last`: nothing follows on the connection, which will be closed.
  virtual bool write(const Gather& out, bool last) = 0;
  /// False: the client is gone.
  virtual bool flush() = 0;
  virtual bool has_unsent() const = 0;
  /// Bytes that may be read from a member for it at once, at least 1.
  virtual size_t room() const = 0;
  virtual uint64_t written() const = 0;
  virtual bool gone() const = 0;
  /// Of a tunnel one direction may end before the other.
  virtual void end_writing() = 0;
  virtual bool ended_writing() const = 0;
  /// Nothing waits to be read: after the last response the connection can be closed at once.
  virtual bool quiet() const = 0;
  /// More could be done at once, but others are to have their turn first.
  virtual void again() = 0;

 protected:
  ~ClientSide() = default;
};

}  // namespace elb::proxy
