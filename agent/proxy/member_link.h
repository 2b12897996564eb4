// SPDX-License-Identifier: Apache-2.0
// MemberLink: one HTTP/2 connection to a member, which the requests of many clients share; MemberStream: one of those
// requests as the member of an exchange. What exchanges write is sent when the turn's events were seen, all at once.
// MemberLinks owns the links. Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <vector>

#include "base/ip.h"
#include "h2/client_session.h"
#include "proxy/member_connection.h"

namespace elb::proxy {

class LoopContext;
class MemberLink;
class MemberLinks;

class MemberStream final : public h2::ClientStream, public MemberSide {
 public:
  MemberStream(MemberLink& link, Wakeable& user);
  /// Cancels the request if it is not over.
  ~MemberStream() override;

  bool http2() const override { return true; }
  bool connecting() const override;
  int connect_error() const override { return connect_error_; }
  bool reused() const override { return reused_; }
  bool untouched() const override { return !begun_ || h2::ClientStream::refused(); }
  bool refused() const override { return h2::ClientStream::refused(); }
  bool put_fields(std::string_view fields, bool body) override;
  bool write(std::span<const std::string_view> pieces) override;
  void put_end(const http::HeaderTable* trailers) override;
  bool flush() override { return true; }
  bool has_unsent() const override { return is_open() && unsent() > 0; }
  uint64_t written() const override { return h2::ClientStream::written(); }
  void end_writing() override {}  // no tunnels
  Inbox& inbox() override { return inbox_; }
  bool readable() const override { return received() > 0 || ended_after_head() || failed(); }
  Received read(std::span<char> room) override;
  bool has_head() const override { return has_response_head(); }
  http::Outcome take_head(http::HeadProgress& progress, http::ResponseHead& head) override;
  bool ended() const override { return h2::ClientStream::ended() && received() == 0; }
  const http::HeaderTable* trailers() const override { return h2::ClientStream::trailers(); }
  uint32_t reset_code() const override { return h2::ClientStream::reset_code(); }

 private:
  friend class MemberLink;
  bool ended_after_head() const { return h2::ClientStream::ended() && !has_response_head(); }
  bool failed() const { return broken() || link_lost_; }

  MemberLink* link_;  // null: it is not among the link's any more
  Wakeable& user_;
  Inbox inbox_;
  std::optional<h2::FieldBlock> head_;  // what the last head's views look at
  size_t slot_ = 0;                     // the link's
  SteadyTime begun_at_{};
  int connect_error_ = 0;
  bool begun_ = false;
  bool reused_ = false;
  bool link_lost_ = false;
  bool queued_ = false;  // the link will wake its user
};

class MemberLink final : public Pollable, public Timed, public h2::ClientSessionUser {
 public:
  MemberLink(LoopContext& loop, MemberLinks& links, Fd fd, const Endpoint& endpoint, bool connecting);
  ~MemberLink() override;

  /// Nothing could be set up, for lack of memory.
  bool failed() const { return !session_; }
  int fd() const { return stream_.fd(); }
  const Endpoint& endpoint() const { return endpoint_; }
  bool connecting() const { return connecting_; }
  /// One more request fits.
  bool has_room() const;
  /// No new requests; the connection ends with its last one.
  void retire();
  /// Sends what waits.
  void flush();

  void on_events(uint32_t events) override;
  void on_timer() override;
  void changed(h2::ClientStream& stream) override;

  bool queued = false;  // the owner's: it is to be flushed

 private:
  friend class MemberStream;
  void add(MemberStream& stream);
  void leave(MemberStream& stream);
  bool read();
  void wake();
  void refuse_waiting();
  /// The connection is of no more use. `error`: it could not be made.
  void lose(int error);
  void close_if_done();

  LoopContext& loop_;
  MemberLinks& links_;
  Stream stream_;
  const Endpoint endpoint_;
  std::unique_ptr<h2::ClientSession> session_;
  std::vector<MemberStream*> streams_;
  std::vector<MemberStream*> changed_;
  bool connecting_;
  bool used_ = false;     // a response came
  bool greeted_ = false;  // the member's SETTINGS came
  bool retired_ = false;
  bool lost_ = false;
  SteadyTime idle_since_;
  SteadyTime received_at_;
  SteadyTime refuses_until_{};
};

}  // namespace elb::proxy
