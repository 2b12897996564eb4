// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_mutable(Fields& fields, model::Eip& eip) {
  fields.refuse({"id", "created_at", "updated_at", "provisioning_status", "operating_status", "status_reason"},
                kReadOnly);
  fields.refuse({"bandwidth_id", "ip_version", "vip_address"}, kReadOnly);
  fields.line("name", eip.name).text("description", eip.description);
  if (fields.given("tags") && !fields.given_not_null("tags")) eip.tags.clear();
  fields.tags("tags", eip.tags);
  read_optional(fields, "bandwidth", eip.bandwidth, 1, model::kBandwidthMax);  // LB-09
  fields.line("bandwidth_name", eip.bandwidth_name);
  std::string load_balancer;
  fields.id("loadbalancer_id", load_balancer);
  if (!fields.given("loadbalancer_id")) return;
  eip.loadbalancer_id.reset();
  if (!load_balancer.empty()) eip.loadbalancer_id = load_balancer;
}

}  // namespace

Result<NewEip> decode_eip(const Value& body) {
  const auto object = open_envelope(body, "eip");
  if (!object) return pass_on(object.error());
  NewEip decoded;
  model::Eip& eip = decoded.eip;
  Fields fields(*object, "");
  read_project(fields, eip);
  read_mutable(fields, eip);
  fields.address("address", eip.address);
  decoded.address_given = fields.given_not_null("address");
  if (fields.given_not_null("type")) {
    fields.word("type", eip.type, {"5_bgp", "5_sbgp"}, {});  // LB-08
  } else {
    fields.neutral("type");
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return decoded;
}

Status decode_update(const Value& body, model::Eip& eip) {
  const auto object = open_envelope(body, "eip");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"address", "type"}, kImmutable);
  read_mutable(fields, eip);
  return fields.finish();
}

}  // namespace elb::codec
