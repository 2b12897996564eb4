// SPDX-License-Identifier: Apache-2.0
// What the decoders take, told by the decoders themselves: while a Recording lives, every Fields of its thread notes
// what it is asked for instead of judging what it is given. So the schema of a body cannot part from the code that
// reads it. Thread rule: describe() may be called from any thread; recordings are of one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"

namespace elb::codec {

/// JSON Schema (2020-12, as OpenAPI 3.1 has it) of the body that `decode` reads, envelope included. It is called with
/// an object that is no request; its result does not matter.
Value describe(const std::function<void(const Value& probe)>& decode);

/// Private to codec from here on.
struct Property {
  std::string type;  // of JSON; empty: any
  std::string format;
  std::optional<int64_t> min, max;
  std::vector<std::string> words;  // of an enumeration
  std::vector<Value> off;          // the only values accepted: a feature of the contract that is not there
  bool text_too = false;           // a number that may come as text
  bool nullable = true;
  size_t required = 0;  // how often; always, if as often as its object was opened
};

class Recording {
 public:
  /// `choice`: which word of each enumeration is taken for the one that was sent, as what is read next depends on it.
  Recording(size_t choice, std::map<std::string, Property>& properties, std::map<std::string, size_t>& opened,
            std::string& envelope);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Of this thread; nullptr: nobody records.
  static Recording* current();

  void open(const std::string& path);
  void envelope(std::string_view name) { envelope_ = name; }
  Property& property(const std::string& path, std::string_view type);
  std::string_view choose(const std::string& path, std::initializer_list<std::string_view> words);
  void off(const std::string& path, std::initializer_list<std::string_view> values);

 private:
  const size_t choice_;
  std::map<std::string, Property>& properties_;  // by path, indexes as "[]"
  std::map<std::string, size_t>& opened_;        // objects, by path
  std::string& envelope_;
};

}  // namespace elb::codec
