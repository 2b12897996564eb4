// SPDX-License-Identifier: Apache-2.0
// Stream: one request of an HTTP/2 connection and its answer, as far as the session keeps it: what came and was not
// taken yet, what is to go out and found no window yet. Whoever answers requests derives from it. The session owns it
// and destroys it when it is closed. Thread rule: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "h2/field_block.h"
#include "http/header_table.h"

namespace elb::h2 {

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  int32_t id() const { return id_; }

  /// The request's head is complete; until take_head().
  bool has_head() const { return head_.has_value() && head_done_; }
  /// It was reset while its head came: by us, because of a field that cannot be.
  bool malformed() const { return head_.has_value() && !head_done_; }
  std::optional<FieldBlock> take_head() {
    std::optional<FieldBlock> head = std::move(head_);
    head_.reset();
    return head;
  }
  /// Bytes of its body that were not taken.
  bool has_received() const { return !received_.empty(); }
  /// Nothing comes behind them.
  bool ended() const { return ended_; }
  /// Behind the body; null: none.
  const http::HeaderTable* trailers() const { return trailers_ ? &trailers_->table : nullptr; }

  /// Body that is not with the client's window yet.
  size_t unsent() const { return unsent_.size() - sent_; }
  /// Bytes of body that went out.
  uint64_t written() const { return written_; }

 private:
  friend class Session;
  friend struct Callbacks;
  friend class ClientSession;
  friend struct ClientCallbacks;
  friend class ClientStream;

  struct Trailers {
    FieldBlock block;
    http::HeaderTable table;
  };

  int32_t id_ = 0;
  size_t slot_ = 0;  // the session's
  bool head_done_ = false;
  bool ended_ = false;
  bool finished_ = false;  // the response is complete
  bool deferred_ = false;  // nghttp2 asked for body, and there was none
  bool answered_ = false;  // its last byte went out
  size_t sent_ = 0;        // of unsent_
  uint64_t written_ = 0;
  std::optional<FieldBlock> head_;
  std::string received_;
  std::unique_ptr<Trailers> trailers_;
  std::string unsent_;
  std::string trailing_;  // fields behind the response: name, NUL, value, NUL
};

}  // namespace elb::h2
