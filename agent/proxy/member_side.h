// SPDX-License-Identifier: Apache-2.0
// MemberSide: the member of one exchange, as the exchange sees it: a whole HTTP/1 connection, or one stream of an
// HTTP/2 connection. The twin of ClientSide. Thread rule: its loop's thread.
#pragma once

#include <span>

#include "http/response_head.h"
#include "proxy/inbox.h"
#include "proxy/stream.h"

namespace elb::proxy {

class MemberSide {
 public:
  virtual ~MemberSide() = default;

  virtual bool http2() const = 0;
  virtual bool connecting() const = 0;
  /// errno of a connection that could not be made; 0: none.
  virtual int connect_error() const = 0;
  /// The connection has served a request before.
  virtual bool reused() const = 0;
  /// Nothing of this request was sent, or the member said that it did not look at it.
  virtual bool untouched() const = 0;
  /// It said so: another connection may take the request, the member is well.
  virtual bool refused() const { return false; }

  // the request
  /// HTTP/2: its fields, as http::write_request_fields() makes them, before anything else. False: not on this one.
  virtual bool put_fields(std::string_view, bool /*body*/) { return true; }
  /// False: it takes no more.
  virtual bool write(std::span<const std::string_view> pieces) = 0;
  /// HTTP/2: all was written.
  virtual void put_end(const http::HeaderTable* /*trailers*/) {}
  virtual bool flush() = 0;
  virtual bool has_unsent() const = 0;
  virtual uint64_t written() const = 0;
  /// Of a tunnel.
  virtual void end_writing() = 0;

  // the response
  virtual Inbox& inbox() = 0;
  virtual bool readable() const = 0;
  /// Of HTTP/2 bare body. kEnd ends it.
  virtual Received read(std::span<char> room) = 0;
  /// A head can be taken though the inbox is empty.
  virtual bool has_head() const { return false; }
  /// Its views are good until more is read.
  virtual http::Outcome take_head(http::HeadProgress& progress, http::ResponseHead& head) = 0;
  /// HTTP/2: no body follows what came.
  virtual bool ended() const { return false; }
  /// Of HTTP/2, behind the body; null: none.
  virtual const http::HeaderTable* trailers() const { return nullptr; }
  /// HTTP/2: why it was reset; 0: it was not.
  virtual uint32_t reset_code() const { return 0; }
};

}  // namespace elb::proxy
