// SPDX-License-Identifier: Apache-2.0
#include "h2/session.h"

#include <array>
#include <cstring>
#include <utility>

#include "h2/callbacks.h"

namespace elb::h2 {
namespace {

constexpr size_t kMaxSendHead = size_t{64} << 10;  // nghttp2 refuses larger ones, after they were submitted
constexpr size_t kKept = 4096;                     // of a stream's buffer, while it is empty

template <class T, void (*free)(T*)>
struct Freed {
  void operator()(T* it) const { free(it); }
};
using OptionPtr = std::unique_ptr<nghttp2_option, Freed<nghttp2_option, nghttp2_option_del>>;
using CallbacksPtr =
    std::unique_ptr<nghttp2_session_callbacks, Freed<nghttp2_session_callbacks, nghttp2_session_callbacks_del>>;

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// One set for all sessions: it is only read.
const nghttp2_session_callbacks* callbacks() {
  static const CallbacksPtr made = [] {
    nghttp2_session_callbacks* fresh = nullptr;
    if (nghttp2_session_callbacks_new(&fresh) != 0) return CallbacksPtr();
    CallbacksPtr owner(fresh);
    Callbacks::set(fresh);
    return owner;
  }();
  return made.get();
}

const nghttp2_option* options() {
  static const OptionPtr made = [] {
    nghttp2_option* fresh = nullptr;
    if (nghttp2_option_new(&fresh) != 0) return OptionPtr();
    OptionPtr owner(fresh);
    nghttp2_option_set_no_auto_window_update(fresh, 1);
    nghttp2_option_set_no_closed_streams(fresh, 1);
    nghttp2_option_set_max_send_header_block_length(fresh, kMaxSendHead);
    // Ours (budget.h) come first; these stay as a second line.
    nghttp2_option_set_max_continuations(fresh, 8);
    nghttp2_option_set_max_settings(fresh, 32);
    nghttp2_option_set_max_outbound_ack(fresh, 1000);
    nghttp2_option_set_stream_reset_rate_limit(fresh, 1000, 33);
    return owner;
  }();
  return made.get();
}

// A response's fields as nghttp2 takes them; it copies them and writes names in lower case.
class FieldList {
 public:
  /// False: too many or too large.
  bool fill(uint16_t status, const http::HeaderTable& fields) {
    size_t bytes = 0;
    for (const http::Header& header : fields) bytes += header.name.size() + header.value.size();
    if (bytes > kMaxSendHead - 512 || status > 999) return false;
    code_ = {digit(status / 100U), digit(status / 10U % 10U), digit(status % 10U)};
    list_[size_++] = field(":status", {code_.data(), code_.size()});
    for (const http::Header& header : fields) list_[size_++] = field(header.name, header.value);
    return true;
  }
  const nghttp2_nv* data() const { return list_.data(); }
  size_t size() const { return size_; }

 private:
  static char digit(unsigned number) { return static_cast<char>('0' + number); }
  std::array<char, 3> code_;
  std::array<nghttp2_nv, http::HeaderTable::kCapacity + 1> list_;
  size_t size_ = 0;
};

void put32(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

void Session::Delete::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

std::unique_ptr<Session> Session::create(const SessionLimits& limits, SessionUser& user) {
  std::unique_ptr<Session> session(new Session(limits, user));
  return session->set_up() ? std::move(session) : nullptr;
}

Session::~Session() = default;

bool Session::set_up() {
  nghttp2_session* made = nullptr;
  if (callbacks() == nullptr || options() == nullptr ||
      nghttp2_session_server_new2(&made, callbacks(), this, options()) != 0)
    return false;
  session_.reset(made);
  const std::array<nghttp2_settings_entry, 5> settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits_.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};
  return nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
         nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, limits_.connection_window) == 0;
}

void Session::receive(std::string_view bytes, SteadyTime now) {
  now_ = now;
  if (failed_ || flooded_) return;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) fail(static_cast<int>(taken));
}

size_t Session::produce(std::span<char> room) {
  room_ = room;
  produced_ = 0;
  while (!failed_ && room.size() - produced_ >= kRoom) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) fail(static_cast<int>(size));
    if (size <= 0) break;
    // nghttp2 makes no piece larger than a frame.
    std::memcpy(room.data() + produced_, bytes, static_cast<size_t>(size));
    produced_ += static_cast<size_t>(size);
  }
  if (failed_ && !last_words_.empty() && room.size() - produced_ >= last_words_.size()) {
    std::memcpy(room.data() + produced_, last_words_.data(), last_words_.size());
    produced_ += last_words_.size();
    last_words_.clear();
  }
  room_ = {};
  return produced_;
}

bool Session::over() const {
  if (failed_) return last_words_.empty();
  return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

// nghttp2 cannot be used any more: what has to be said is said without it.
void Session::fail(int error) {
  if (failed_) return;
  failed_ = true;
  const bool flood = error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
  flooded_ = flooded_ || flood;
  last_words_.assign("\0\0\x08\x07\0\0\0\0\0", 9);
  put32(last_words_, static_cast<uint32_t>(nghttp2_session_get_last_proc_stream_id(session_.get())));
  put32(last_words_, flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
}

void Session::charge(uint32_t cost) {
  if (!flooded_ && !budget_.charge(cost, now_)) flood();
}

void Session::flood() {
  if (flooded_) return;
  flooded_ = true;
  nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
}

void Session::drop(Stream& stream) {
  user_.closed(stream);
  buffered_ -= stream.unsent();
  const size_t left = stream.received_.size();
  if (left > 0) nghttp2_session_consume_connection(session_.get(), left);
  const size_t slot = stream.slot_;
  const std::unique_ptr<Stream> gone = std::move(streams_[slot]);
  if (slot + 1 < streams_.size()) {
    streams_[slot] = std::move(streams_.back());
    streams_[slot]->slot_ = slot;
  }
  streams_.pop_back();
}

void Session::shrink(Stream& stream) {
  stream.sent_ = 0;
  stream.unsent_.clear();
  if (stream.unsent_.capacity() > kKept) std::string().swap(stream.unsent_);
}

void Session::take_received(Stream& stream, std::string& into) {
  into.clear();
  into.swap(stream.received_);
  if (!into.empty()) nghttp2_session_consume(session_.get(), stream.id_, into.size());
}

bool Session::send_interim(Stream& stream, uint16_t status, const http::HeaderTable& fields) {
  FieldList list;
  return list.fill(status, fields) && nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, nullptr,
                                                             list.data(), list.size(), nullptr) == 0;
}

bool Session::send_head(Stream& stream, uint16_t status, const http::HeaderTable& fields, bool body) {
  FieldList list;
  if (!list.fill(status, fields)) return false;
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_body;
  if (!body) stream.finished_ = true;
  return nghttp2_submit_response(session_.get(), stream.id_, list.data(), list.size(), body ? &provider : nullptr) == 0;
}

void Session::send_body(Stream& stream, std::string_view bytes) {
  if (bytes.empty() || stream.finished_) return;
  stream.unsent_.append(bytes);
  buffered_ += bytes.size();
  if (!std::exchange(stream.deferred_, false)) return;
  nghttp2_session_resume_data(session_.get(), stream.id_);
}

void Session::finish(Stream& stream, const http::HeaderTable* trailers) {
  if (stream.finished_) return;
  stream.finished_ = true;
  if (trailers != nullptr)
    for (const http::Header& header : *trailers) {
      stream.trailing_.append(header.name).push_back('\0');
      stream.trailing_.append(header.value).push_back('\0');
    }
  if (!std::exchange(stream.deferred_, false)) return;
  nghttp2_session_resume_data(session_.get(), stream.id_);
}

// REFUSED_STREAM would say that nothing was done, which only the member can know; other codes speak of a connection.
void Session::abort(Stream& stream, uint32_t code) {
  const bool told = code == NGHTTP2_CANCEL || code == NGHTTP2_ENHANCE_YOUR_CALM;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id_,
                            told ? code : uint32_t{NGHTTP2_INTERNAL_ERROR});
}

void Session::charge_wrong(SteadyTime now) {
  now_ = now;
  charge(kWrongCost);
}

void Session::announce_end() { nghttp2_submit_shutdown_notice(session_.get()); }

void Session::end() {
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Session::give_up() { nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR); }

}  // namespace elb::h2
