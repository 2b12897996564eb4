// SPDX-License-Identifier: Apache-2.0
// The one normaliser of request targets: what it returns is what routes are matched against and what the member gets,
// so that no two parties see different paths (docs/adr/0017). Values of path rules go through it too. Path: %XX of
// unreserved bytes decoded, other escapes in capitals, bytes that RFC 3986 does not allow escaped, "." and ".."
// resolved, "//" made one. Refused: bad escapes, %00, backslash in any form, ".." above the root, escapes that are no
// UTF-8, dot segments that hide behind a parameter or an escaped slash, and segments of parameters alone, but the last.
// The query stays as it is. Idempotent. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "http/fault.h"

namespace elb::http {

/// %2F in a path. kKeep: it stays an escape, for routes and for the member, and is no separator. Some members take it
/// for one; kRefuse is for those, kDecode for those who want it.
enum class EncodedSlash : uint8_t { kKeep, kDecode, kRefuse };

struct UrlPolicy {
  EncodedSlash encoded_slash = EncodedSlash::kKeep;
  bool merge_slashes = true;
};

struct NormalTarget {
  std::string_view target;  // path and query: what the member gets
  size_t path_size = 0;
  Fault fault = Fault::kNone;

  std::string_view path() const { return target.substr(0, path_size); }
  /// With its '?', empty if there is none.
  std::string_view query() const { return target.substr(path_size); }
};

/// Scratch bytes with which normalise_target() never fails for want of room.
constexpr size_t normal_target_bound(size_t size) { return 3 * size + 1; }

/// `target` is path and query (RequestHead::path_and_query); an empty path becomes "/", "*" stays. The result points
/// into `target` if that is normal already (nearly always), else into `scratch`. kTargetTooLong when the result does
/// not fit there.
NormalTarget normalise_target(std::string_view target, const UrlPolicy& policy, std::span<char> scratch);

}  // namespace elb::http
