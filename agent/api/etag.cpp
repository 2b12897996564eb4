// SPDX-License-Identifier: Apache-2.0
#include "api/etag.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "api/errors.h"
#include "tls/digest.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kPartDigits = 16;  // hexadecimal, of a SHA-256
constexpr size_t kTagsMax = 100;

std::string digest_of(const Value& body) { return tls::to_hex(tls::sha256(body.dump())).substr(0, kPartDigits); }

/// Without what the agent observes, which comes and goes while nobody changes anything.
Value configured(const Value& shown) {
  if (shown.is_array()) {
    Value out = Value::array();
    for (size_t i = 0; i < shown.size(); ++i) out.push(configured(shown.at(i)));
    return out;
  }
  if (!shown.is_object()) return shown;
  Value out = Value::object();
  for (const std::string& key : shown.keys())
    if (key != "provisioning_status" && key != "operating_status" && key != "status_reason")
      out.set(key, configured(shown.get(key)));
  return out;
}

/// Resources below /v2.0/lbaas whose changes are transactions of the configuration.
bool is_resource(std::string_view pattern) {
  return pattern.starts_with("lbaas/") && pattern.ends_with("/{}") && !pattern.starts_with("lbaas/quotas/") &&
         !pattern.ends_with("/tags/{}");
}

/// Shown without a query and in the native dialect, so that the tag is one for all who look.
Result<std::string> configuration_of(Context& context, const Request& request) {
  HttpRequest plain;
  plain.method = "GET";
  plain.path = request.http.path;
  const Match shown = find_route(plain.method, plain.path);
  const auto reply = shown.handler(context, Request{plain, shown.ids, request.base_url});
  if (!reply) return pass_on(reply.error());
  return digest_of(configured(reply->body));
}

Reply stale(const Request& request) {
  const Error error{ErrorCode::kConflict,
                    request.http.method == "GET"
                        ? "what is there has none of these tags"
                        : "it was changed since it had one of these tags, and nothing was done: GET it again",
                    "If-Match"};
  return {412, error_body(412, error, "")};
}

Result<Reply> conditional_get(Context& context, const Request& request, const Match& match,
                              const std::optional<TagList>& if_match, const std::optional<TagList>& if_none_match) {
  const bool plain = request.http.query.empty() && request.dialect() == codec::Dialect::kVendor;
  std::string configuration;
  // Of the state before or at the one that is shown, never of a newer one that the client has not seen.
  if (!plain && match.pattern != "v1/export") {
    auto before = configuration_of(context, request);
    if (!before) return pass_on(before.error());
    configuration = *std::move(before);
  }
  auto reply = match.handler(context, request);
  if (!reply || reply->status != 200) return reply;
  if (configuration.empty()) configuration = digest_of(configured(reply->body));
  const std::string tag = fmt::format("\"{}-{}\"", configuration, digest_of(reply->body));
  if (if_match && !if_match->names_configuration(configuration)) return stale(request);
  if (if_none_match && if_none_match->names(tag)) return Reply{304, {}, {{"ETag", tag}}};
  reply->headers.emplace_back("ETag", tag);
  return reply;
}

Result<std::optional<TagList>> read_header(const std::string& name, const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  auto list = TagList::parse(name, *text);
  if (!list) return pass_on(list.error());
  return *std::move(list);
}

}  // namespace

bool has_tag(std::string_view method, std::string_view pattern) {
  if (method == "GET") return is_resource(pattern) || pattern == "v1/export";
  return is_resource(pattern) && (method == "PUT" || method == "DELETE");
}

Result<TagList> TagList::parse(const std::string& header, std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto malformed = [&] {
    return invalid(header,
                   fmt::format("must be * or a list of tags in quotes as ETag has them, got '{}'", text.substr(0, 80)));
  };
  const auto is_tag_character = [](char c) {
    return c == '!' || (c >= '#' && c <= '~') || static_cast<unsigned char>(c) >= 0x80;
  };
  TagList out;
  std::string_view rest = text;
  for (bool separated = true;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    if (rest.empty()) break;
    if (rest.front() == ',') {
      rest.remove_prefix(1);
      separated = true;
      continue;
    }
    if (!separated || out.any_ || out.tags_.size() == kTagsMax) return malformed();
    separated = false;
    if (rest.front() == '*') {
      if (!out.tags_.empty()) return malformed();
      out.any_ = true;
      rest.remove_prefix(1);
      continue;
    }
    const bool weak = rest.starts_with("W/");
    if (weak) rest.remove_prefix(2);
    const size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return malformed();
    const std::string_view inner = rest.substr(1, end - 1);
    if (!std::all_of(inner.begin(), inner.end(), is_tag_character)) return malformed();
    out.tags_.push_back({weak, std::string(rest.substr(0, end + 1))});
    rest.remove_prefix(end + 1);
  }
  if (!out.any_ && out.tags_.empty()) return malformed();
  return out;
}

bool TagList::names(std::string_view tag) const {
  return any_ || std::any_of(tags_.begin(), tags_.end(), [tag](const Tag& one) { return one.text == tag; });
}

bool TagList::names_configuration(std::string_view part) const {
  const std::string begin = fmt::format("\"{}-", part);
  return any_ || std::any_of(tags_.begin(), tags_.end(),
                             [&](const Tag& one) { return !one.weak && one.text.starts_with(begin); });
}

Result<Reply> conditional(Context& context, const Request& request, const Match& match) {
  const HttpRequest& http = request.http;
  const auto if_match = read_header("If-Match", http.if_match);
  if (!if_match) return pass_on(if_match.error());
  const auto if_none_match = read_header("If-None-Match", http.if_none_match);
  if (!if_none_match) return pass_on(if_none_match.error());
  const bool tagged = has_tag(http.method, match.pattern);
  if (*if_match && !tagged)
    return fail(ErrorCode::kUnsupported,
                match.pattern == "v1/apply" || match.pattern == "v1/rollback"
                    ? "not supported here, base_revision is for this"
                    : "not supported here: only GET, PUT and DELETE of one resource have a tag",
                "If-Match");
  if (*if_none_match && http.method != "GET")
    return fail(ErrorCode::kUnsupported, "not supported by changes, only by GET", "If-None-Match");
  if (http.method == "GET" && tagged) return conditional_get(context, request, match, *if_match, *if_none_match);
  if (!*if_match) return match.handler(context, request);

  bool differs = false;
  context.require([&]() -> Status {
    const auto configuration = configuration_of(context, request);
    if (!configuration) return pass_on(configuration.error());
    differs = !(*if_match)->names_configuration(*configuration);
    return differs ? fail(ErrorCode::kConflict, "the tag differs", "If-Match") : Status();
  });
  auto reply = match.handler(context, request);
  return differs ? stale(request) : std::move(reply);
}

}  // namespace elb::api
