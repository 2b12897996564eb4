// SPDX-License-Identifier: Apache-2.0
// Comma-separated lists of header values (RFC 9110 5.6.1), for lists whose elements are tokens. Thread rule: pure
// functions.
#pragma once

#include "http/char_class.h"

namespace elb::http {

/// Calls `each` with every element that is not empty, without the blanks around it.
template <class Each>
void for_each_element(std::string_view list, Each&& each) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty()) each(element);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

}  // namespace elb::http
