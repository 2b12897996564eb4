// SPDX-License-Identifier: Apache-2.0
#include "proxy/member_link.h"

#include <sys/epoll.h>

#include <algorithm>

#include "h2/response.h"
#include "io/tcp_connect.h"
#include "proxy/loop_context.h"

namespace elb::proxy {
namespace {

constexpr int kReads = 8;                            // of one link before others are served
constexpr size_t kLinkWrite = size_t{128} << 10;     // of one write: what is kept for a member that takes nothing
constexpr std::chrono::milliseconds kSuspect{1000};  // an answer that is given up earlier says nothing of the link
constexpr std::chrono::milliseconds kRefuses{1000};  // no new requests for a link after one that was refused

}  // namespace

MemberStream::MemberStream(MemberLink& link, Wakeable& user) : link_(&link), user_(user), reused_(link.used_) {
  link.add(*this);
}

MemberStream::~MemberStream() {
  if (link_ != nullptr) link_->leave(*this);
}

bool MemberStream::connecting() const { return link_ != nullptr && link_->connecting(); }

bool MemberStream::put_fields(std::string_view fields, bool body) {
  if (link_ == nullptr || link_->lost_ || !link_->session_->request(*this, fields, body)) return false;
  begun_ = true;
  begun_at_ = link_->loop_.now;
  link_->links_.queue(*link_);
  return true;
}

bool MemberStream::write(std::span<const std::string_view> pieces) {
  if (!is_open()) return false;
  for (const std::string_view piece : pieces) link_->session_->send_body(*this, piece);
  link_->links_.queue(*link_);
  return true;
}

void MemberStream::put_end(const http::HeaderTable* trailers) {
  if (!is_open()) return;
  link_->session_->finish(*this, trailers);
  link_->links_.queue(*link_);
}

Received MemberStream::read(std::span<char> room) {
  if (received() > 0) {
    const size_t size = h2::ClientSession::take(*this, room);
    if (is_open()) link_->links_.queue(*link_);  // the window that this opens is told
    return {Got::kData, size};
  }
  if (h2::ClientStream::ended()) return {Got::kEnd, 0};
  return {failed() ? Got::kBroken : Got::kNothing, 0};
}

http::Outcome MemberStream::take_head(http::HeadProgress&, http::ResponseHead& head) {
  if (!has_response_head()) return http::Outcome::kNeedMore;
  head_.emplace(take_response_head());
  return h2::to_response_head(*head_, head) == http::Fault::kNone ? http::Outcome::kDone : http::Outcome::kFault;
}

MemberLink::MemberLink(LoopContext& loop, MemberLinks& links, Fd fd, const Endpoint& endpoint, bool connecting)
    : loop_(loop),
      links_(links),
      stream_(std::move(fd)),
      endpoint_(endpoint),
      session_(h2::ClientSession::create({}, *this)),
      connecting_(connecting),
      idle_since_(loop.now),
      received_at_(loop.now) {}

MemberLink::~MemberLink() {
  if (session_) session_->abandon();
  for (MemberStream* stream : streams_) stream->link_ = nullptr;
}

bool MemberLink::has_room() const {
  const size_t most = std::min(session_->streams_max(), greeted_ ? SIZE_MAX : links_.streams_max(endpoint_));
  return !retired_ && !lost_ && loop_.now >= refuses_until_ && session_->usable() && streams_.size() < most;
}

void MemberLink::add(MemberStream& stream) {
  stream.slot_ = streams_.size();
  streams_.push_back(&stream);
}

// Its exchange is done with it, or the connection is.
void MemberLink::leave(MemberStream& stream) {
  if (stream.queued_) std::erase(changed_, &stream);
  // Nothing at all came while it waited: the way to the member may be dead, which TCP finds out much later.
  const bool waited = stream.begun_ && !stream.answered() && loop_.now - stream.begun_at_ >= kSuspect;
  if (connecting_ || (waited && received_at_ <= stream.begun_at_)) retired_ = true;
  session_->cancel(stream);
  stream.link_ = nullptr;
  streams_[stream.slot_] = streams_.back();
  streams_[stream.slot_]->slot_ = stream.slot_;
  streams_.pop_back();
  if (streams_.empty() && !lost_) {
    idle_since_ = loop_.now;
    loop_.wheel.arm(*this, idle_since_ + loop_.options.member_idle);
  }
  if (!lost_) links_.queue(*this);
}

void MemberLink::retire() {
  retired_ = true;
  links_.queue(*this);
}

void MemberLink::changed(h2::ClientStream& changed) {
  auto& stream = static_cast<MemberStream&>(changed);
  if (stream.answered()) used_ = true;
  if (stream.requested() && stream.refused()) refuses_until_ = loop_.now + kRefuses;
  if (std::exchange(stream.queued_, true)) return;
  changed_.push_back(&stream);
}

// Whoever is woken may end any of the streams, this one too.
void MemberLink::wake() {
  while (!changed_.empty()) {
    MemberStream& stream = *changed_.back();
    changed_.pop_back();
    stream.queued_ = false;
    stream.user_.wake();
  }
}

void MemberLink::on_events(uint32_t events) {
  if (lost_) return;
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    connecting_ = false;
    if (const int error = io::connect_error(stream_.fd()); error != 0) {
      lose(error);
      return wake();
    }
    for (MemberStream* stream : streams_) changed(*stream);
  }
  stream_.note(events);
  if (!connecting_) {
    for (int i = 0; i < kReads && read(); ++i) continue;
    if (stream_.readable() && !lost_) links_.queue(*this);
  }
  wake();
  if (!lost_) links_.queue(*this);
}

// True: there may be more.
bool MemberLink::read() {
  if (lost_ || !stream_.readable()) return false;
  const Received received = stream_.read(loop_.work.member_in);
  if (received.got == Got::kNothing) return false;
  if (received.got == Got::kData) {
    received_at_ = loop_.now;
    if (session_->receive({loop_.work.member_in.data(), received.bytes})) {
      greeted_ = true;  // the first frame is SETTINGS
      links_.note_streams_max(endpoint_, session_->streams_max());
      return true;
    }
  }
  lose(0);
  return false;
}

void MemberLink::flush() {
  if (lost_ || connecting_) return close_if_done();
  if (stream_.readable()) {
    for (int i = 0; i < kReads && read(); ++i) continue;
    if (stream_.readable() && !lost_) links_.queue(*this);
  }
  bool alive = !lost_ && stream_.flush();
  while (alive && !stream_.has_unsent()) {
    const std::span<char> room = std::span(loop_.work.out).first(kLinkWrite);
    const size_t size = session_->produce(room);
    if (size == 0) break;
    alive = stream_.write(std::string_view(room.data(), size));
  }
  if (!alive && !lost_) lose(0);
  if (alive && !stream_.has_unsent()) refuse_waiting();
  wake();
  close_if_done();
}

// The member allows fewer at once than it was thought to: another connection takes them.
void MemberLink::refuse_waiting() {
  for (MemberStream* stream : streams_) {
    if (!stream->is_open() || stream->requested()) continue;
    session_->cancel(*stream);
    changed(*stream);
  }
}

// It goes at the end of the turn; streams that live longer know no link then.
void MemberLink::lose(int error) {
  lost_ = true;
  connecting_ = false;
  session_->abandon();
  for (MemberStream* stream : streams_) {
    changed(*stream);
    stream->connect_error_ = error;
    stream->link_lost_ = true;
  }
  links_.bury(*this);
}

void MemberLink::close_if_done() {
  if (lost_ || !streams_.empty()) return;
  if (!retired_ && session_->usable()) return;
  lost_ = true;
  session_->end();
  const std::span<char> room = std::span(loop_.work.out).first(kLinkWrite);
  if (!connecting_ && !stream_.has_unsent())
    static_cast<void>(stream_.write(std::string_view(room.data(), session_->produce(room))));
  links_.bury(*this);
}

void MemberLink::on_timer() {
  if (lost_ || !streams_.empty()) return;  // armed again when the last one leaves
  if (loop_.now < idle_since_ + loop_.options.member_idle) {
    loop_.wheel.arm(*this, idle_since_ + loop_.options.member_idle);
    return;
  }
  retired_ = true;
  close_if_done();
}

}  // namespace elb::proxy
