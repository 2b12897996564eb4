// SPDX-License-Identifier: Apache-2.0
// Http2Stream: a request over HTTP/2 as the client of an exchange. Thread rule: its loop's thread.
#pragma once

#include "h2/session.h"
#include "proxy/exchange.h"

namespace elb::proxy {

class Http2Front;

class Http2Stream final : public h2::Stream, public ClientSide {
 public:
  explicit Http2Stream(Http2Front& front) : front_(front) {}

  void wake() override;
  const ConnectionFacts& facts() const override;
  Inbox& inbox() override { return inbox_; }
  bool readable() const override { return has_received() || ended(); }
  Got fill() override;
  bool body_over() const override { return ended() && !has_received(); }
  const http::HeaderTable* trailers() const override { return h2::Stream::trailers(); }
  bool put_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite, const http::Framing& body,
                Gather& out) override;
  bool put_own(const http::OwnResponse& response, Gather& out) override;
  void put_end(const http::Framing& body, const http::HeaderTable* trailers, Gather& out) override;
  bool write(const Gather& out, bool last) override;
  bool flush() override { return true; }
  bool has_unsent() const override { return unsent() > 0; }
  size_t room() const override;
  uint64_t written() const override { return h2::Stream::written(); }
  bool gone() const override { return false; }  // then it is destroyed
  void end_writing() override;
  bool ended_writing() const override { return ended_writing_; }
  bool quiet() const override { return true; }
  void again() override { wake(); }

  ExchangePtr exchange;
  bool queued = false;        // the front's: it is among those that are ready
  uint64_t written_seen = 0;  // the front's, when there is no exchange any more
  SteadyTime progress{};      // likewise

 private:
  Http2Front& front_;
  Inbox inbox_;
  bool ended_writing_ = false;
  std::string taken_;  // what inbox_ looks at
  struct Ending {
    bool due = false;
    const http::HeaderTable* trailers = nullptr;
  } ending_;  // of the response, after what is gathered
};

}  // namespace elb::proxy
