// SPDX-License-Identifier: Apache-2.0
// ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13). A tag has two parts: "CONFIGURATION-REPRESENTATION". A GET
// compares both, so what is answered with 304 is the same byte for byte. A change compares the first one only: a check
// that fails or a status that settles in between must not refuse what would overwrite nobody's work.
// Private to api. Thread rule: pure functions; conditional() as Context.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/router.h"

namespace elb::api {

/// The value of If-Match or If-None-Match.
class TagList {
 public:
  /// kInvalid, with `header` as the field, for what is neither * nor a list of tags in quotes.
  static Result<TagList> parse(const std::string& header, std::string_view text);

  /// If-None-Match: weak comparison with the whole tag.
  bool names(std::string_view tag) const;
  /// If-Match: strong comparison with the part of it that the configuration makes.
  bool names_configuration(std::string_view part) const;

 private:
  struct Tag {
    bool weak = false;
    std::string text;  // with its quotes
  };
  bool any_ = false;
  std::vector<Tag> tags_;
};

/// Whether a route's GET gives a tag, and its PUT or DELETE takes one in If-Match.
bool has_tag(std::string_view method, std::string_view pattern);

/// The route's handler under the conditions of the request: 304, or 412 with nothing changed (they are looked at within
/// the write itself). kUnsupported for a condition where there is no tag.
Result<Reply> conditional(Context& context, const Request& request, const Match& match);

}  // namespace elb::api
