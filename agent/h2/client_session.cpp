// SPDX-License-Identifier: Apache-2.0
#include "h2/client_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "h2/client_callbacks.h"

namespace elb::h2 {
namespace {

constexpr size_t kClientMaxSendHead = size_t{64} << 10;

template <class T, void (*free)(T*)>
struct ClientFreed {
  void operator()(T* it) const { free(it); }
};
using ClientOptionPtr = std::unique_ptr<nghttp2_option, ClientFreed<nghttp2_option, nghttp2_option_del>>;
using ClientCallbacksPtr =
    std::unique_ptr<nghttp2_session_callbacks, ClientFreed<nghttp2_session_callbacks, nghttp2_session_callbacks_del>>;

// One set for all sessions: it is only read.
const nghttp2_session_callbacks* client_callbacks() {
  static const ClientCallbacksPtr made = [] {
    nghttp2_session_callbacks* fresh = nullptr;
    if (nghttp2_session_callbacks_new(&fresh) != 0) return ClientCallbacksPtr();
    ClientCallbacks::set(fresh);
    return ClientCallbacksPtr(fresh);
  }();
  return made.get();
}

const nghttp2_option* client_options() {
  static const ClientOptionPtr made = [] {
    nghttp2_option* fresh = nullptr;
    if (nghttp2_option_new(&fresh) != 0) return ClientOptionPtr();
    nghttp2_option_set_no_auto_window_update(fresh, 1);
    nghttp2_option_set_max_send_header_block_length(fresh, kClientMaxSendHead);
    nghttp2_option_set_max_continuations(fresh, 8);
    nghttp2_option_set_max_settings(fresh, 32);
    return ClientOptionPtr(fresh);
  }();
  return made.get();
}

}  // namespace

FieldBlock ClientStream::take_response_head() {
  FieldBlock head = std::move(heads_.front());
  heads_.erase(heads_.begin());
  return head;
}

bool ClientStream::refused() const { return closed_ && !final_ && (!requested_ || code_ == NGHTTP2_REFUSED_STREAM); }

void ClientSession::Delete::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

std::unique_ptr<ClientSession> ClientSession::create(const ClientLimits& limits, ClientSessionUser& user) {
  std::unique_ptr<ClientSession> session(new ClientSession(limits, user));
  return session->set_up() ? std::move(session) : nullptr;
}

ClientSession::~ClientSession() { abandon(); }

bool ClientSession::set_up() {
  nghttp2_session* made = nullptr;
  if (client_callbacks() == nullptr || client_options() == nullptr ||
      nghttp2_session_client_new2(&made, client_callbacks(), this, client_options()) != 0)
    return false;
  session_.reset(made);
  const std::array<nghttp2_settings_entry, 3> settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits_.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head_bytes)}};
  // All streams together may hold what each of them may: clients that take nothing do not stop the others.
  const auto all = static_cast<int32_t>(limits_.streams) * limits_.stream_window;
  return nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
         nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, all) == 0;
}

bool ClientSession::request(ClientStream& stream, std::string_view fields, bool body) {
  std::array<nghttp2_nv, http::HeaderTable::kCapacity + 12> list;
  size_t count = 0;
  const auto next = [&fields] {
    const std::string_view piece = fields.substr(0, fields.find('\0'));
    fields.remove_prefix(piece.size() + 1);
    return piece;
  };
  while (!fields.empty()) {
    if (count == list.size()) return false;
    const std::string_view name = next();
    const std::string_view value = next();
    list[count++] = {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                     NGHTTP2_NV_FLAG_NONE};
  }
  nghttp2_data_provider provider{};
  provider.read_callback = ClientCallbacks::read_body;
  const int32_t id = nghttp2_submit_request(session_.get(), nullptr, list.data(), count, body ? &provider : nullptr,
                                            static_cast<ClientStream*>(&stream));
  if (id < 0) return false;
  stream.id_ = id;
  stream.finished_ = !body;
  stream.session_ = this;
  stream.slot_ = streams_.size();
  streams_.push_back(&stream);
  return true;
}

void ClientSession::send_body(ClientStream& stream, std::string_view bytes) {
  if (bytes.empty() || stream.finished_ || !stream.is_open()) return;
  stream.unsent_.append(bytes);
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_.get(), stream.id_);
}

void ClientSession::finish(ClientStream& stream, const http::HeaderTable* trailers) {
  if (stream.finished_ || !stream.is_open()) return;
  stream.finished_ = true;
  if (trailers != nullptr)
    for (const http::Header& header : *trailers) {
      stream.trailing_.append(header.name).push_back('\0');
      stream.trailing_.append(header.value).push_back('\0');
    }
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_.get(), stream.id_);
}

void ClientSession::cancel(ClientStream& stream) {
  if (!stream.is_open()) return;
  nghttp2_session_set_stream_user_data(session_.get(), stream.id_, nullptr);
  if (stream.received() > 0) nghttp2_session_consume_connection(session_.get(), stream.received());
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id_,
                            stream.ended_ ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  detach(stream);
}

size_t ClientSession::take(ClientStream& stream, std::span<char> room) {
  const size_t size = std::min(room.size(), stream.received());
  std::memcpy(room.data(), stream.received_.data() + stream.taken_, size);
  stream.taken_ += size;
  if (stream.received() == 0) {
    std::string().swap(stream.received_);
    stream.taken_ = 0;
  }
  // Of a closed one all was given back when it closed.
  if (stream.session_ != nullptr) nghttp2_session_consume(stream.session_->session_.get(), stream.id_, size);
  return size;
}

void ClientSession::detach(ClientStream& stream) {
  stream.session_ = nullptr;
  stream.closed_ = true;
  streams_[stream.slot_] = streams_.back();
  streams_[stream.slot_]->slot_ = stream.slot_;
  streams_.pop_back();
}

bool ClientSession::receive(std::string_view bytes) {
  if (failed_) return false;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  failed_ = failed_ || taken < 0;
  return !failed_;
}

size_t ClientSession::produce(std::span<char> room) {
  room_ = room;
  produced_ = 0;
  while (!failed_ && room.size() - produced_ >= kRoom) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    failed_ = size < 0;
    if (size <= 0) break;
    std::memcpy(room.data() + produced_, bytes, static_cast<size_t>(size));
    produced_ += static_cast<size_t>(size);
  }
  room_ = {};
  return produced_;
}

bool ClientSession::wants_write() const { return !failed_ && nghttp2_session_want_write(session_.get()) != 0; }

bool ClientSession::over() const { return failed_ || nghttp2_session_want_read(session_.get()) == 0; }

bool ClientSession::usable() const { return !failed_ && nghttp2_session_check_request_allowed(session_.get()) != 0; }

size_t ClientSession::streams_max() const {
  return std::min(limits_.streams,
                  nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

void ClientSession::end() { nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR); }

void ClientSession::abandon() {
  while (!streams_.empty()) {
    ClientStream& stream = *streams_.back();
    nghttp2_session_set_stream_user_data(session_.get(), stream.id_, nullptr);
    detach(stream);
    user_.changed(stream);
  }
}

}  // namespace elb::h2
