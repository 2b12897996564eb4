// SPDX-License-Identifier: Apache-2.0
// Comparing the structs of elb/abi.h as the kernel does: byte by byte (none of them has unnamed padding).
// Thread rule: pure.
#pragma once

#include <elb/abi.h>

#include <cstring>
#include <map>
#include <type_traits>

namespace elb::dataplane {

struct ByteLess {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    static_assert(std::has_unique_object_representations_v<T>);
    return std::memcmp(&a, &b, sizeof(T)) < 0;
  }
};

template <class T>
bool same(const T& a, const T& b) {
  static_assert(std::has_unique_object_representations_v<T>);
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class Key, class Value>
using AbiTable = std::map<Key, Value, ByteLess>;

}  // namespace elb::dataplane
