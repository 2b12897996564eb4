// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <fmt/core.h>

#include <map>
#include <optional>

#include "cli/event_stream.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

/// What /v1 calls the kind; empty: it has no events.
std::string kind_of(const Resource& resource) {
  static const std::map<std::string, std::string> kKinds = {{"loadbalancer", "load_balancer"},
                                                            {"listener", "listener"},
                                                            {"pool", "pool"},
                                                            {"member", "member"},
                                                            {"healthmonitor", "health_monitor"},
                                                            {"eip", "eip"},
                                                            {"certificate", "certificate"},
                                                            {"l7policy", "l7policy"},
                                                            {"l7rule", "l7rule"}};
  const auto found = kKinds.find(resource.noun);
  return found == kKinds.end() ? std::string() : found->second;
}

Outcome<std::string> watchable(const Context& context, const Resource& resource) {
  std::string kind = kind_of(resource);
  if (kind.empty()) return usage_error(fmt::format("{}s cannot be watched", resource.title));
  if (context.format == Format::kYaml || context.format == Format::kCsv)
    return usage_error("--watch prints a table, names, ids or with -o json an object a line");
  return kind;
}

/// The number of the newest event: what is read after this and watched from it on misses nothing.
Outcome<std::string> newest_event(Context& context) {
  const auto answer = context.api.get("/v1/events", {{"limit", "1"}});
  if (!answer) return pass_on(answer.error());
  return answer->get("newest").text();
}

/// Rows of a table that grows at its end, each aligned with those before it.
class Rows {
 public:
  Rows(Context& context, const Resource& resource) : context_(context), resource_(resource) {}

  void print(const std::vector<Value>& objects) {
    if (context_.format == Format::kJson) {
      for (const Value& object : objects) context_.out() << object.dump() << "\n";
    } else if (!objects.empty()) {
      context_.out() << render_list(context_.format, resource_.columns, objects);
    }
    for (const Value& object : objects) keep(object);
    context_.out() << std::flush;
  }

  void append(const Value& object) {
    const std::string row = row_of(object);
    std::string& last = last_[object.get("id").text()];
    if (last == row) return;  // several events, one look
    last = row;
    const bool first = objects_.empty();
    const size_t at = keep(object);
    if (context_.format == Format::kJson)
      context_.out() << object.dump() << "\n";
    else if (first || (context_.format != Format::kTable && context_.format != Format::kWide))
      context_.out() << render_list(context_.format, resource_.columns, {object});
    else
      context_.out() << line_of(render_list(context_.format, resource_.columns, objects_), at + 1);
    context_.out() << std::flush;
  }

  void forget(const std::string& id) { last_.erase(id); }

 private:
  std::string row_of(const Value& object) const {
    return context_.format == Format::kJson ? object.dump() : render_list(Format::kCsv, resource_.columns, {object});
  }
  /// Where it stands among those that give the columns their widths.
  size_t keep(const Value& object) {
    const std::string id = object.get("id").text();
    const auto [found, fresh] = places_.emplace(id, objects_.size());
    if (fresh)
      objects_.push_back(object);
    else
      objects_[found->second] = object;
    last_[id] = row_of(object);
    return found->second;
  }
  static std::string line_of(const std::string& text, size_t number) {
    size_t begin = 0;
    for (; number > 0; --number) begin = text.find('\n', begin) + 1;
    return text.substr(begin, text.find('\n', begin) + 1 - begin);
  }

  Context& context_;
  const Resource& resource_;
  std::vector<Value> objects_;
  std::map<std::string, size_t> places_;
  std::map<std::string, std::string> last_;  // as printed, by id
};

}  // namespace

Done watch_events(Context& context, Query query, const std::function<Done(const Value&)>& take) {
  query.emplace_back("watch", "true");
  Done outcome;
  std::string last;
  EventStream events([&](const StreamEvent& event) {
    const auto data = Value::parse(event.data);
    if (event.name == "gone" || !data) {
      outcome = give_up(Exit::kError, "more happened than could be told in time", "start again");
    } else {
      last = event.id;
      outcome = take(*data);
    }
    return outcome.has_value() && static_cast<bool>(context.out());
  });
  bool done = false;
  const Done streamed = context.api.stream(
      "/v1/events", query,
      [&](std::string_view bytes) {
        done = !events.feed(bytes);
        return !done;
      },
      context.given_timeout);
  if (!outcome || done) return outcome;
  if (!streamed && !last.empty()) {
    Failure failure = streamed.error();
    failure.hint = fmt::format("the last event was {}; go on with: elbctl events --watch --since {}", last, last);
    return pass_on(failure);
  }
  return streamed;
}

Done watch_list(Context& context, const Resource& resource, const Query& filters) {
  const auto kind = watchable(context, resource);
  if (!kind) return pass_on(kind.error());
  const auto since = newest_event(context);
  if (!since) return pass_on(since.error());
  const auto objects = context.api.list(resource.path, resource.plural, filters);
  if (!objects) return pass_on(objects.error());
  Rows rows(context, resource);
  rows.print(*objects);
  return watch_events(context, {{"since", *since}, {"kind", *kind}}, [&](const Value& event) -> Done {
    const std::string id = event.get("id").text();
    if (event.get("what").text() == "deleted") {
      rows.forget(id);
      context.say(fmt::format("{} {} deleted", resource.title,
                              harmless(event.get("name").text().empty() ? id : event.get("name").text())));
      return {};
    }
    context.api.restart_deadline();
    Query one = filters;
    one.emplace_back("id", id);
    const auto found = context.api.list(resource.path, resource.plural, one);
    if (!found && found.error().exit != Exit::kNotFound) return pass_on(found.error());  // gone with its parent
    if (found && found->size() == 1) rows.append(found->front());
    return {};
  });
}

Done watch_object(Context& context, const Resource& resource, const std::string& name) {
  const auto kind = watchable(context, resource);
  if (!kind) return pass_on(kind.error());
  const auto since = newest_event(context);
  if (!since) return pass_on(since.error());
  const auto object = find_object(context, resource, name);
  if (!object) return pass_on(object.error());
  const std::string id = object->get("id").text();
  Rows rows(context, resource);
  rows.print({*object});
  return watch_events(context, {{"since", *since}, {"kind", *kind}, {"id", id}}, [&](const Value& event) -> Done {
    const bool deleted = event.get("what").text() == "deleted";
    if (deleted) return give_up(Exit::kNotFound, fmt::format("the {} was deleted", resource.title));
    context.api.restart_deadline();
    const auto document = context.api.get(resource.path_of(id));
    if (!document && document.error().exit != Exit::kNotFound) return pass_on(document.error());
    if (document) rows.append(resource.open(*document));
    return {};
  });
}

}  // namespace elb::cli
