// SPDX-License-Identifier: Apache-2.0
// elbctl token ...
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/crud.h"
#include "cli/nouns/access.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

const Resource& tokens() {
  static const Resource kResource = {"token",
                                     "token",
                                     "token",
                                     "tokens",
                                     "/v1/tokens",
                                     {{"NAME", "name"},
                                      {"ROLE", "role"},
                                      {"PROJECT", "project_id"},
                                      {"CREATED", "created_at"},
                                      {"EXPIRES", "expires_at"},
                                      {"ID", "id"}}};
  return kResource;
}

Done write_token(const std::string& path, const std::string& secret) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const std::string text = secret + "\n";
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return give_up(Exit::kError, fmt::format("cannot write the token to {}", path),
                   "it must not be there yet; delete the token that was made: elbctl token list");
  return {};
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (!context.project.empty()) fields->set("project_id", context.project);
  const auto document = context.api.post(tokens().path, tokens().close(*std::move(fields)));
  if (!document) return pass_on(document.error());
  const Value token = tokens().open(*document);
  const std::string secret = token.get("secret").as_string();
  if (const auto path = args.get("out")) {
    if (const Done done = write_token(*path, secret); !done) return done;
    context.say(fmt::format("token {} is in {}", token.get("id").text(), harmless(*path)));
    return {};
  }
  if (context.format == Format::kTable) {
    context.out() << secret << "\n";
    context.say("this is the only time that it is shown");
    return {};
  }
  context.out() << render_object(context.format, tokens().columns, token);
  return {};
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (!context.project.empty()) filters.emplace_back("project_id", context.project);
  if (const auto name = args.get("name")) filters.emplace_back("name", *name);
  const auto objects = context.api.list(tokens().path, tokens().plural, filters);
  if (!objects) return pass_on(objects.error());
  context.out() << render_list(context.format, tokens().columns, *objects);
  return {};
}

Done remove(Context& context, const Command&, const Args& args) {
  for (const std::string& id : args.all("ID")) {
    if (const Done done = context.api.remove(tokens().path_of(id)); !done) return done;
    context.say(fmt::format("token {} deleted", harmless(id)));
  }
  return {};
}

}  // namespace

Noun token_noun() {
  return {
      .name = "token",
      .aliases = {"tokens"},
      .summary = "tokens: who may use the API, and for what",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a token and show it, once",
           .description =
               "Of a token only a hash is kept. A member or an observer of a project sees that project only; "
               "an observer without one sees everything and changes nothing; a quota-admin sets quotas.",
           .positionals = {{"NAME", "what it is for", "", "name"}},
           .options = {{.names = "--role",
                        .placeholder = "ROLE",
                        .help = "what it may do",
                        .field = "role",
                        .choices = {"admin", "member", "observer", "quota-admin"},
                        .required = true},
                       {"--expires", "TIME", "when it ends, YYYY-MM-DDTHH:MM:SS in UTC (default: never)", Kind::kText,
                        "expires_at"},
                       {"--out", "FILE", "write it to a new file, mode 0600, instead of showing it"}},
           .examples = {{"a member of a project", "elbctl token create ci --role member --project shop --out ci.token"},
                        {"for monitoring", "elbctl token create prometheus --role observer"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list tokens, without what is secret",
           .options = {{"--name", "NAME", "only those with exactly this name"}},
           .examples = {{"", "elbctl token list"}},
           .run = list},
          {.verb = "delete",
           .aliases = {"rm", "revoke"},
           .summary = "delete tokens: they end at once",
           .positionals = {{.name = "ID", .help = "id of the token", .repeated = true}},
           .examples = {{"", "elbctl token delete 4f1c0b7a9e2d3c58"}},
           .run = remove}}};
}

}  // namespace elb::cli
