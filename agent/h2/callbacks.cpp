// SPDX-License-Identifier: Apache-2.0
#include "h2/callbacks.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "h2/request.h"

namespace elb::h2 {
namespace {

constexpr size_t kFrameHead = 9;
constexpr size_t kTrailerBytes = 8192;
constexpr size_t kTrailerFields = 32;
// Answers to what came, not needed for more than this between two frames of body.
constexpr uint64_t kWindowUpdates = 100;

Session& session_of(void* user) { return *static_cast<Session*>(user); }
std::string_view text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

uint32_t cost_of(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_WINDOW_UPDATE:  // judged when its place is known
    case NGHTTP2_PING:           // likewise
      return 0;
    case NGHTTP2_DATA:
      return head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0 ? kEmptyDataCost : 0;
    case NGHTTP2_RST_STREAM:
      return kResetCost;
    case NGHTTP2_SETTINGS:
      return (head.flags & NGHTTP2_FLAG_ACK) != 0 ? 0 : kSettingsCost;
    default:
      return kOtherCost;
  }
}

}  // namespace

bool Callbacks::set(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
  return true;
}

Stream* Callbacks::stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

int Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
  Session& self = session_of(user);
  if (const uint32_t cost = cost_of(*head); cost != 0) self.charge(cost);
  if (head->type == NGHTTP2_WINDOW_UPDATE && ++self.window_updates_ > 2 * self.data_frames_ + kWindowUpdates)
    self.charge(kOtherCost);
  // gRPC clients ping once a round trip while a body comes, to measure it.
  if (head->type == NGHTTP2_PING && ++self.pings_ > self.data_frames_) self.charge(kPingCost);
  return 0;
}

int Callbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Session& self = session_of(user);
  self.in_head_ = true;
  if (self.flooded_) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    Stream* stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr && !stream->trailers_)
      stream->trailers_.reset(new Stream::Trailers{FieldBlock(kTrailerBytes, kTrailerFields), {}});
    return 0;
  }
  std::unique_ptr<Stream> made = self.user_.make_stream();
  if (!made) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  made->id_ = frame->hd.stream_id;
  made->slot_ = self.streams_.size();
  made->head_.emplace(self.limits_.head_bytes, self.limits_.fields);
  nghttp2_session_set_stream_user_data(session, made->id_, made.get());
  self.streams_.push_back(std::move(made));
  return 0;
}

int Callbacks::on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                         const uint8_t* value, size_t value_size, uint8_t, void* user) {
  Session& self = session_of(user);
  Stream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  FieldBlock* block = stream->trailers_ ? &stream->trailers_->block : stream->head_ ? &*stream->head_ : nullptr;
  if (block == nullptr) return 0;
  block->add(text(name, name_size), text(value, value_size));
  if (block->bytes() <= self.limits_.bomb_bytes) return 0;
  self.flood();
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// Left to itself nghttp2 would leave the field out and go on.
int Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                                 uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Callbacks::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Session& self = session_of(user);
  self.greeted_ = true;
  const bool headers = frame->hd.type == NGHTTP2_HEADERS;
  if (headers) self.in_head_ = false;
  if (!headers && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (headers && frame->headers.cat == NGHTTP2_HCAT_REQUEST) stream->head_done_ = true;
  if (headers && stream->trailers_) {
    Stream::Trailers& trailers = *stream->trailers_;
    if (to_trailers(trailers.block, trailers.table) != http::Fault::kNone) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_PROTOCOL_ERROR);
      return 0;
    }
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->ended_ = true;
  if (headers || stream->ended_) self.user_.changed(*stream);
  return 0;
}

int Callbacks::on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
  Session& self = session_of(user);
  Stream* stream = stream_of(session, id);
  if (stream == nullptr || stream->finished_) {  // nobody will take it
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  stream->received_.append(reinterpret_cast<const char*>(data), size);
  self.user_.changed(*stream);
  return 0;
}

int Callbacks::on_close(nghttp2_session* session, int32_t id, uint32_t, void* user) {
  Stream* stream = stream_of(session, id);
  if (stream == nullptr) return 0;
  Session& self = session_of(user);
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  self.in_head_ = self.in_head_ && stream->head_done_;
  if (stream->answered_) self.budget_.refund(kAnswerRefund);
  self.drop(*stream);
  return 0;
}

int Callbacks::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Session& self = session_of(user);
  switch (frame->hd.type) {
    case NGHTTP2_RST_STREAM:
      // What makes us reset is as cheap for the client as a reset of its own.
      if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR && frame->rst_stream.error_code != NGHTTP2_INTERNAL_ERROR &&
          frame->rst_stream.error_code != NGHTTP2_REFUSED_STREAM)
        self.charge(kWrongCost);
      return 0;
    case NGHTTP2_GOAWAY:
      if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM) self.flooded_ = true;
      return 0;
    case NGHTTP2_DATA:
      ++self.data_frames_;
      [[fallthrough]];
    case NGHTTP2_HEADERS: {
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
      Stream* stream = stream_of(session, frame->hd.stream_id);
      if (stream == nullptr) return 0;
      stream->answered_ = true;
      // The rest of a request that was answered early is not wanted, RFC 9113 8.1.
      if (!stream->ended_) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_NO_ERROR);
      return 0;
    }
    default:
      return 0;
  }
}

ssize_t Callbacks::read_body(nghttp2_session* session, int32_t id, uint8_t*, size_t length, uint32_t* flags,
                             nghttp2_data_source* source, void*) {
  Stream& stream = *static_cast<Stream*>(source->ptr);
  const size_t size = std::min(length, stream.unsent());
  if (size == 0 && !stream.finished_) {
    stream.deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!stream.finished_ || size < stream.unsent()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailing_.empty()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  std::array<nghttp2_nv, kTrailerFields> fields;
  size_t count = 0;
  std::string_view rest = stream.trailing_;
  const auto next = [&rest] {
    const std::string_view piece = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(piece.size() + 1);
    return piece;
  };
  while (!rest.empty() && count < fields.size()) {
    const std::string_view name = next();
    const std::string_view value = next();
    fields[count++] = {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                       reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NONE};
  }
  if (nghttp2_submit_trailer(session, id, fields.data(), count) != 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return static_cast<ssize_t>(size);
}

int Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t length,
                         nghttp2_data_source* source, void* user) {
  Session& self = session_of(user);
  Stream& stream = *static_cast<Stream*>(source->ptr);
  if (self.room_.size() - self.produced_ < kFrameHead + length) return NGHTTP2_ERR_WOULDBLOCK;
  char* to = self.room_.data() + self.produced_;
  std::memcpy(to, head, kFrameHead);
  if (length > 0) std::memcpy(to + kFrameHead, stream.unsent_.data() + stream.sent_, length);
  self.produced_ += kFrameHead + length;
  stream.sent_ += length;
  stream.written_ += length;
  self.buffered_ -= length;
  if (stream.unsent() == 0) {
    self.shrink(stream);
    if (!stream.finished_) self.user_.changed(stream);
  }
  return 0;
}

}  // namespace elb::h2
