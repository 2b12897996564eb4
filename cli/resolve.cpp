// SPDX-License-Identifier: Apache-2.0
#include "cli/resolve.h"

#include <fmt/core.h>

#include "base/ip.h"
#include "base/random.h"
#include "cli/member_spec.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

bool is_id(std::string_view text) { return text.size() == 36 && is_uuid(text); }

std::string describe(const Resource& resource, const Value& object) {
  std::string line = object.get("id").text();
  for (const Column& column : resource.columns) {
    if (column.wide || column.field == "id" || column.field == "name" || column.field.empty()) continue;
    const std::string text = field_text(object.get(column.field));
    if (!text.empty() && object.get(column.field).is_string()) line += "  " + harmless(text);
  }
  return line;
}

Failure not_found(const Resource& resource, std::string_view name) {
  const std::string list =
      resource.noun == "member" ? "elbctl member list POOL" : fmt::format("elbctl {} list", resource.noun);
  return {Exit::kNotFound, fmt::format("no {} has the name or id '{}'", resource.title, harmless(name)),
          "see: " + list};
}

Failure ambiguous(const Resource& resource, std::string_view name, const std::vector<Value>& objects) {
  Failure failure{Exit::kConflict,
                  fmt::format("{} {}s have the name '{}'", objects.size(), resource.title, harmless(name)),
                  "give the id of one of them:"};
  for (const Value& object : objects) failure.details.push_back(describe(resource, object));
  return failure;
}

Outcome<std::vector<Value>> look_up(Context& context, const Resource& resource, Query query) {
  // Subnets belong to the node, not to a project.
  if (!context.project.empty() && resource.noun != "subnet") query.emplace_back("project_id", context.project);
  return context.api.list(resource.path, resource.plural, query);
}

}  // namespace

Outcome<Value> find_object(Context& context, const Resource& resource, std::string_view name) {
  if (name.empty()) return usage_error(fmt::format("the name of a {} must not be empty", resource.title));
  if (is_id(name)) {
    const auto document = context.api.get(resource.path_of(name));
    if (!document) return pass_on(document.error());
    return resource.open(*document);
  }
  std::vector<Query> attempts = {{{"name", std::string(name)}}};
  if (resource.noun == "member") {
    if (const auto endpoint = parse_member_address(name)) {
      attempts.push_back(
          {{"address", endpoint->address.to_string()}, {"protocol_port", std::to_string(endpoint->port)}});
    }
  } else {
    if (resource.noun == "eip") attempts.push_back({{"address", std::string(name)}});
    attempts.push_back({{"id", std::string(name)}});
  }
  for (Query& query : attempts) {
    const auto found = look_up(context, resource, std::move(query));
    if (!found) return pass_on(found.error());
    if (found->size() > 1) return pass_on(ambiguous(resource, name, *found));
    if (found->size() == 1) return found->front();
  }
  return pass_on(not_found(resource, name));
}

Outcome<std::string> find_id(Context& context, const Resource& resource, std::string_view name) {
  if (is_id(name)) return std::string(name);
  const auto object = find_object(context, resource, name);
  if (!object) return pass_on(object.error());
  return object->get("id").text();
}

}  // namespace elb::cli
