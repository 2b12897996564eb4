// SPDX-License-Identifier: Apache-2.0
// Neutron's view of EIPs: /v2.0/floatingips, and the ports they are bound to, one for each VIP. Enough of it for
// `openstack floating ip` at the same endpoint. The store is that of eips.cpp.
#include "codec/floating_ip.h"

#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using codec::FloatingIp;
using codec::Value;
using control::Draft;
using model::Eip;
using model::Id;
using model::LoadBalancer;

Value port_value(const LoadBalancer& lb) {
  Value address = Value::object();
  address.set("subnet_id", lb.vip_subnet_id).set("ip_address", lb.vip_address.to_string());
  Value out = Value::object();
  out.set("id", lb.vip_port_id).set("name", "octavia-lb-" + lb.id).set("network_id", lb.vip_network_id);
  out.set("fixed_ips", Value::array().push(std::move(address))).set("mac_address", "");
  out.set("device_id", "lb-" + lb.id).set("device_owner", "Octavia").set("status", "ACTIVE");
  out.set("admin_state_up", lb.admin_state_up).set("project_id", lb.project_id).set("tenant_id", lb.project_id);
  out.set("security_groups", Value::array()).set("tags", Value::array()).set("description", "");
  return out;
}

/// Says in Neutron's words what the draft says of an EIP.
tl::unexpected<Error> in_neutron_words(Error error) {
  if (error.field == "loadbalancer_id") error.field = "port_id";
  if (error.field == "address") error.field = "floating_ip_address";
  return pass_on(std::move(error));
}

Status bind(const Draft& draft, FloatingIp& floating_ip) {
  Eip& eip = floating_ip.eip;
  const LoadBalancer* lb = nullptr;
  if (floating_ip.port_id) {
    eip.loadbalancer_id.reset();
    for (const auto& [id, candidate] : draft.model().load_balancers)
      if (!floating_ip.port_id->empty() && candidate->vip_port_id == *floating_ip.port_id && draft.sees(*candidate))
        lb = candidate.get();
    if (!floating_ip.port_id->empty() && !lb)
      return fail(ErrorCode::kNotFound, fmt::format("no VIP has port {}", *floating_ip.port_id), "port_id");
    if (lb) eip.loadbalancer_id = lb->id;
  } else if (eip.loadbalancer_id) {
    const auto bound = draft.find<LoadBalancer>(*eip.loadbalancer_id);
    if (bound) lb = draft.model().load_balancers.at(*eip.loadbalancer_id).get();
  }
  const std::string& fixed = floating_ip.fixed_ip_address;
  if (fixed.empty()) return {};
  if (!lb) return invalid("fixed_ip_address", "needs a port_id");
  const auto address = IpAddress::parse(fixed);
  if (!address || *address != lb->vip_address)
    return invalid("fixed_ip_address",
                   fmt::format("must be {}, the address of the port, got '{}'", lb->vip_address.to_string(), fixed));
  return {};
}

Result<Reply> shown_floating_ip(Context& context, int status, const Id& id) {
  const View view = context.view();
  const auto eip = find<Eip>(view, "floating IP", id);
  if (!eip) return pass_on(eip.error());
  return Reply{status, Value().set("floatingip", codec::encode_floating_ip(**eip, *view.relations))};
}

}  // namespace

Result<Reply> list_floating_ips(Context& context, const Request& request) {
  const View view = context.view();
  std::vector<Value> items;
  for (const auto& [id, eip] : view.model().eips) items.push_back(codec::encode_floating_ip(*eip, *view.relations));
  auto list =
      render_list(request, {"floatingips", codec::encode_floating_ip({}, *view.relations).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_floating_ip(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  auto decoded = codec::decode_floating_ip(*body);
  if (!decoded) return pass_on(decoded.error());
  Id id;
  const Status written = context.write([&](Draft& draft) -> Status {
    if (Status status = bind(draft, *decoded); !status) return status;
    const auto created = draft.create(decoded->eip, decoded->address_given);
    if (!created) return pass_on(created.error());
    id = *created;
    return {};
  });
  if (!written) return in_neutron_words(written.error());
  return shown_floating_ip(context, 201, id);
}

Result<Reply> show_floating_ip(Context& context, const Request& request) {
  const View view = context.view();
  const auto eip = find<Eip>(view, "floating IP", request.ids[0]);
  if (!eip) return pass_on(eip.error());
  auto item = select_fields(request, codec::encode_floating_ip(**eip, *view.relations));
  if (!item) return pass_on(item.error());
  return Reply{200, Value().set("floatingip", std::move(*item))};
}

Result<Reply> update_floating_ip(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const Status written = context.write([&](Draft& draft) -> Status {
    const auto current = draft.find<Eip>(request.ids[0]);
    if (!current) return pass_on(current.error());
    FloatingIp floating_ip{**current, true, std::nullopt, ""};
    if (Status status = codec::decode_update(*body, floating_ip); !status) return status;
    if (Status status = bind(draft, floating_ip); !status) return status;
    return draft.update(std::move(floating_ip.eip));
  });
  if (!written) return in_neutron_words(written.error());
  return shown_floating_ip(context, 200, request.ids[0]);
}

Result<Reply> delete_floating_ip(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](Draft& draft) { return draft.remove_eip(request.ids[0], true); });
}

Result<Reply> list_ports(Context& context, const Request& request) {
  const View view = context.view();
  std::vector<Value> items;
  for (const auto& [id, lb] : view.model().load_balancers) items.push_back(port_value(*lb));
  auto list = render_list(request, {"ports", port_value({}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> show_port(Context& context, const Request& request) {
  const View view = context.view();
  for (const auto& [id, lb] : view.model().load_balancers)
    if (lb->vip_port_id == request.ids[0]) return Reply{200, Value().set("port", port_value(*lb))};
  return fail(ErrorCode::kNotFound, fmt::format("port {} does not exist", request.ids[0]));
}

}  // namespace elb::api
