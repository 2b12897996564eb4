// SPDX-License-Identifier: Apache-2.0
#include "proxy/condition.h"

#include <algorithm>

#include "http/char_class.h"
#include "http/cookie.h"
#include "http/url.h"

namespace elb::proxy {
namespace {

using model::RuleCompare;
using model::RuleType;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), http::to_lower);
  return text;
}

std::string_view file_type(std::string_view path) {
  const std::string_view segment = path.substr(path.rfind('/') + 1);
  const size_t dot = segment.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : segment.substr(dot + 1);
}

bool ends_in_dot_segment(std::string_view path) {
  const std::string_view segment = path.substr(path.rfind('/') + 1);
  return segment == "." || segment == "..";
}

std::string value_of(const model::SnapshotRule& rule) {
  switch (rule.type) {
    case RuleType::kHostName:
      return rule.compare == RuleCompare::kRegex ? rule.value : lower(rule.value);
    case RuleType::kPath:
      return normal_path_value(rule);
    case RuleType::kFileType:
      return rule.value.starts_with('.') && rule.compare == RuleCompare::kEqualTo ? rule.value.substr(1) : rule.value;
    default:
      return rule.value;
  }
}

}  // namespace

std::string normal_path_value(const model::SnapshotRule& rule) {
  const std::string& value = rule.value;
  const bool begins_path = rule.compare == RuleCompare::kEqualTo || rule.compare == RuleCompare::kStartsWith;
  if (!begins_path || !value.starts_with('/') || value.find('?') != std::string::npos) return value;
  // the prefix "/." is that of "/.well-known", not "/"
  if (rule.compare == RuleCompare::kStartsWith && ends_in_dot_segment(value)) return value;
  std::string scratch(http::normal_target_bound(value.size()), '\0');
  const http::NormalTarget normal = http::normalise_target(value, {}, scratch);
  return normal.fault == http::Fault::kNone ? std::string(normal.path()) : value;
}

Result<Condition> Condition::compile(const model::SnapshotRule& rule) {
  Condition condition;
  condition.type_ = rule.type;
  condition.compare_ = rule.compare;
  condition.invert_ = rule.invert;
  condition.key_ = rule.key;
  condition.header_ = http::header_id(rule.key);
  condition.value_ = value_of(rule);
  if (rule.compare == RuleCompare::kRegex) {
    auto regex = Regex::compile(rule.value);
    if (!regex) return pass_on(std::move(regex.error()));
    condition.regex_ = std::move(*regex);
  }
  return condition;
}

bool Condition::found(const RouteRequest& request, std::string_view host) const {
  switch (type_) {
    case RuleType::kHostName:
      return compare(host);
    case RuleType::kPath:
      return compare(request.path());
    case RuleType::kFileType:
      return compare(file_type(request.path()));
    case RuleType::kHeader:
      return request.headers != nullptr &&
             std::any_of(request.headers->begin(), request.headers->end(), [&](const http::Header& header) {
               return header.id == header_ &&
                      (header_ != http::HeaderId::kOther || http::equals_ignoring_case(header.name, key_)) &&
                      compare(header.value);
             });
    case RuleType::kCookie: {
      const auto cookie = request.headers == nullptr ? std::nullopt : http::find_cookie(*request.headers, key_);
      return cookie && compare(*cookie);
    }
  }
  return false;
}

bool Condition::compare(std::string_view text) const {
  switch (compare_) {
    case RuleCompare::kEqualTo:
      return text == value_;
    case RuleCompare::kStartsWith:
      return text.starts_with(value_);
    case RuleCompare::kEndsWith:
      return text.ends_with(value_);
    case RuleCompare::kContains:
      return text.find(value_) != std::string_view::npos;
    case RuleCompare::kRegex:
      return type_ == RuleType::kPath ? regex_->matches_whole(text) : regex_->matches_part(text);
  }
  return false;
}

}  // namespace elb::proxy
