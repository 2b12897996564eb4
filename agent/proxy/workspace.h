// SPDX-License-Identifier: Apache-2.0
// Workspace: the large buffers, which a loop has once for all its connections. Whoever works on a connection may use
// them; what is to last longer than its turn is copied into the connection. Thread rule: its loop's thread.
#pragma once

#include <array>
#include <vector>

#include "http/request_head.h"
#include "http/response_fields.h"
#include "http/response_head.h"
#include "http/url.h"
#include "tls/connection.h"

namespace elb::proxy {

struct Workspace {
  static constexpr size_t kClientRead = size_t{64} << 10;   // bytes of one read from a client
  static constexpr size_t kMemberRead = size_t{192} << 10;  // and from a member, whose bodies are the larger ones

  // A read of TLS bytes can complete a record that began earlier, so there may be more plain bytes than were read.
  std::vector<char> client_in = std::vector<char>(kClientRead + 2 * tls::kRecordBytes);
  std::vector<char> cipher_in = std::vector<char>(kClientRead);
  std::vector<char> member_in = std::vector<char>(kMemberRead);
  // Chunks of any size, written anew, are never more than they were, but for the first and the last.
  std::vector<char> out = std::vector<char>(kMemberRead + (size_t{96} << 10));
  std::vector<char> cipher_out = std::vector<char>(kMemberRead + (size_t{128} << 10));
  std::array<char, tls::kRecordBytes> record;

  http::RequestHead request;
  http::ResponseHead response;
  http::ResponseFields fields;
  std::vector<char> target = std::vector<char>(http::normal_target_bound(http::HeadLimits{}.target_bytes));
  std::vector<char> text = std::vector<char>(size_t{40} << 10);  // a Location, a Set-Cookie
};

}  // namespace elb::proxy
