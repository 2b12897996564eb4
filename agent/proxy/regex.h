// SPDX-License-Identifier: Apache-2.0
// Users' regular expressions (FP-06, FP-17), in RE2's syntax and in time linear in the text; nothing else of the room
// sees RE2. Text and patterns are bytes. Thread rule: immutable once compiled, matched from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace elb::proxy {

class Regex {
 public:
  /// kInvalid with RE2's reason.
  static Result<Regex> compile(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool matches_whole(std::string_view text) const;
  bool matches_part(std::string_view text) const;

 private:
  struct Compiled;
  explicit Regex(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

/// Many patterns, asked in one pass; each has to match the whole text.
class RegexSet {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  RegexSet();
  RegexSet(RegexSet&&) noexcept;
  RegexSet& operator=(RegexSet&&) noexcept;
  ~RegexSet();

  /// The next index, from 0. Not after compile().
  void add(std::string_view pattern, Regex regex);
  void compile();

  /// The lowest index of the patterns that match.
  size_t first_match(std::string_view text) const;

 private:
  struct Compiled;
  std::vector<std::string> patterns_;
  std::vector<Regex> regexes_;  // one by one, when the set would take too much memory
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace elb::proxy
