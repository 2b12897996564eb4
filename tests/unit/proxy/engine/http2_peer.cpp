// SPDX-License-Identifier: Apache-2.0
#include "unit/proxy/engine/http2_peer.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

namespace elb::test {
namespace {

std::vector<nghttp2_nv> list_of(const Http2Fields& fields) {
  std::vector<nghttp2_nv> list;
  const auto bytes = [](const std::string& text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  for (const auto& [name, value] : fields)
    list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return list;
}

}  // namespace

std::string Http2Answer::field(std::string_view name) const {
  for (const auto& each : fields)
    if (each.first == name) return each.second;
  return {};
}

struct Http2Peer::Callbacks {
  static Http2Peer& self(void* user) { return *static_cast<Http2Peer*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t, void* user) {
    Http2Answer& answer = self(user).answers_[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      if (answer.status != 0) answer.interim.push_back(answer.status);
      answer.status = std::stoi(text);
      answer.fields.clear();
    } else if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && answer.status >= 200 && !answer.fields.empty() &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      answer.trailers.emplace_back(key, text);
    } else {
      answer.fields.emplace_back(key, text);
    }
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaways_.push_back(frame->goaway.error_code);
    const bool carries = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self(user).answers_[frame->hd.stream_id].whole = true;
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t id, uint32_t error, void* user) {
    Http2Answer& answer = self(user).answers_[id];
    answer.closed = true;
    answer.error = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* room, size_t size, uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    Body& body = *static_cast<Body*>(source->ptr);
    const size_t count = std::min(size, body.bytes.size() - body.sent);
    if (count == 0 && !body.ended) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(room, body.bytes.data() + body.sent, count);
    body.sent += count;
    if (body.ended && body.sent == body.bytes.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!body.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto list = list_of(body.trailers);
        nghttp2_submit_trailer(session, id, list.data(), list.size());
      }
    }
    return static_cast<ssize_t>(count);
  }
};

Http2Peer::Http2Peer(Peer peer, bool windows) : peer_(std::move(peer)), session_(nullptr, nghttp2_session_del) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  if (!windows) nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session* made = nullptr;
  nghttp2_session_client_new2(&made, callbacks, this, option);
  session_.reset(made);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, nullptr, 0);
}

Http2Peer::~Http2Peer() = default;

int32_t Http2Peer::submit(const Http2Request& request) {
  Http2Fields fields = {
      {":method", request.method}, {":scheme", "https"}, {":path", request.path}, {":authority", request.authority}};
  fields.insert(fields.end(), request.fields.begin(), request.fields.end());
  const auto list = list_of(fields);
  auto body = std::make_unique<Body>(Body{request.body, 0, !request.open, request.trailers});
  nghttp2_data_provider provider{};
  provider.source.ptr = body.get();
  provider.read_callback = Callbacks::read_body;
  const bool has_body = request.open || !request.body.empty() || !request.trailers.empty();
  const int32_t id = nghttp2_submit_request(session_.get(), nullptr, list.data(), list.size(),
                                            has_body ? &provider : nullptr, nullptr);
  bodies_[id] = std::move(body);
  flush();
  return id;
}

void Http2Peer::send_body(int32_t stream, std::string_view bytes, bool end) {
  Body& body = *bodies_.at(stream);
  body.bytes.append(bytes);
  body.ended = end;
  nghttp2_session_resume_data(session_.get(), stream);
  flush();
}

void Http2Peer::reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  flush();
}

void Http2Peer::ping() {
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  flush();
}

void Http2Peer::grant(int32_t stream, size_t bytes) {
  nghttp2_session_consume(session_.get(), stream, bytes);
  flush();
}

bool Http2Peer::flush() {
  for (;;) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size <= 0) return size == 0;
    if (!peer_.send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)})) return false;
  }
}

bool Http2Peer::turn() {
  flush();
  const std::string bytes = peer_.read_some();
  if (bytes.empty()) return false;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  flush();
  return taken >= 0;
}

Http2Answer& Http2Peer::answer(int32_t stream) { return answers_[stream]; }

Http2Answer& Http2Peer::wait(int32_t stream) {
  while (!answers_[stream].closed && turn()) {
  }
  return answers_[stream];
}

}  // namespace elb::test
