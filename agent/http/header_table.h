// SPDX-License-Identifier: Apache-2.0
// HeaderTable: the headers of one message in the order they came, neutral between HTTP/1 and HTTP/2. Names and values
// are views into the caller's buffer, which has to outlive the table; what goes in has been validated once (names are
// tokens, values hold no control bytes), so that no serialiser has to ask again. No allocation: a worker keeps one
// table and clears it. Thread rule: a plain value.
#pragma once

#include <array>

#include "http/header_id.h"

namespace elb::http {

struct Header {
  std::string_view name;  // as the peer wrote it
  std::string_view value;
  HeaderId id;
};

class HeaderTable {
 public:
  static constexpr size_t kCapacity = 128;

  /// False when the table is full.
  bool add(HeaderId id, std::string_view name, std::string_view value) {
    if (count_ == kCapacity) return false;
    headers_[count_++] = {name, value, id};
    present_.add(id);
    return true;
  }
  void clear() {
    count_ = 0;
    present_ = {};
  }

  size_t size() const { return count_; }
  const Header* begin() const { return headers_.data(); }
  const Header* end() const { return headers_.data() + count_; }
  bool has(HeaderId id) const { return present_.has(id); }

  /// The first header of a known name, or null.
  const Header* find(HeaderId id) const;
  /// The first header of any name, compared without case, or null.
  const Header* find(std::string_view name) const;

 private:
  size_t count_ = 0;
  HeaderSet present_;
  std::array<Header, kCapacity> headers_;
};

}  // namespace elb::http
