// SPDX-License-Identifier: Apache-2.0
#include "unit/proxy/engine/http2_member.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace elb::test {
namespace {

std::string value_of(const Http2Fields& fields, std::string_view name) {
  for (const auto& each : fields)
    if (each.first == name) return each.second;
  return {};
}

std::vector<nghttp2_nv> list_of(const Http2Fields& fields) {
  std::vector<nghttp2_nv> list;
  const auto bytes = [](const std::string& text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  for (const auto& [name, value] : fields)
    list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return list;
}

}  // namespace

std::string Http2Seen::field(std::string_view name) const { return value_of(fields, name); }
std::string Http2Seen::trailer(std::string_view name) const { return value_of(trailers, name); }

struct Http2Member::Connection {
  struct Stream {
    Http2Seen seen;
    Http2Reply reply;
    size_t place = 0;  // in seen_
    size_t sent = 0;
    bool headed = false;
    bool answered = false;
  };

  Http2Member& member;
  size_t number = 0;
  nghttp2_session* session = nullptr;
  std::map<int32_t, Stream> streams;
  bool over = false;

  static Connection& self(void* user) { return *static_cast<Connection*>(user); }

  void note(const Stream& stream) {
    const std::lock_guard lock(member.mutex_);
    member.seen_[stream.place] = stream.seen;
  }

  void answer(Stream& stream) {
    if (stream.answered) return;
    stream.reply = member.answer_(stream.seen);
    if (stream.reply.early || stream.seen.whole) begin(stream);
  }

  void begin(Stream& stream) {
    const Http2Reply& reply = stream.reply;
    stream.answered = true;
    const int32_t id = stream.seen.stream;
    if (reply.hold) return;
    if (reply.close) {
      over = true;
    } else if (reply.goaway) {
      nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, id - 2 > 0 ? id - 2 : 0, NGHTTP2_NO_ERROR, nullptr, 0);
    } else if (reply.reset && reply.body.empty()) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, *reply.reset);
    } else {
      Http2Fields fields = {{":status", std::to_string(reply.status)}};
      fields.insert(fields.end(), reply.fields.begin(), reply.fields.end());
      const auto list = list_of(fields);
      nghttp2_data_provider provider{};
      provider.source.ptr = &stream;
      provider.read_callback = read_body;
      const bool body = !reply.body.empty() || !reply.trailers.empty();
      nghttp2_submit_response(session, id, list.data(), list.size(), body ? &provider : nullptr);
    }
  }

  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* room, size_t size, uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const Http2Reply& reply = stream.reply;
    const size_t count = std::min(size, reply.body.size() - stream.sent);
    std::memcpy(room, reply.body.data() + stream.sent, count);
    stream.sent += count;
    if (stream.sent < reply.body.size()) return static_cast<ssize_t>(count);
    if (reply.reset) {
      if (count == 0) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, *reply.reset);
        return NGHTTP2_ERR_DEFERRED;
      }
      return static_cast<ssize_t>(count);
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (reply.trailers.empty()) return static_cast<ssize_t>(count);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto list = list_of(reply.trailers);
    nghttp2_submit_trailer(session, id, list.data(), list.size());
    return static_cast<ssize_t>(count);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t, void* user) {
    Stream& stream = self(user).streams[frame->hd.stream_id];
    Http2Fields& into = stream.headed ? stream.seen.trailers : stream.seen.fields;
    into.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                      std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    self(user).streams[id].seen.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Connection& me = self(user);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Stream& stream = me.streams[frame->hd.stream_id];
    if (!stream.headed) {
      stream.headed = true;
      stream.seen.connection = me.number;
      stream.seen.stream = frame->hd.stream_id;
      const std::lock_guard lock(me.member.mutex_);
      stream.place = me.member.seen_.size();
      me.member.seen_.push_back(stream.seen);
      size_t open = 0;
      for (const auto& [id, each] : me.streams)
        open += nghttp2_session_find_stream(me.session, id) != nullptr ? 1U : 0U;
      me.member.most_open_ = std::max(me.member.most_open_, open);
    }
    stream.seen.whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    me.note(stream);
    me.answer(stream);
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t id, uint32_t error, void* user) {
    Connection& me = self(user);
    Stream& stream = me.streams[id];
    if (!stream.headed || error == 0) return 0;
    stream.seen.reset = error;
    me.note(stream);
    return 0;
  }
};

Http2Member::Http2Member(Answer answer, uint32_t streams_max)
    : answer_(std::move(answer)), streams_max_(streams_max), server_([this](Peer& peer) { run(peer); }) {}

void Http2Member::run(Peer& peer) {
  Connection connection{*this};
  {
    const std::lock_guard lock(mutex_);
    connection.number = ++connections_seen_;
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Connection::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Connection::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Connection::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Connection::on_close);
  nghttp2_session_server_new(&connection.session, callbacks, &connection);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry most{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max_};
  nghttp2_submit_settings(connection.session, NGHTTP2_FLAG_NONE, &most, 1);
  const auto flush = [&] {
    const uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(connection.session, &bytes)) > 0)
      if (!peer.send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)})) return false;
    return size == 0;
  };
  while (!connection.over && flush()) {
    const std::string bytes = peer.read_some();
    if (bytes.empty()) break;
    if (nghttp2_session_mem_recv(connection.session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()) < 0)
      break;
  }
  nghttp2_session_del(connection.session);
}

std::vector<Http2Seen> Http2Member::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

size_t Http2Member::most_open() const {
  const std::lock_guard lock(mutex_);
  return most_open_;
}

}  // namespace elb::test
