// SPDX-License-Identifier: Apache-2.0
// GET /v1/events: what happened, as a list or, for who wants text/event-stream, as it happens.
#include <fmt/core.h>

#include <charconv>

#include "api/errors.h"
#include "api/event_value.h"
#include "api/native_handlers.h"
#include "api/plan.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kEventsMax = 1000, kEventsShown = 100;

Result<uint64_t> event_number(const std::string& field, const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc{} && end == text.data() + text.size()) return number;
  return invalid(field, fmt::format("must be the number of an event, got '{}'", text.substr(0, 80)));
}

Result<size_t> events_wanted(const Request& request) {
  if (!request.has_query("limit")) return kEventsShown;
  const auto limit = event_number("limit", request.query("limit"));
  if (limit && *limit >= 1 && *limit <= kEventsMax) return static_cast<size_t>(*limit);
  return invalid("limit", fmt::format("must be 1 to {}, got '{}'", kEventsMax, request.query("limit").substr(0, 80)));
}

Result<model::Kind> kind_called(std::string_view text) {
  std::string words;
  for (size_t i = 0; i < std::variant_size_v<model::Resource>; ++i) {
    const auto kind = static_cast<model::Kind>(i);
    if (word_of(kind) == text) return kind;
    words += fmt::format("{}{}", words.empty() ? "" : ", ", word_of(kind));
  }
  return invalid("kind", fmt::format("must be one of {}; got '{}'", words, text.substr(0, 80)));
}

/// As the query says, within the caller's project.
Result<control::EventFilter> event_filter(const Context& context, const Request& request) {
  control::EventFilter filter;
  const auto project =
      bounds_of(context, request.has_query("project_id") ? std::optional(request.query("project_id")) : std::nullopt);
  if (!project) return pass_on(project.error());
  filter.project_id = *project;
  filter.id = request.query("id");
  for (const auto& [name, value] : request.http.query) {
    if (name != "kind") continue;
    const auto kind = kind_called(value);
    if (!kind) return pass_on(kind.error());
    filter.kinds.insert(*kind);
  }
  return filter;
}

/// The number after which events are wanted; empty: the newest, or from now on.
Result<std::optional<uint64_t>> events_since(const Request& request) {
  if (request.http.last_event_id) {
    const auto number = event_number("Last-Event-ID", *request.http.last_event_id);
    if (!number) return pass_on(number.error());
    return *number;
  }
  if (!request.has_query("since")) return std::nullopt;
  const auto number = event_number("since", request.query("since"));
  if (!number) return pass_on(number.error());
  return *number;
}

Result<bool> wants_watch(const Request& request) {
  if (!request.has_query("watch")) return request.http.accept.find("text/event-stream") != std::string::npos;
  const std::string watch = request.query("watch");
  if (watch == "true" || watch == "1") return true;
  if (watch == "false" || watch == "0") return false;
  return invalid("watch", fmt::format("must be true or false, got '{}'", watch.substr(0, 80)));
}

Reply gone(const Request& request, const control::EventJournal::Page& page) {
  const Error error{ErrorCode::kNotFound,
                    fmt::format("events up to {} are not kept any more, or are of an earlier run of the agent; the "
                                "oldest is {}, the newest {}: read what you watch again and go on from there",
                                page.oldest - 1, page.oldest, page.newest),
                    request.http.last_event_id ? "Last-Event-ID" : "since"};
  return {410, error_body(410, error, "")};
}

}  // namespace

Value event_value(const control::Event& event) {
  Value out = Value::object();
  out.set("number", event.number).set("time", format_utc(event.time)).set("what", to_string(event.what));
  out.set("kind", word_of(event.kind)).set("id", event.id).set("name", event.name);
  out.set("project_id", event.project_id);
  if (event.revision > 0) return out.set("revision", event.revision);
  out.set("status", event.status).set("before", event.before.empty() ? Value() : Value(event.before));
  return out.set("reason", event.reason);
}

Result<Reply> list_events(Context& context, const Request& request) {
  if (Status status = request.only_queries({"since", "kind", "id", "limit", "watch", "project_id"}); !status)
    return pass_on(status.error());
  const auto feed = context.events();
  if (!feed) return pass_on(feed.error());
  const auto filter = event_filter(context, request);
  if (!filter) return pass_on(filter.error());
  const auto since = events_since(request);
  if (!since) return pass_on(since.error());
  const auto limit = events_wanted(request);
  if (!limit) return pass_on(limit.error());
  const auto watch = wants_watch(request);
  if (!watch) return pass_on(watch.error());
  if (*watch && request.has_query("limit")) return invalid("limit", "cannot be used with watch");

  const auto& journal = (*feed)->journal();
  const auto page = *since ? journal.read(**since, *filter, *limit) : journal.newest(*filter, *limit);
  if (page.gone) return gone(request, page);
  if (*watch && request.http.method == "GET") {
    Reply reply;
    reply.watch = Watch{since->value_or(page.newest), *filter};
    return reply;
  }
  Value events = Value::array();
  for (const auto& event : page.events) events.push(event_value(*event));
  Value out = Value::object();
  out.set("events", std::move(events)).set("next", page.next).set("oldest", page.oldest);
  return Reply{200, out.set("newest", page.newest)};
}

}  // namespace elb::api
