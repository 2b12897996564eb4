// SPDX-License-Identifier: Apache-2.0
#include "h2/client_callbacks.h"

#include <cstring>

#include "h2/callbacks.h"
#include "h2/request.h"

namespace elb::h2 {
namespace {

constexpr size_t kClientFrameHead = 9;
constexpr size_t kClientTrailerBytes = 8192;
constexpr size_t kClientTrailerFields = 32;
constexpr size_t kInterimMax = 32;  // heads that wait to be taken; the exchange allows no more either

ClientSession& client_session_of(void* user) { return *static_cast<ClientSession*>(user); }
std::string_view client_text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

bool is_interim(const FieldBlock& block) {
  return block.size() > 0 && block.name(0) == ":status" && block.value(0).starts_with('1');
}

}  // namespace

void ClientCallbacks::set(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
}

ClientStream* ClientCallbacks::stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
}

int ClientCallbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  ClientStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const ClientLimits& limits = client_session_of(user).limits_;
  if (stream->final_) {
    if (!stream->trailers_)
      stream->trailers_.reset(new Stream::Trailers{{kClientTrailerBytes, kClientTrailerFields}, {}});
    return 0;
  }
  if (stream->heads_.size() > kInterimMax) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  stream->heads_.emplace_back(limits.head_bytes, limits.fields);
  stream->in_response_ = true;
  return 0;
}

int ClientCallbacks::on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                               size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void* user) {
  ClientStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  FieldBlock* block = stream->in_response_ ? &stream->heads_.back()
                      : stream->trailers_  ? &stream->trailers_->block
                                           : nullptr;
  if (block == nullptr) return 0;
  block->add(client_text(name, name_size), client_text(value, value_size));
  if (block->bytes() <= client_session_of(user).limits_.bomb_bytes) return 0;
  client_session_of(user).failed_ = true;
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// Left to itself nghttp2 would leave the field out and go on.
int ClientCallbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*,
                                       size_t, uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int ClientCallbacks::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  const bool headers = frame->hd.type == NGHTTP2_HEADERS;
  if (!headers && frame->hd.type != NGHTTP2_DATA) return 0;
  ClientStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (headers && stream->in_response_) {
    stream->in_response_ = false;
    stream->final_ = !is_interim(stream->heads_.back());
  } else if (headers && stream->trailers_) {
    Stream::Trailers& trailers = *stream->trailers_;
    if (to_trailers(trailers.block, trailers.table) != http::Fault::kNone) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_PROTOCOL_ERROR);
      return 0;
    }
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->ended_ = true;
  if (headers || stream->ended_) client_session_of(user).user_.changed(*stream);
  return 0;
}

int ClientCallbacks::on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                             void* user) {
  ClientStream* stream = stream_of(session, id);
  if (stream == nullptr) {  // nobody will take it
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  stream->received_.append(reinterpret_cast<const char*>(data), size);
  client_session_of(user).user_.changed(*stream);
  return 0;
}

int ClientCallbacks::on_close(nghttp2_session* session, int32_t id, uint32_t error, void* user) {
  ClientStream* stream = stream_of(session, id);
  if (stream == nullptr) return 0;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  ClientSession& self = client_session_of(user);
  // What is left to take does not hold back others: it is not more than the stream's window.
  if (stream->received() > 0) nghttp2_session_consume_connection(session, stream->received());
  stream->code_ = error;
  self.detach(*stream);
  self.user_.changed(*stream);
  return 0;
}

int ClientCallbacks::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (ClientStream* stream = stream_of(session, frame->hd.stream_id); stream != nullptr) stream->requested_ = true;
  return 0;
}

ssize_t ClientCallbacks::read_body(nghttp2_session* session, int32_t id, uint8_t* room, size_t length, uint32_t* flags,
                                   nghttp2_data_source*, void* user) {
  ClientStream* stream = stream_of(session, id);
  if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;  // cancelled: its reset goes out first
  nghttp2_data_source source{};
  source.ptr = static_cast<Stream*>(stream);
  return Callbacks::read_body(session, id, room, length, flags, &source, user);
}

int ClientCallbacks::send_data(nghttp2_session* session, nghttp2_frame* frame, const uint8_t* head, size_t length,
                               nghttp2_data_source*, void* user) {
  ClientSession& self = client_session_of(user);
  ClientStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (self.room_.size() - self.produced_ < kClientFrameHead + length) return NGHTTP2_ERR_WOULDBLOCK;
  char* to = self.room_.data() + self.produced_;
  std::memcpy(to, head, kClientFrameHead);
  if (length > 0) std::memcpy(to + kClientFrameHead, stream->unsent_.data() + stream->sent_, length);
  self.produced_ += kClientFrameHead + length;
  stream->sent_ += length;
  stream->written_ += length;
  if (stream->unsent() > 0) return 0;
  stream->sent_ = 0;
  std::string().swap(stream->unsent_);
  self.user_.changed(*stream);
  return 0;
}

}  // namespace elb::h2
