// SPDX-License-Identifier: Apache-2.0
// Gather: one message part on its way out, as pieces for one write: what is made here (heads, chunk sizes) is copied
// into the thread's memory, large payload stays where it was received. Thread rule: one thread.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string_view>

namespace elb::proxy {

class Gather {
 public:
  static constexpr size_t kPieces = 48;
  static constexpr size_t kCopied = 512;  // payload up to this size is copied: cheaper than a piece of its own
  static constexpr size_t kReserve = size_t{10} << 10;

  explicit Gather(std::span<char> memory) : memory_(memory) {}

  /// Room for what is written in place; claim() takes the front of it.
  std::span<char> room() const { return memory_.subspan(used_); }
  void claim(size_t bytes) {
    if (bytes == 0) return;
    const std::string_view fresh(memory_.data() + used_, bytes);
    used_ += bytes;
    if (count_ > 0 && pieces_[count_ - 1].data() + pieces_[count_ - 1].size() == fresh.data()) {
      pieces_[count_ - 1] = {pieces_[count_ - 1].data(), pieces_[count_ - 1].size() + bytes};
    } else {
      pieces_[count_++] = fresh;
    }
  }
  void copy(std::string_view text) {
    std::memcpy(memory_.data() + used_, text.data(), text.size());
    claim(text.size());
  }
  /// `bytes` stay valid until the write.
  void refer(std::string_view bytes) {
    if (bytes.size() <= kCopied) return copy(bytes);
    pieces_[count_++] = bytes;
  }

  /// Write before more is added. What fits afterwards in any case: three pieces, and kReserve bytes of copies: a piece
  /// with what frames it, and all trailers.
  bool full() const { return count_ + 3 > kPieces || memory_.size() - used_ < kReserve; }
  bool empty() const { return count_ == 0; }
  std::span<const std::string_view> pieces() const { return {pieces_.data(), count_}; }
  size_t bytes() const {
    size_t total = aside_;
    for (const std::string_view piece : pieces()) total += piece.size();
    return total;
  }
  /// Goes out another way, for bytes() alone.
  void count_aside(size_t bytes) { aside_ += bytes; }
  void clear() { used_ = count_ = aside_ = 0; }

 private:
  std::span<char> memory_;
  size_t used_ = 0;
  size_t count_ = 0;
  size_t aside_ = 0;
  std::array<std::string_view, kPieces> pieces_;
};

}  // namespace elb::proxy
