// SPDX-License-Identifier: Apache-2.0
// What the files that validate share. Private to model/. Thread rule: pure functions.
#pragma once

#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "model/resources.h"

namespace elb::model {

Status check_text(std::string_view field, std::string_view text, size_t max = kNameMax);
Status check_range(std::string_view field, int value, int low, int high);
Status check_common(const Common& common);

/// RFC 9110 token, which names of headers and cookies are.
bool is_token(std::string_view text);

/// A host name as the API takes it (FP-04, HC-03): letters, digits, '-', '.', beginning with a letter or digit.
bool is_host_name(std::string_view text);

/// What only HTTP and HTTPS listeners have: there and complete, or all absent.
Status check_l7(const Listener& listener);
Status check_error_pages(const std::vector<ErrorPage>& pages);

/// FP-17: RE2 takes it, in bounded memory. RE2 is linear in time, so what it takes is safe.
Status check_regex(std::string_view field, std::string_view text);

/// Certificates of listeners, l7policies and l7rules.
Status check_l7(const Model& model);

template <class T>
const T* look_up(const Table<T>& table, const Id& id) {
  const auto it = table.find(id);
  return it == table.end() ? nullptr : it->second.get();
}

tl::unexpected<Error> missing(std::string field, Kind kind, const Id& id);

}  // namespace elb::model
