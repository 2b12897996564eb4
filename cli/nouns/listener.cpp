// SPDX-License-Identifier: Apache-2.0
// elbctl listener ...
#include "cli/crud.h"
#include "cli/http_rates.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/statuses.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kListener = {"LISTENER", "name or id of the listener", "listener"};

/// The API has the texts: {"error_pages": [{"status": "503", "content_type": ..., "body": ...}]} of 503=FILE. The type
/// is what the file's name says.
Outcome<Value> with_error_pages(Context& context, Value fields) {
  if (!fields.has("error_pages")) return fields;
  const Value given = fields.get("error_pages");
  Value pages = Value::array();
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string text = given.at(i).as_string();
    if (text.empty() && given.size() == 1) break;
    const size_t sign = text.find('=');
    if (sign == std::string::npos) return usage_error("--error-page: expected STATUS=FILE, got '" + text + "'");
    const std::string file = text.substr(sign + 1);
    const auto body = read_file(context, file);
    if (!body) return pass_on(body.error());
    const std::string type = file.ends_with(".json")  ? "application/json"
                             : file.ends_with(".txt") ? "text/plain; charset=utf-8"
                                                      : "text/html; charset=utf-8";
    pages.push(Value::object().set("status", text.substr(0, sign)).set("content_type", type).set("body", *body));
  }
  return fields.set("error_pages", std::move(pages));
}

Done create(Context& context, const Command& command, const Args& args) {
  auto given = fields_from(context, command, args);
  if (!given) return pass_on(given.error());
  auto fields = with_error_pages(context, *std::move(given));
  if (!fields) return pass_on(fields.error());
  return create_object(context, listeners(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("loadbalancer_id", *id);
  }
  return list_objects(context, listeners(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, listeners(), args.text("LISTENER"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  if (args.has("default-pool") && args.has("no-default-pool")) {
    return usage_error("--default-pool and --no-default-pool exclude each other");
  }
  for (const char* option : {"http2", "client-ca"})
    if (args.has(option) && args.has(std::string("no-") + option))
      return usage_error(std::string("--") + option + " and --no-" + option + " exclude each other");
  if (args.has("toa") && args.has("no-toa")) return usage_error("--toa and --no-toa exclude each other");
  auto given = fields_from(context, command, args);
  if (!given) return pass_on(given.error());
  const auto fields = with_error_pages(context, *std::move(given));
  if (!fields) return pass_on(fields.error());
  return set_object(context, listeners(), args.text("LISTENER"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, listeners(), args.all("LISTENER"), args);
}

Done stats(Context& context, const Command&, const Args& args) {
  const auto document = get_document(context, listeners(), args.text("LISTENER"), "/stats");
  if (!document) return pass_on(document.error());
  Value stats = document->get("stats");
  const Value http = http_totals(document->get("http"));
  for (const std::string& key : http.keys()) stats.set(key, http.get(key));
  return print_stats(context, stats);
}

/// Of HTTP and HTTPS.
std::vector<Option> l7_options() {
  return {
      {"--certificate", "CERTIFICATE", "HTTPS: the server certificate", Kind::kReference, "default_tls_container_ref",
       "certificate"},
      {.names = "--sni-certificate",
       .placeholder = "CERTIFICATE",
       .help = "HTTPS: one that clients get who ask for its domain; several make the list (at most 50)",
       .kind = Kind::kReference,
       .field = "sni_container_refs",
       .noun = "certificate",
       .repeated = true},
      {"--client-ca", "CERTIFICATE", "HTTPS: clients need a certificate of this authority", Kind::kReference,
       "client_ca_tls_container_ref", "certificate"},
      {.names = "--http2",
       .help = "HTTPS: offer HTTP/2",
       .kind = Kind::kFlag,
       .field = "http2_enable",
       .constant = true},
      {.names = "--tls-policy",
       .placeholder = "POLICY",
       .help = "HTTPS: oldest protocol and ciphers (default tls-1-2)",
       .field = "tls_ciphers_policy",
       .choices = {"tls-1-0", "tls-1-1", "tls-1-2", "tls-1-2-strict"}},
      {"--client-timeout", "MS", "HTTP, HTTPS: how long a client may say nothing (default 60000)", Kind::kInteger,
       "timeout_client_data"},
      {"--connect-timeout", "MS", "HTTP, HTTPS: how long connecting to a member may take (default 5000)",
       Kind::kInteger, "timeout_member_connect"},
      {"--member-timeout", "MS", "HTTP, HTTPS: how long a member's answer may take (default 60000)", Kind::kInteger,
       "timeout_member_data"},
      {"--request-rate", "N", "HTTP, HTTPS: requests per second, answered with 429 beyond it (default: any number)",
       Kind::kInteger, "request_rate_limit"},
      {"--request-burst", "N", "with --request-rate: how many at once (default: as many as a second has)",
       Kind::kInteger, "request_rate_burst"},
      {"--min-body-rate", "BYTES",
       "HTTP, HTTPS: bytes per second that a request's body has to bring, 408 below it (default 100; 0: any)",
       Kind::kInteger, "min_body_rate"},
      {"--trace-sampling", "N",
       "HTTP, HTTPS: take part in traces (W3C Trace Context) and begin one for N of 10000 requests (default: no "
       "tracing)",
       Kind::kInteger, "trace_sampling"},
      {.names = "--proxy-protocol-from",
       .placeholder = "CIDR",
       .help = "HTTP, HTTPS: a block of balancers that tell clients' addresses by the PROXY protocol and have to; "
               "several make the list, a single empty one takes it away",
       .field = "proxy_protocol_trusted",
       .repeated = true},
      {.names = "--error-page",
       .placeholder = "STATUS=FILE",
       .help = "HTTP, HTTPS: a page instead of the load balancer's own line, for a status or for 4xx or 5xx; several "
               "make the list, a single empty one takes it away",
       .field = "error_pages",
       .repeated = true}};
}

}  // namespace

Noun listener_noun() {
  const Option default_pool = {"--default-pool",  "POOL", "pool that gets the connections", Kind::kReference,
                               "default_pool_id", "pool"};
  const std::vector<Option> create_options = {{"--name", "NAME", "the same as NAME", Kind::kText, "name"},
                                              {.names = "--lb,--loadbalancer",
                                               .placeholder = "LB",
                                               .help = "load balancer it belongs to",
                                               .kind = Kind::kReference,
                                               .field = "loadbalancer_id",
                                               .noun = "loadbalancer",
                                               .required = true},
                                              {.names = "--protocol",
                                               .placeholder = "PROTOCOL",
                                               .help = "protocol of the clients",
                                               .kind = Kind::kUpper,
                                               .field = "protocol",
                                               .choices = {"TCP", "UDP", "HTTP", "HTTPS"},
                                               .required = true},
                                              {.names = "--port,--protocol-port",
                                               .placeholder = "PORT",
                                               .help = "port of the virtual address, 1 to 65535",
                                               .kind = Kind::kInteger,
                                               .field = "protocol_port",
                                               .required = true},
                                              default_pool};
  const std::vector<Option> policies = {
      {"--connection-limit", "N", "connections open at a time, 1 to 2147483647; -1: any number (the default)",
       Kind::kInteger, "connection_limit"},
      {.names = "--allowed-cidr",
       .placeholder = "CIDR",
       .help = "a block that may connect; several make the list (at most 300), a single empty one lets everybody in",
       .field = "allowed_cidrs",
       .repeated = true},
      {.names = "--toa",
       .help = "tell members the client's address in a TCP option",
       .kind = Kind::kFlag,
       .field = "toa",
       .constant = true}};
  Positional several = kListener;
  several.repeated = true;
  return {
      .name = "listener",
      .aliases = {"listeners"},
      .summary = "listeners: a protocol and port of a load balancer",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a listener on a load balancer",
           .positionals = {{"NAME", "name of the new listener", "", "name", false}},
           .options = joined(joined(create_options, policies),
                             joined(l7_options(), joined(common_options(false), {wait_option()}))),
           .examples = {{"TCP on port 80", "elbctl listener create web-80 --lb web --protocol TCP --port 80 --wait"},
                        {"UDP, with a pool that exists already",
                         "elbctl listener create dns --lb web --protocol UDP --port 53 --default-pool resolvers"},
                        {"HTTPS",
                         "elbctl listener create web-443 --lb web --protocol HTTPS --port 443 --certificate shop"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list listeners",
           .options = joined({{.names = "--lb,--loadbalancer",
                               .placeholder = "LB",
                               .help = "only those of this load balancer",
                               .noun = "loadbalancer"}},
                             list_options()),
           .examples = {{"of one load balancer", "elbctl listener list --lb web"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one listener",
           .positionals = {kListener},
           .options = {watch_option()},
           .examples = {{"", "elbctl listener show web-80"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a listener",
           .positionals = {kListener},
           .options = joined(joined({default_pool,
                                     {.names = "--no-default-pool",
                                      .help = "no pool: new connections are refused",
                                      .kind = Kind::kFlag,
                                      .field = "default_pool_id",
                                      .constant = {}}},
                                    joined(policies, l7_options())),
                             joined({{.names = "--no-toa",
                                      .help = "do not tell members the client's address (the default)",
                                      .kind = Kind::kFlag,
                                      .field = "toa",
                                      .constant = false},
                                     {.names = "--no-http2",
                                      .help = "HTTPS: HTTP/1.1 only (the default)",
                                      .kind = Kind::kFlag,
                                      .field = "http2_enable",
                                      .constant = false},
                                     {.names = "--no-request-rate",
                                      .help = "HTTP, HTTPS: any number of requests (the default)",
                                      .kind = Kind::kFlag,
                                      .field = "request_rate_limit",
                                      .constant = {}},
                                     {.names = "--no-client-ca",
                                      .help = "HTTPS: clients need no certificate (the default)",
                                      .kind = Kind::kFlag,
                                      .field = "client_ca_tls_container_ref",
                                      .constant = {}}},
                                    joined(common_options(true), {wait_option()}))),
           .examples = {{"let only these clients in",
                         "elbctl listener set web-80 --allowed-cidr 10.0.0.0/8 --allowed-cidr 192.0.2.7/32"},
                        {"at most 500 requests a second, 50 at once",
                         "elbctl listener set web-80 --request-rate 500 --request-burst 50"},
                        {"hand new connections to another pool", "elbctl listener set web-80 --default-pool green"}},
           .run = set},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete listeners",
           .positionals = {several},
           .options = delete_options(),
           .examples = {{"", "elbctl listener delete web-80 --wait"}},
           .run = remove},
          {.verb = "stats",
           .summary = "show the counters of one listener",
           .positionals = {kListener},
           .examples = {{"", "elbctl listener stats web-80"}},
           .run = stats},
      }};
}

}  // namespace elb::cli
