// SPDX-License-Identifier: Apache-2.0
// elbctl project ...
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/access.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

const Resource& projects() {
  static const Resource kResource = {
      "project",      "project",
      "project",      "projects",
      "/v1/projects", {{"NAME", "name"}, {"ID", "id"}, {"CREATED", "created_at"}, {"DESCRIPTION", "description"}}};
  return kResource;
}

Done create(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto document = context.api.post(projects().path, projects().close(*fields));
  if (!document) return pass_on(document.error());
  context.out() << render_object(context.format, projects().columns, projects().open(*document));
  return {};
}

Done list(Context& context, const Command&, const Args&) {
  const auto objects = context.api.list(projects().path, projects().plural);
  if (!objects) return pass_on(objects.error());
  context.out() << render_list(context.format, projects().columns, *objects);
  return {};
}

Done remove(Context& context, const Command&, const Args& args) {
  for (const std::string& word : args.all("PROJECT")) {
    const auto found = context.api.get(projects().path_of(word));  // by id or name
    if (!found) return pass_on(found.error());
    const std::string id = projects().open(*found).get("id").as_string();
    if (const Done done = context.api.remove(projects().path_of(id)); !done) return done;
    context.say(fmt::format("project {} deleted", harmless(word)));
  }
  return {};
}

}  // namespace

Noun project_noun() {
  return {
      .name = "project",
      .aliases = {"projects"},
      .summary = "projects: whom objects and tokens belong to",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a project",
           .positionals = {{"NAME", "name of the new project", "", "name"}},
           .options = {{"--id", "ID", "its id: letters, digits, '-', '_', '.' (default: made up)", Kind::kText, "id"},
                       {"--description", "TEXT", "free text for people", Kind::kText, "description"}},
           .examples = {{"", "elbctl project create shop --id shop"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list projects",
           .examples = {{"", "elbctl project list"}},
           .run = list},
          {.verb = "delete",
           .aliases = {"rm"},
           .summary = "delete projects that have neither objects nor tokens",
           .positionals = {{.name = "PROJECT", .help = "name or id of the project", .repeated = true}},
           .examples = {{"", "elbctl project delete shop"}},
           .run = remove}}};
}

}  // namespace elb::cli
