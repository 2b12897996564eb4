// SPDX-License-Identifier: Apache-2.0
#include "codec/floating_ip.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "codec/decode_parts.h"
#include "codec/encode.h"

namespace elb::codec {
namespace {

std::string zulu_time(int64_t seconds) { return format_utc(WallTime{std::chrono::seconds(seconds)}) + "Z"; }

void read_mutable(Fields& fields, FloatingIp& floating_ip) {
  model::Eip& eip = floating_ip.eip;
  fields.refuse({"id", "created_at", "updated_at", "status", "revision_number"}, kReadOnly);
  fields.text("description", eip.description);
  std::string port;
  fields.line("port_id", port);
  if (fields.given("port_id")) floating_ip.port_id = port;
  fields.line("fixed_ip_address", floating_ip.fixed_ip_address);
  fields.neutral("qos_policy_id").neutral("distributed", {"false"});
}

}  // namespace

Value encode_floating_ip(const model::Eip& eip, const Relations& relations) {
  Value port, fixed;
  if (eip.loadbalancer_id) {
    const auto lb = relations.model().load_balancers.find(*eip.loadbalancer_id);
    if (lb != relations.model().load_balancers.end()) {
      port = lb->second->vip_port_id;
      fixed = lb->second->vip_address.to_string();
    }
  }
  Value tags = Value::array();
  for (const std::string& tag : eip.tags) tags.push(tag);
  Value out = Value::object();
  out.set("id", eip.id).set("floating_ip_address", eip.address.to_string());
  out.set("floating_network_id", kPublicNetwork).set("status", port.is_null() ? "DOWN" : "ACTIVE");
  out.set("port_id", std::move(port)).set("fixed_ip_address", std::move(fixed)).set("router_id", Value());
  out.set("description", eip.description).set("port_details", Value()).set("port_forwardings", Value::array());
  out.set("dns_domain", "").set("dns_name", "").set("qos_policy_id", Value()).set("tags", std::move(tags));
  out.set("project_id", eip.project_id).set("tenant_id", eip.project_id).set("revision_number", 0);
  out.set("created_at", zulu_time(eip.created_at)).set("updated_at", zulu_time(eip.updated_at));
  return out;
}

Result<FloatingIp> decode_floating_ip(const Value& body) {
  const auto object = open_envelope(body, "floatingip");
  if (!object) return pass_on(object.error());
  FloatingIp decoded;
  Fields fields(*object, "");
  read_project(fields, decoded.eip);
  read_mutable(fields, decoded);
  std::string network;
  fields.require("floating_network_id").line("floating_network_id", network);
  if (fields.ok() && network != kPublicNetwork) {
    fields.fail(ErrorCode::kInvalid, "floating_network_id",
                fmt::format("must be {}, the network of all EIPs, got {}", kPublicNetwork, Value(network).dump()));
  }
  fields.address("floating_ip_address", decoded.eip.address);
  decoded.address_given = fields.given_not_null("floating_ip_address");
  fields.neutral("subnet_id").neutral("dns_domain", {"\"\""}).neutral("dns_name", {"\"\""});
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return decoded;
}

Status decode_update(const Value& body, FloatingIp& floating_ip) {
  const auto object = open_envelope(body, "floatingip");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"floating_network_id", "floating_ip_address", "subnet_id", "dns_domain", "dns_name"}, kImmutable);
  read_mutable(fields, floating_ip);
  return fields.finish();
}

}  // namespace elb::codec
