// SPDX-License-Identifier: Apache-2.0
#include "proxy/regex.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>

namespace elb::proxy {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options options() {
  RE2::Options options(RE2::Latin1);  // header values need not be UTF-8
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct Regex::Compiled {
  explicit Compiled(std::string_view pattern) : re(piece(pattern), options()) {}
  RE2 re;
};

Regex::Regex(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  auto compiled = std::make_unique<Compiled>(pattern);
  if (!compiled->re.ok()) return fail(ErrorCode::kInvalid, compiled->re.error());
  return Regex(std::move(compiled));
}

bool Regex::matches_whole(std::string_view text) const { return RE2::FullMatch(piece(text), compiled_->re); }
bool Regex::matches_part(std::string_view text) const { return RE2::PartialMatch(piece(text), compiled_->re); }

struct RegexSet::Compiled {
  Compiled() : set(options(), RE2::ANCHOR_BOTH) {}
  RE2::Set set;
};

RegexSet::RegexSet() = default;
RegexSet::RegexSet(RegexSet&&) noexcept = default;
RegexSet& RegexSet::operator=(RegexSet&&) noexcept = default;
RegexSet::~RegexSet() = default;

void RegexSet::add(std::string_view pattern, Regex regex) {
  patterns_.emplace_back(pattern);
  regexes_.push_back(std::move(regex));
}

void RegexSet::compile() {
  if (regexes_.size() < 2) return;  // alone, an expression is faster than a set of one
  auto compiled = std::make_unique<Compiled>();
  for (const std::string& pattern : patterns_)
    if (compiled->set.Add(piece(pattern), nullptr) < 0) return;
  if (compiled->set.Compile()) compiled_ = std::move(compiled);
  patterns_.clear();
}

size_t RegexSet::first_match(std::string_view text) const {
  if (compiled_) {
    std::vector<int> hits;
    RE2::Set::ErrorInfo error{};
    if (compiled_->set.Match(piece(text), &hits, &error))
      return static_cast<size_t>(*std::min_element(hits.begin(), hits.end()));
    if (error.kind == RE2::Set::kNoError) return kNone;
    // its automaton outgrew RE2's budget: a "no" that means nothing
  }
  for (size_t i = 0; i < regexes_.size(); ++i)
    if (regexes_[i].matches_whole(text)) return i;
  return kNone;
}

}  // namespace elb::proxy
