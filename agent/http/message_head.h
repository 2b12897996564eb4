// SPDX-License-Identifier: Apache-2.0
// What request and response heads have in common: limits, outcome of parsing, and the fields that frame the body. Views
// point into the buffer that was parsed and are good as long as that is. A worker keeps one head of each kind (about 5
// KB) and uses it again and again; a connection that waits for the rest of a head keeps a HeadProgress. Thread rule:
// plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "http/fault.h"
#include "http/header_table.h"

namespace elb::http {

/// What to do with header names that hold more than letters, digits and '-'. Members that turn names into variables
/// (CGI, WSGI) take "X_Forwarded_For" for X-Forwarded-For: a client could forge what the proxy sets. So the default
/// drops them, as nginx does.
enum class OddNames : uint8_t { kDrop, kKeep };

inline constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

/// Each is the largest value that passes.
struct HeadLimits {
  size_t target_bytes = 8192;      // as received; more: 414
  size_t head_bytes = 32768;       // from the first byte to the empty line's CR LF; more: 431
  size_t headers = 100;            // lines, at most HeaderTable::kCapacity; more: 431
  uint64_t body_bytes = kNoLimit;  // of Content-Length; more: 413
  OddNames odd_names = OddNames::kDrop;
};

enum class Outcome : uint8_t { kDone, kNeedMore, kFault };

/// Where the search for the end of a line goes on when more bytes have come, so that a head that trickles in costs no
/// more than one that comes at once. Zero for a new head. It holds offsets: the buffer may move between calls.
struct HeadProgress {
  uint32_t scanned = 0;
  bool in_first_line = true;
};

struct MessageHead {
  HeaderTable headers;
  size_t size = 0;  // bytes of the head in the buffer; the body begins there
  Fault fault = Fault::kNone;
  uint8_t minor_version = 1;  // of HTTP/1
  bool http2 = false;         // came over HTTP/2: `chunked` then only says that the body's length is not known
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool says_close = false;        // Connection: close
  bool says_keep_alive = false;   // Connection: keep-alive
  bool says_upgrade = false;      // Connection: upgrade, on HTTP/1.1
  bool connection_names = false;  // Connection lists other headers
  std::string_view upgrade;       // value of Upgrade

  /// May another message follow on this connection, as far as this head says (RFC 9112 9.3)?
  bool keep_alive() const { return !says_close && (minor_version == 1 || says_keep_alive); }
  /// The protocol that is asked for or switched to, empty when the two headers do not both say so.
  std::string_view upgrade_protocol() const { return says_upgrade ? upgrade : std::string_view(); }

 protected:
  void clear_common();
};

}  // namespace elb::http
