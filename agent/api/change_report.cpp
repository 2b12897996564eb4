// SPDX-License-Identifier: Apache-2.0
#include "api/change_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/errors.h"
#include "api/lookup.h"
#include "base/random.h"
#include "identity/quotas.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kErrorsMax = 100;  // shown; a document can have as many as objects

}  // namespace

Result<uint64_t> parse_revision(const std::string& text, std::string_view field) {
  const char* const end = text.data() + text.size();
  uint64_t number = 0;
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || at != end || error != std::errc() || number > INT64_MAX)  // the store's numbers have a sign
    return invalid(std::string(field), fmt::format("must be the number of a revision, got '{}'", text.substr(0, 80)));
  return number;
}

Status check_base(std::optional<uint64_t> base, uint64_t present) {
  if (!base || *base == present) return {};
  return fail(
      ErrorCode::kConflict,
      fmt::format("the configuration is at revision {}, no longer at {}: look at the plan again", present, *base),
      "base_revision");
}

Reply refusal(const std::vector<Error>& errors) {
  Error first = errors.front();
  if (errors.size() > 1) first.message += fmt::format(" (and {} more errors)", errors.size() - 1);
  const int status = http_status(first.code);
  Value body = error_body(status, first, "");
  body.set("field", errors.front().field.empty() ? Value() : Value(errors.front().field));
  Value list = Value::array();
  for (size_t i = 0; i < std::min(errors.size(), kErrorsMax); ++i)
    list.push(
        Value().set("path", errors[i].field).set("message", errors[i].message).set("code", to_string(errors[i].code)));
  body.set("errors", std::move(list)).set("errors_total", errors.size());
  return {status, std::move(body)};
}

Error without_foreign_ids(Error error, const model::Model& known, const std::string& body) {
  constexpr std::string_view kIdCharacters = "0123456789abcdef-";
  for (size_t begin = 0; (begin = error.message.find_first_of(kIdCharacters, begin)) != std::string::npos;) {
    const size_t end = std::min(error.message.find_first_not_of(kIdCharacters, begin), error.message.size());
    const std::string word = error.message.substr(begin, end - begin);
    const bool foreign = is_uuid(word) && !has_id(known, word) && body.find(word) == std::string::npos;
    if (foreign) error.message.replace(begin, word.size(), "of another project");
    begin = foreign ? begin + 1 : end;
  }
  return error;
}

Status judge(const Context& context, const model::Model& before, const control::Draft& draft, bool& passed) {
  if (Status status = identity::check_quotas(before, draft.model(), draft.changes(),
                                             [&](const std::string& project) { return context.quotas(project); });
      !status)
    return status;
  passed = true;
  return fail(ErrorCode::kInternal, "nothing is committed in a dry run");
}

}  // namespace elb::api
