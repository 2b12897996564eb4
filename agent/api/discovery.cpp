// SPDX-License-Identifier: Apache-2.0
// What clients ask before they get to work: versions, the subnets of the node, providers.
#include <fmt/core.h>

#include <map>

#include "api/handlers.h"
#include "api/list_query.h"
#include "codec/encode.h"
#include "codec/floating_ip.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr int kNewestMinor = 27;  // of the Octavia API whose requests and answers we speak

Value version_value(const Request& request, int minor) {
  Value links = Value::array();
  links.push(Value().set("rel", "self").set("href", request.base_url + "/v2"));
  Value out = Value::object();
  out.set("id", fmt::format("v2.{}", minor)).set("status", minor == kNewestMinor ? "CURRENT" : "SUPPORTED");
  out.set("updated", "2022-09-06T00:00:00Z").set("links", std::move(links));
  return out;
}

std::vector<std::string> keys_of(const std::vector<Value>& items, std::vector<std::string> fallback) {
  return items.empty() ? std::move(fallback) : items[0].keys();
}

// Networks are not configured: one is there when a subnet names it.
std::vector<Value> network_values(const Context& context) {
  std::map<std::string, Value> subnets;
  for (const model::Subnet& subnet : context.node().subnets) subnets[subnet.network_id].push(subnet.id);
  std::vector<Value> networks;
  for (auto& [id, list] : subnets) {
    Value network = Value::object();
    network.set("id", id).set("name", id).set("subnets", std::move(list)).set("status", "ACTIVE");
    network.set("admin_state_up", true).set("shared", true).set("project_id", "").set("tenant_id", "");
    networks.push_back(std::move(network.set("router:external", false)));
  }
  if (context.node().eip_pools.empty()) return networks;
  Value eips = Value::object();  // what `openstack floating ip create public` looks for
  eips.set("id", codec::kPublicNetwork).set("name", "public").set("subnets", Value::array()).set("status", "ACTIVE");
  eips.set("admin_state_up", true).set("shared", true).set("project_id", "").set("tenant_id", "");
  networks.push_back(std::move(eips.set("router:external", true)));
  return networks;
}

std::vector<Value> subnet_values(const Context& context) {
  std::vector<Value> subnets;
  for (const model::Subnet& subnet : context.node().subnets) subnets.push_back(codec::encode(subnet));
  return subnets;
}

Result<Reply> list_of(const Request& request, std::string_view collection, std::vector<Value> items) {
  std::vector<std::string> fields = keys_of(items, {"id", "name"});
  auto list = render_list(request, {collection, std::move(fields)}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> one_of(const Request& request, std::string_view noun, const std::vector<Value>& items) {
  for (const Value& item : items) {
    if (item.get("id").as_string() == request.ids[0]) return Reply{200, Value().set(noun, item)};
  }
  return fail(ErrorCode::kNotFound, fmt::format("{} {} is not registered on this node", noun, request.ids[0]));
}

}  // namespace

Result<Reply> list_versions(Context&, const Request& request) {
  Value versions = Value::array();
  for (int minor = 0; minor <= kNewestMinor; ++minor) versions.push(version_value(request, minor));
  return Reply{200, Value().set("versions", std::move(versions))};
}

Result<Reply> show_version(Context&, const Request& request) {
  return Reply{200, Value().set("version", version_value(request, kNewestMinor))};
}

Result<Reply> list_subnets(Context& context, const Request& request) {
  return list_of(request, "subnets", subnet_values(context));
}

Result<Reply> show_subnet(Context& context, const Request& request) {
  return one_of(request, "subnet", subnet_values(context));
}

Result<Reply> list_networks(Context& context, const Request& request) {
  return list_of(request, "networks", network_values(context));
}

Result<Reply> show_network(Context& context, const Request& request) {
  return one_of(request, "network", network_values(context));
}

Result<Reply> list_providers(Context&, const Request& request) {
  std::vector<Value> providers;
  const auto add = [&providers](std::string_view name, std::string_view description) {
    providers.push_back(Value().set("name", name).set("description", description));
  };
  add("elb", "The balancer of this node.");
  add("octavia", "Another name for elb that clients of Octavia ask for.");
  add("vlb", "Another name for elb that clients of the vendor's API ask for.");
  Value list = Value::array();
  for (Value& provider : providers) {
    auto selected = select_fields(request, std::move(provider));
    if (!selected) return pass_on(selected.error());
    list.push(std::move(*selected));
  }
  return Reply{200, Value().set("providers", std::move(list)).set("providers_links", Value::array())};
}

}  // namespace elb::api
