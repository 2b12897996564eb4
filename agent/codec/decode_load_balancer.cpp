// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_mutable(Fields& fields, model::LoadBalancer& load_balancer) {
  read_common(fields, load_balancer);
  fields.text("description", load_balancer.description).neutral("vip_qos_policy_id", {"\"\""});
  read_optional(fields, "vip_bandwidth", load_balancer.vip_bandwidth, 1, model::kBandwidthMax);
  fields.flag("deletion_protection", load_balancer.deletion_protection, false);
  fields.refuse({"publicips", "eip", "region"}, kReadOnly);
}

}  // namespace

Result<LoadBalancerTree> decode_load_balancer(const Value& body, Dialect dialect) {
  const auto object = open_envelope(body, "loadbalancer");
  if (!object) return pass_on(object.error());
  LoadBalancerTree tree;
  model::LoadBalancer& load_balancer = tree.load_balancer;
  Fields fields(*object, "");
  read_project(fields, load_balancer);
  read_mutable(fields, load_balancer);
  fields.line("vip_subnet_id", load_balancer.vip_subnet_id).line("vip_network_id", load_balancer.vip_network_id);
  fields.address("vip_address", load_balancer.vip_address);
  tree.vip_given = fields.given_not_null("vip_address");
  if (!tree.vip_given && load_balancer.vip_subnet_id.empty() && load_balancer.vip_network_id.empty() &&
      !fields.given_not_null("vip_port_id")) {  // LB-05
    fields.fail(ErrorCode::kInvalid, "vip_subnet_id", "one of vip_subnet_id, vip_network_id, vip_address is required");
  }
  // "octavia" and "vlb" are what clients of the two dialects say for "the provider there is".
  std::string provider = load_balancer.provider;
  if (fields.given_not_null("provider")) {
    fields.word("provider", provider, {"elb", "octavia", "vlb"}, {"amphora", "ovn"});
  } else {
    fields.neutral("provider");
  }
  load_balancer.provider = provider;
  fields.neutral("vip_port_id").neutral("flavor_id", {"\"\""}).neutral("availability_zone", {"\"\""});
  fields.neutral("additional_vips", {"[]"}).neutral("vip_sg_ids", {"[]"}).neutral("vip_vnic_type", {"\"normal\""});
  std::string& enterprise = load_balancer.enterprise_project_id;
  fields.line("enterprise_project_id", enterprise);
  if (enterprise.empty() || enterprise == "default") enterprise = model::kDefaultEnterpriseProject;  // GEN-13
  read_nested(fields, "pools", tree.pools, [dialect](const Value& nested, const std::string& path) {
    return decode_nested_pool(nested, path, dialect);
  });
  read_nested(fields, "listeners", tree.listeners, [dialect](const Value& nested, const std::string& path) {
    return decode_nested_listener(nested, path, dialect);
  });
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::LoadBalancer& load_balancer) {
  const auto object = open_envelope(body, "loadbalancer");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"vip_address", "vip_subnet_id", "vip_network_id", "vip_port_id", "additional_vips", "vip_vnic_type",
                 "provider", "flavor_id", "availability_zone", "enterprise_project_id", "region"},
                kImmutable);
  fields.refuse({"listeners", "pools"}, kReadOnly);
  read_mutable(fields, load_balancer);
  return fields.finish();
}

}  // namespace elb::codec
