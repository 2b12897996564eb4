// SPDX-License-Identifier: Apache-2.0
// What nghttp2 calls while it reads and writes the frames of a connection to a member. They note and judge, nothing
// more. Private to the room. Thread rule: the session's thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include "h2/client_session.h"

namespace elb::h2 {

struct ClientCallbacks {
  static void set(nghttp2_session_callbacks* callbacks);
  /// Of a request's body.
  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* room, size_t length, uint32_t* flags,
                           nghttp2_data_source* source, void* user);

 private:
  static ClientStream* stream_of(nghttp2_session* session, int32_t id);
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t flags, void* user);
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                               size_t name_size, const uint8_t* value, size_t value_size, uint8_t flags, void* user);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_data(nghttp2_session* session, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* user);
  static int on_close(nghttp2_session* session, int32_t id, uint32_t error, void* user);
  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const uint8_t* head, size_t length,
                       nghttp2_data_source* source, void* user);
};

}  // namespace elb::h2
