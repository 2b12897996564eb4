// SPDX-License-Identifier: Apache-2.0
#include "cli/crud.h"

#include <fmt/core.h>

#include "base/random.h"
#include "cli/resolve.h"
#include "cli/text.h"
#include "cli/wait.h"
#include "cli/watch.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string label(const Resource& resource, const Value& object) {
  const std::string name = object.get("name").text();
  return fmt::format("{} {}", resource.title, harmless(name.empty() ? object.get("id").text() : name));
}

Done print_object(Context& context, const Resource& resource, const Value& object) {
  context.out() << render_object(context.format, resource.columns, object);
  return {};
}

/// GEN-15: what is made without a name is called so, and four letters or digits. Empty: it stays without one.
std::string_view name_prefix(const Resource& resource, const Value& fields) {
  if (resource.noun == "loadbalancer") return "elb";
  if (resource.noun == "listener") return "listener";
  if (resource.noun == "pool") return "server_group";
  if (resource.noun != "l7policy") return {};
  return fields.get("action").text() == "REDIRECT_TO_LISTENER" ? "redirect" : "forwarding_policy";
}

std::string random_word() {
  SystemRandom random;
  return new_uuid(random).substr(0, 4);
}

Outcome<std::string> owner_of(Context& context, const Resource& resource, const Value& object) {
  // A member knows its pool only by its path.
  const size_t members = resource.path.rfind("/members");
  if (members == std::string::npos) return load_balancer_of(context, object);
  const auto document = context.api.get(resource.path.substr(0, members));
  if (!document) return pass_on(document.error());
  return load_balancer_of(context, document->get("pool"));
}

/// Prints `object`; with --wait only after the load balancer is ACTIVE, and as it is then.
Done finish(Context& context, const Resource& resource, Value object, const Args& args) {
  if (args.has("wait")) {
    const auto id = owner_of(context, resource, object);
    if (!id) return pass_on(id.error());
    if (const Done done = wait_active(context, *id); !done) return done;
    const auto document = context.api.get(resource.path_of(object.get("id").text()));
    if (!document) return pass_on(document.error());
    object = resource.open(*document);
  }
  tell_warnings(context, object);
  return print_object(context, resource, object);
}

}  // namespace

void tell_warnings(Context& context, const Value& object) {
  const Value warnings = object.get("warnings");
  for (size_t i = 0; i < warnings.size(); ++i) context.say("warning: " + harmless(warnings.at(i).text()));
}

Done create_object(Context& context, const Resource& resource, Value fields, const Args& args) {
  if (!context.project.empty()) fields.set("project_id", context.project);
  if (const std::string_view prefix = name_prefix(resource, fields); !prefix.empty() && !fields.has("name"))
    fields.set("name", fmt::format("{}-{}", prefix, random_word()));
  const auto document = context.api.post(resource.path, resource.close(std::move(fields)));
  if (!document) return pass_on(document.error());
  return finish(context, resource, resource.open(*document), args);
}

Done list_objects(Context& context, const Resource& resource, const Args& args, Query filters) {
  if (const auto name = args.get("name")) filters.emplace_back("name", *name);
  for (const std::string& filter : args.all("filter")) {
    const size_t equals = filter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage_error(fmt::format("--filter '{}' is not FIELD=VALUE", filter));
    }
    filters.emplace_back(filter.substr(0, equals), filter.substr(equals + 1));
  }
  if (const auto sort = args.get("sort")) filters.emplace_back("sort", *sort);
  if (!context.project.empty() && resource.noun != "subnet") filters.emplace_back("project_id", context.project);
  if (args.has("watch")) return watch_list(context, resource, filters);
  const auto objects = context.api.list(resource.path, resource.plural, filters);
  if (!objects) return pass_on(objects.error());
  if (objects->empty() && (context.format == Format::kTable || context.format == Format::kWide)) {
    context.say(fmt::format("no {}s", resource.title));
    return {};
  }
  context.out() << render_list(context.format, resource.columns, *objects);
  return {};
}

Done show_object(Context& context, const Resource& resource, const std::string& name) {
  const auto object = find_object(context, resource, name);
  if (!object) return pass_on(object.error());
  return print_object(context, resource, *object);
}

Done show_object(Context& context, const Resource& resource, const std::string& name, const Args& args) {
  return args.has("watch") ? watch_object(context, resource, name) : show_object(context, resource, name);
}

Done set_object(Context& context, const Resource& resource, const std::string& name, const Value& fields,
                const Args& args) {
  if (fields.size() == 0) {
    return usage_error("nothing to change was given", fmt::format("see: elbctl {} set --help", resource.noun));
  }
  const auto id = find_id(context, resource, name);
  if (!id) return pass_on(id.error());
  const auto document = context.api.put(resource.path_of(*id), resource.close(fields));
  if (!document) return pass_on(document.error());
  return finish(context, resource, resource.open(*document), args);
}

Done delete_objects(Context& context, const Resource& resource, const std::vector<std::string>& names, const Args& args,
                    const Query& query) {
  for (const std::string& name : names) {
    const auto object = find_object(context, resource, name);
    if (!object && object.error().exit == Exit::kNotFound && args.has("if-exists")) {
      context.say(fmt::format("{} {} does not exist", resource.title, harmless(name)));
      continue;
    }
    if (!object) return pass_on(object.error());
    const std::string id = object->get("id").text();
    const bool child = resource.noun != load_balancers().noun;
    std::string owner;
    if (args.has("wait") && child) {
      const auto found = owner_of(context, resource, *object);
      if (!found) return pass_on(found.error());
      owner = *found;
    }
    if (const Done done = context.api.remove(resource.path_of(id), query); !done) return done;
    if (args.has("wait")) {
      const Done done = child ? wait_active(context, owner) : wait_gone(context, resource, id);
      if (!done) return done;
    }
    context.say(fmt::format("{} deleted", label(resource, *object)));
  }
  return {};
}

Outcome<Value> get_document(Context& context, const Resource& resource, const std::string& name,
                            std::string_view part) {
  const auto id = find_id(context, resource, name);
  if (!id) return pass_on(id.error());
  return context.api.get(resource.path_of(*id) + std::string(part));
}

Outcome<Value> get_part(Context& context, const Resource& resource, const std::string& name, std::string_view part,
                        std::string_view key) {
  const auto document = get_document(context, resource, name, part);
  if (!document) return pass_on(document.error());
  return document->get(key);
}

}  // namespace elb::cli
