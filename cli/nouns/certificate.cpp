// SPDX-License-Identifier: Apache-2.0
// elbctl certificate ...: what a file holds goes to the API as it is; the agent checks and converts.
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kCertificate = {"CERTIFICATE", "name or id of the certificate", "certificate"};

Outcome<Value> fields_of(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  for (const auto& [option, field] : {std::pair{"cert", "certificate"}, std::pair{"key", "private_key"}}) {
    const auto name = args.get(option);
    if (!name) continue;
    const auto content = read_file(context, *name);
    if (!content) return pass_on(content.error());
    fields->set(field, *content);
  }
  return fields;
}

/// Accepted, but the user should know.
Done print_answer(Context& context, const Outcome<Value>& document) {
  if (!document) return pass_on(document.error());
  tell_warnings(context, *document);
  context.out() << render_object(context.format, certificates().columns, *document);
  return {};
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_of(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (!context.project.empty()) fields->set("project_id", context.project);
  return print_answer(context, context.api.post(certificates().path, *fields));
}

Done list(Context& context, const Command&, const Args& args) { return list_objects(context, certificates(), args); }

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, certificates(), args.text("CERTIFICATE"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_of(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (fields->size() == 0) return usage_error("nothing to change was given", "see: elbctl certificate set --help");
  const auto id = find_id(context, certificates(), args.text("CERTIFICATE"));
  if (!id) return pass_on(id.error());
  return print_answer(context, context.api.put(certificates().path_of(*id), *fields));
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, certificates(), args.all("CERTIFICATE"), args);
}

std::vector<Option> own_options(bool is_new) {
  return {{.names = "--cert,--certificate",
           .placeholder = "FILE",
           .help = "PEM: the certificate, then the intermediate ones; - is standard input",
           .required = is_new},
          {"--key,--private-key", "FILE", "PEM: its private key, without a passphrase"},
          {"--domain", "DOMAIN", "host name, or *. and a host name, that SNI finds it by", Kind::kText, "domain"},
          {"--description", "TEXT", "free text for people", Kind::kText, "description"},
          {.names = "--tag",
           .placeholder = "TAG",
           .help = "a tag; several make the list, a single empty one clears it",
           .field = "tags",
           .repeated = true}};
}

}  // namespace

Noun certificate_noun() {
  Positional several = kCertificate;
  several.repeated = true;
  std::vector<Option> deletion = delete_options();
  deletion.pop_back();  // no load balancer's: there is nothing to wait for
  return {.name = "certificate",
          .aliases = {"certificates", "cert"},
          .summary = "certificates: what HTTPS listeners show, and the authorities that verify clients",
          .commands = {
              {.verb = "create",
               .aliases = {"add"},
               .summary = "upload a certificate",
               .description = "Keys are never shown again, neither here nor by the API.",
               .positionals = {{"NAME", "name of the new certificate", "", "name", false}},
               .options = joined(own_options(true), {{.names = "--type",
                                                      .placeholder = "TYPE",
                                                      .help = "server (the default), or client for an authority",
                                                      .field = "type",
                                                      .choices = {"server", "client"}}}),
               .examples = {{"", "elbctl certificate create shop --cert chain.pem --key key.pem"},
                            {"for SNI", "elbctl cert create api --cert api.pem --key api.key --domain api.example.com"},
                            {"an authority that clients' certificates come from",
                             "elbctl cert create staff --type client --cert ca.pem"}},
               .run = create},
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list certificates",
               .options = list_options(),
               .examples = {{"those that expire first", "elbctl certificate list --sort expire_time"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get", "describe"},
               .summary = "show one certificate",
               .positionals = {kCertificate},
               .options = {watch_option()},
               .examples = {{"", "elbctl certificate show shop -o yaml"}},
               .run = show},
              {.verb = "set",
               .aliases = {"update", "edit", "renew"},
               .summary = "change or renew a certificate",
               .description = "New handshakes get the new one at once; open connections go on.",
               .positionals = {kCertificate},
               .options = joined({{"--name", "NAME", "the new name", Kind::kText, "name"}}, own_options(false)),
               .examples = {{"", "elbctl certificate set shop --cert chain.pem --key key.pem"}},
               .run = set},
              {.verb = "delete",
               .aliases = {"rm", "remove"},
               .summary = "delete certificates that no listener uses",
               .positionals = {several},
               .options = deletion,
               .examples = {{"", "elbctl certificate delete shop"}},
               .run = remove},
          }};
}

}  // namespace elb::cli
