// SPDX-License-Identifier: Apache-2.0
#include "health/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "health/http2_check.h"
#include "health/http_check.h"

namespace elb::health {
namespace {

std::string text_of(const std::vector<model::CodeRange>& codes) {
  std::string text;
  for (const model::CodeRange& range : codes) {
    if (!text.empty()) text += ',';
    text += range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

}  // namespace

Answer::State Answer::end() { return fail("the member closed the connection before it answered"); }

Answer::State Answer::fail(std::string failure) {
  failure_ = std::move(failure);
  return State::kFailed;
}

Answer::State Answer::judge(uint16_t status, const HttpCheck& check) {
  const auto holds = [status](const model::CodeRange& range) { return range.first <= status && status <= range.last; };
  if (std::ranges::any_of(check.codes, holds)) return State::kHealthy;
  return fail(fmt::format("HTTP {}, expected {}", status, text_of(check.codes)));
}

std::unique_ptr<Answer> make_answer(const HttpCheck& check) {
  if (check.speech == Speech::kHttp1) return std::make_unique<HttpAnswer>();
  return Http2Answer::create(check);
}

}  // namespace elb::health
