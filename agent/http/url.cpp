// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include <algorithm>

#include "http/char_class.h"
#include "http/utf8.h"

namespace elb::http {
namespace {

// True if the path is as normalise would leave it: no escapes, only bytes that may stand there, and no segment that is
// empty (but the last) or begins with a dot or a parameter (those take the long way).
bool is_plainly_normal(std::string_view path, bool merge_slashes) {
  if (path.empty() || path.front() != '/') return false;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/') {
      const char next = i + 1 < path.size() ? path[i + 1] : 'x';
      if (next == '.' || next == ';' || (next == '/' && merge_slashes)) return false;
    } else if (!is(kPathPlain, path[i])) {
      return false;
    }
  }
  return true;
}

bool is_query(std::string_view query) {
  return std::all_of(query.begin(), query.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte > 0x20 && byte < 0x7f && byte != '#';
  });
}

class PathWriter {
 public:
  PathWriter(const UrlPolicy& policy, std::span<char> out) : policy_(policy), out_(out) {}

  /// `path` begins with '/'.
  Fault write(std::string_view path) {
    put('/');
    segment_ = size_;
    for (size_t i = 1; i < path.size(); ++i) {
      Fault fault = Fault::kNone;
      if (path[i] == '%') {
        fault = escape(path.substr(i + 1, 2));
        i += 2;
      } else {
        fault = literal(path[i]);
      }
      if (fault != Fault::kNone) return fault;
    }
    if (!utf8_.complete()) return Fault::kBadUtf8;
    return end_segment(false);
  }
  size_t size() const { return size_; }

 private:
  void put(char c) {
    if (size_ == out_.size()) {
      overflowed_ = true;
    } else {
      out_[size_++] = c;
    }
  }

  void put_escape(uint8_t byte) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    put('%');
    put(kDigits[byte >> 4]);
    put(kDigits[byte & 15]);
  }

  Fault literal(char c) {
    const auto byte = static_cast<uint8_t>(c);
    if (!utf8_.complete()) return Fault::kBadUtf8;
    if (c == '/') return end_segment(true);
    if (c == '\\') return Fault::kBackslash;
    if (byte <= 0x20 || byte >= 0x7f || c == '#') return Fault::kBadTarget;
    if (is(kPathPlain, c)) {
      put(c);
    } else {
      put_escape(byte);
    }
    return Fault::kNone;
  }

  Fault escape(std::string_view digits) {
    if (digits.size() != 2 || hex_value(digits[0]) < 0 || hex_value(digits[1]) < 0) return Fault::kBadEscape;
    const auto byte = static_cast<uint8_t>(hex_value(digits[0]) << 4 | hex_value(digits[1]));
    if (byte == 0) return Fault::kEncodedNul;
    if (byte == '\\') return Fault::kBackslash;
    if (!utf8_.feed(byte)) return Fault::kBadUtf8;
    if (is(kUnreserved, static_cast<char>(byte))) {
      put(static_cast<char>(byte));
    } else if (byte != '/' || policy_.encoded_slash == EncodedSlash::kKeep) {
      put_escape(byte);
    } else {
      return policy_.encoded_slash == EncodedSlash::kRefuse ? Fault::kEncodedSlash : end_segment(true);
    }
    return Fault::kNone;
  }

  // At a '/' (more) or at the end of the path. Everything after the last separator in out_ is the segment.
  Fault end_segment(bool more) {
    if (overflowed_) return Fault::kTargetTooLong;  // before what was cut off is taken for a segment
    const std::string_view segment(out_.data() + segment_, size_ - segment_);
    if (segment == "..") {
      if (segment_ == 1) return Fault::kAboveRoot;
      size_ = segment_ - 1;
      while (out_[size_ - 1] != '/') --size_;
    } else if (segment == ".") {
      size_ = segment_;
    } else if (hides_dots(segment)) {
      return Fault::kHiddenDots;
    } else if (hides_nothing(segment, more)) {
      return Fault::kHiddenEmpty;
    } else if (more && !(segment.empty() && policy_.merge_slashes)) {
      put('/');
    }
    segment_ = size_;
    return Fault::kNone;
  }

  // Dots that members see which cut parameters off, or decode %2F before they split.
  static bool hides_dots(std::string_view segment) {
    for (;;) {
      const size_t slash = segment.find("%2F");
      const std::string_view piece = segment.substr(0, slash);
      const size_t dots = std::min(piece.find_first_not_of('.'), piece.size());
      const std::string_view rest = piece.substr(dots);
      const bool ends = rest.empty() || rest.starts_with(';') || rest.starts_with("%3B");
      if ((dots == 1 || dots == 2) && ends) return true;
      if (slash == std::string_view::npos) return false;
      segment.remove_prefix(slash + 3);
    }
  }

  // A member that cuts parameters off sees an empty segment, which it drops, where another path follows. At the end it
  // is where session ids stand: "/shop/;id=7".
  static bool hides_nothing(std::string_view segment, bool more) {
    const bool parameters = segment.starts_with(';') || segment.starts_with("%3B");
    return parameters && (more || segment.find("%2F") != std::string_view::npos);
  }

  const UrlPolicy& policy_;
  std::span<char> out_;
  size_t size_ = 0;
  size_t segment_ = 0;
  bool overflowed_ = false;
  Utf8Checker utf8_;
};

NormalTarget refuse(Fault fault) { return {{}, 0, fault}; }

}  // namespace

NormalTarget normalise_target(std::string_view target, const UrlPolicy& policy, std::span<char> scratch) {
  const size_t path_size = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, path_size);
  const std::string_view query = target.substr(path_size);
  if (target == "*") return {target, path_size};
  if (!is_query(query)) return refuse(Fault::kBadTarget);
  if (is_plainly_normal(path, policy.merge_slashes)) return {target, path_size};
  if (!path.empty() && path.front() != '/') return refuse(Fault::kBadTarget);
  PathWriter writer(policy, scratch);
  if (const Fault fault = writer.write(path); fault != Fault::kNone) return refuse(fault);
  if (scratch.size() - writer.size() < query.size()) return refuse(Fault::kTargetTooLong);
  std::copy(query.begin(), query.end(), scratch.begin() + static_cast<ptrdiff_t>(writer.size()));
  return {{scratch.data(), writer.size() + query.size()}, writer.size()};
}

}  // namespace elb::http
