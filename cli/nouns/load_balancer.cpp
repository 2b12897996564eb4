// SPDX-License-Identifier: Apache-2.0
// elbctl loadbalancer ...
#include <map>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/statuses.h"

namespace elb::cli {
namespace {

const Positional kLoadBalancer = {"LB", "name or id of the load balancer", "loadbalancer"};

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (!fields->has("vip_address") && !fields->has("vip_subnet_id") && !fields->has("vip_network_id")) {
    return usage_error("--vip-address, --vip-subnet or --vip-network is required",
                       "see: elbctl loadbalancer create --help; the node's subnets: elbctl subnet list");
  }
  return create_object(context, load_balancers(), *std::move(fields), args);
}

/// LB-16: an export names what each one listens on, which its own object does not.
Done list(Context& context, const Command&, const Args& args) {
  if (context.format != Format::kCsv && context.format != Format::kWide)
    return list_objects(context, load_balancers(), args);
  const auto found = context.api.list(listeners().path, listeners().plural, {});
  if (!found) return pass_on(found.error());
  std::map<std::string, std::string> ports;
  for (const codec::Value& listener : *found)
    ports[listener.get("id").text()] = listener.get("protocol").text() + "/" + listener.get("protocol_port").text();
  Resource resource = load_balancers();
  resource.columns.push_back({"PORTS", "listeners", true, [ports](const codec::Value& lb) {
                                std::string text;
                                const codec::Value ids = lb.get("listeners");
                                for (size_t i = 0; i < ids.size(); ++i)
                                  if (const auto port = ports.find(ids.at(i).get("id").text()); port != ports.end())
                                    text += (text.empty() ? "" : " ") + port->second;
                                return text;
                              }});
  return list_objects(context, resource, args);
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, load_balancers(), args.text("LB"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, load_balancers(), args.text("LB"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  const bool cascade = args.has("cascade");
  const Query query = cascade ? Query{{"cascade", "true"}} : Query{};
  Done done = delete_objects(context, load_balancers(), args.all("LB"), args, query);
  if (!done && !cascade && (done.error().http_status == 400 || done.error().http_status == 409)) {
    done.error().exit = Exit::kConflict;
    done.error().hint = "delete what it holds first, or everything at once with --cascade";
  }
  return done;
}

Done status(Context& context, const Command&, const Args& args) {
  const auto document = get_part(context, load_balancers(), args.text("LB"), "/status", "statuses");
  if (!document) return pass_on(document.error());
  return print_statuses(context, *document);
}

Done stats(Context& context, const Command&, const Args& args) {
  const auto document = get_part(context, load_balancers(), args.text("LB"), "/stats", "stats");
  if (!document) return pass_on(document.error());
  return print_stats(context, *document);
}

}  // namespace

Noun load_balancer_noun() {
  const Option bandwidth = {"--bandwidth", "MBIT", "limit of the virtual address in Mbit/s, each direction",
                            Kind::kInteger, "vip_bandwidth"};
  std::vector<Option> create_options = {
      {"--vip-address", "ADDRESS", "the virtual address; without it one is taken from the subnet", Kind::kText,
       "vip_address"},
      {"--vip-subnet,--vip-subnet-id,--subnet", "SUBNET", "subnet of the virtual address", Kind::kReference,
       "vip_subnet_id", "subnet"},
      {"--vip-network,--vip-network-id", "ID", "network of the virtual address", Kind::kText, "vip_network_id"},
      {"--enterprise-project", "ID", "label of the enterprise project it belongs to (default 0)", Kind::kText,
       "enterprise_project_id"},
      bandwidth};
  const std::vector<Option> protection = {{.names = "--protect",
                                           .help = "refuse to delete it",
                                           .kind = Kind::kFlag,
                                           .field = "deletion_protection",
                                           .constant = true},
                                          {.names = "--no-protect",
                                           .help = "let it be deleted again",
                                           .kind = Kind::kFlag,
                                           .field = "deletion_protection",
                                           .constant = false}};
  Positional name = {"NAME", "name of the new load balancer", "", "name", false};
  Positional several = kLoadBalancer;
  several.repeated = true;
  return {
      .name = "loadbalancer",
      .aliases = {"lb", "loadbalancers", "lbs"},
      .summary = "load balancers: a virtual address (VIP) and what hangs under it",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a load balancer",
           .positionals = {name},
           .options = joined(joined({{"--name", "NAME", "the same as NAME", Kind::kText, "name"}}, create_options),
                             joined(joined(common_options(false), protection), {wait_option()})),
           .examples = {{"with a given address", "elbctl lb create web --vip-address 10.0.0.100 --wait"},
                        {"with any free address of a subnet, only its id on stdout",
                         "LB=$(elbctl lb create web --vip-subnet front -o id)"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list load balancers",
           .options = list_options(),
           .examples = {{"all of them, with every column", "elbctl lb list -o wide"},
                        {"into a file for a spreadsheet", "elbctl lb list -o csv > load-balancers.csv"},
                        {"the addresses of those that are down, for a script",
                         "elbctl lb list --filter operating_status=ERROR -o csv"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one load balancer",
           .positionals = {kLoadBalancer},
           .options = {watch_option()},
           .examples = {{"as the API has it", "elbctl lb show web -o yaml"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a load balancer",
           .positionals = {kLoadBalancer},
           .options = joined({bandwidth,
                              {.names = "--no-bandwidth",
                               .help = "without that limit",
                               .kind = Kind::kFlag,
                               .field = "vip_bandwidth",
                               .constant = {}}},
                             joined(joined(common_options(true), protection), {wait_option()})),
           .examples = {{"take it out of service and bring it back",
                         "elbctl lb set web --disable; elbctl lb set web --enable --wait"}},
           .run = set},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete load balancers",
           .positionals = {several},
           .options = joined({{"--cascade", "", "with its listeners, pools, members and health monitors", Kind::kFlag}},
                             delete_options()),
           .examples = {{"with everything under it", "elbctl lb delete web --cascade"}},
           .run = remove},
          {.verb = "status",
           .aliases = {"statuses"},
           .summary = "show the status tree of one load balancer",
           .description =
               "The tree of the API's own status document. `elbctl status` says more: reasons, latencies and "
               "what the data plane has applied.",
           .positionals = {kLoadBalancer},
           .examples = {{"", "elbctl lb status web"}},
           .run = status},
          {.verb = "stats",
           .summary = "show the counters of one load balancer",
           .positionals = {kLoadBalancer},
           .examples = {{"for a script", "elbctl lb stats web -o json"}},
           .run = stats},
      }};
}

}  // namespace elb::cli
