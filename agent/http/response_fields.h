// SPDX-License-Identifier: Apache-2.0
// The fields of a response as HTTP/2 carries them: what the serialiser of HTTP/1 would write, without what belongs to a
// connection. Thread rule: a plain value and pure functions.
#pragma once

#include <array>

#include "http/serializer.h"

namespace elb::http {

struct ResponseFields {
  HeaderTable table;              // names in any case; views into what they were made of, and into `digits`
  std::array<char, 20> digits{};  // of the length
  bool fits = true;               // false: there were too many

  void put(HeaderId id, std::string_view name, std::string_view value) { fits = table.add(id, name, value) && fits; }
};

/// As write_response(). False if there are too many.
bool response_fields(const ResponseHead& head, const ResponseRewrite& rewrite, const Framing& body,
                     ResponseFields& fields);
/// As write_own_response(); without the body.
bool own_response_fields(const OwnResponse& response, ResponseFields& fields);

}  // namespace elb::http
