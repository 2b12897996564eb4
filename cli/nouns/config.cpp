// SPDX-License-Identifier: Apache-2.0
// elbctl apply, diff, validate and export: the configuration as one document (docs/apply.md).
#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "cli/crud.h"
#include "cli/nouns/configuration.h"
#include "cli/plan.h"
#include "cli/text.h"
#include "cli/yaml.h"
#include "codec/document.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr int64_t kWaitMax = 30;  // seconds, the API's

Outcome<Value> read_document(Context& context, const std::string& file) {
  const auto text = read_file(context, file);
  if (!text) return pass_on(text.error());
  auto document = parse_document(*text);
  if (document) return *std::move(document);
  return give_up(Exit::kUsage, fmt::format("{}: {}", harmless(file), harmless(document.error().message)),
                 "the file must be YAML or JSON; for an example: elbctl export");
}

Outcome<Value> send(Context& context, const Args& args, bool dry_run) {
  const auto document = read_document(context, args.text("file"));
  if (!document) return pass_on(document.error());
  Query query;
  if (dry_run) query.emplace_back("dry_run", "true");
  if (args.has("prune-all")) {
    query.emplace_back("prune", "all");
  } else if (args.has("prune")) {
    query.emplace_back("prune", "true");
  }
  if (const auto base = args.get("base-revision")) query.emplace_back("base_revision", *base);
  if (args.has("wait")) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(context.api.timeout()).count();
    query.emplace_back("wait", "applied");
    query.emplace_back("wait_timeout", std::to_string(std::clamp<int64_t>(seconds, 1, kWaitMax)));
  }
  if (!context.project.empty()) query.emplace_back("project_id", context.project);
  return context.api.post(with_query("/v1/apply", query), *document);
}

Done apply(Context& context, const Command&, const Args& args) {
  const bool dry_run = args.has("dry-run");
  const auto answer = send(context, args, dry_run);
  if (!answer) return pass_on(answer.error());
  print_plan(context, *answer, args.has("verbose"));
  const std::string counts = count_line(answer->get("summary"));
  if (!differs(*answer)) {
    context.say(fmt::format("nothing to do: everything is as the document says ({})", counts));
  } else if (dry_run) {
    context.say(fmt::format("a dry run, nothing is changed; without --dry-run: {}", counts));
  } else {
    context.say(fmt::format("{}; revision {}", counts, answer->get("revision").text()));
  }
  return {};
}

Done diff(Context& context, const Command&, const Args& args) {
  const auto answer = send(context, args, true);
  if (!answer) {
    Failure failure = answer.error();
    if (failure.exit == Exit::kError) failure.exit = Exit::kUsage;  // 1 is "differs"
    return pass_on(std::move(failure));
  }
  print_plan(context, *answer, true);
  if (!differs(*answer)) return {};
  return give_up(Exit::kError, fmt::format("the configuration differs: {}", count_line(answer->get("summary"))),
                 fmt::format("to make it so: elbctl apply -f {}", args.text("file")));
}

/// What the agent would say of each object by itself; what stands between them only it can tell.
Done validate(Context& context, const Command&, const Args& args) {
  const std::string file = args.text("file");
  const auto document = read_document(context, file);
  if (!document) return pass_on(document.error());
  std::vector<Error> errors;
  codec::decode_certificates(*document, errors);
  // Any name may be that of a certificate that the agent has.
  const auto any = [](std::string_view) -> Result<model::Id> { return std::string(32, '0'); };
  const auto load_balancers = codec::decode_load_balancers(*document, any, errors);
  if (errors.empty()) {
    context.say(fmt::format("{}: {} load balancers, no errors; against the agent: elbctl diff -f {}", file,
                            load_balancers.size(), file));
    return {};
  }
  Failure failure{Exit::kError, fmt::format("{} has {} error{}", file, errors.size(), errors.size() == 1 ? "" : "s"),
                  ""};
  for (const Error& error : errors) failure.details.push_back(harmless(error.to_string()));
  return pass_on(std::move(failure));
}

Done write(Context& context, const Command&, const Args& args) {
  Query query;
  for (const std::string& name : args.all("LB")) query.emplace_back("load_balancer", name);
  if (args.has("ids")) query.emplace_back("ids", "true");
  if (!context.project.empty()) query.emplace_back("project_id", context.project);
  const auto document = context.api.get("/v1/export", query);
  if (!document) return pass_on(document.error());
  context.out() << (context.format == Format::kJson ? document->dump(2) + "\n" : document->to_yaml());
  return {};
}

Option file_option() {
  return {.names = "--file,-f",
          .placeholder = "FILE",
          .help = "the document, YAML or JSON; - is standard input",
          .required = true};
}

std::vector<Option> prune_options() {
  return {
      {"--prune", "", "delete what lies below the load balancers that the document names and is in none of its lists",
       Kind::kFlag},
      {"--prune-all", "", "the same, and delete load balancers that it does not name", Kind::kFlag}};
}

}  // namespace

Noun apply_noun() {
  return {
      .name = "apply",
      .summary = "make the configuration be what a document says",
      .commands = {
          {.verb = "",
           .summary = "make the configuration be what a document says",
           .description = "The document has load balancers with listeners, pools, members, health monitors and "
                          "policies, found by their names. All of it becomes one revision, or nothing does; done "
                          "twice it changes nothing. What a document does not name stays, unless --prune is given.",
           .options = joined(joined({file_option()}, prune_options()),
                             {{"--dry-run", "", "show what would be done, and do nothing", Kind::kFlag},
                              {"--base-revision", "REVISION",
                               "only if the configuration is still at this revision, that of the plan"},
                              {"--wait", "", "until the kernel and the proxy have it", Kind::kFlag},
                              {"--verbose", "", "show the fields of new objects too", Kind::kFlag}}),
           .examples = {{"see it first", "elbctl apply -f shop.yaml --dry-run"},
                        {"do it", "elbctl apply -f shop.yaml --prune"},
                        {"from another agent", "elbctl --endpoint http://127.0.0.1:9876 export | elbctl apply -f -"}},
           .run = apply}}};
}

Noun diff_noun() {
  return {
      .name = "diff",
      .summary = "show how the configuration differs from a document",
      .commands = {{.verb = "",
                    .summary = "show how the configuration differs from a document",
                    .description = "Exit status 0: it does not; 1: it does; more than 1: it could not be found out.",
                    .options = joined({file_option()}, prune_options()),
                    .examples = {{"", "elbctl diff -f shop.yaml --prune"}},
                    .run = diff}}};
}

Noun validate_noun() {
  return {
      .name = "validate",
      .summary = "check a document without an agent",
      .commands = {{.verb = "",
                    .summary = "check a document without an agent",
                    .description = "Names, types, ranges and what goes together in each object. What stands between "
                                   "objects and what is there already only the agent knows: elbctl diff asks it.",
                    .options = {file_option()},
                    .examples = {{"", "elbctl validate -f shop.yaml"}},
                    .run = validate}}};
}

Noun export_noun() {
  return {.name = "export",
          .summary = "print the configuration as a document for apply",
          .commands = {
              {.verb = "",
               .summary = "print the configuration as a document for apply",
               .description = "YAML, or JSON with -o json. Private keys never leave the agent.",
               .positionals = {{"LB", "name or id: only these load balancers", "loadbalancer", "", false, true}},
               .options = {{"--ids", "", "with the ids of all objects, so that they come back with them", Kind::kFlag}},
               .examples = {{"everything", "elbctl export > all.yaml"}, {"one", "elbctl export web -o json"}},
               .run = write}}};
}

}  // namespace elb::cli
