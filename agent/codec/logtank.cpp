// SPDX-License-Identifier: Apache-2.0
#include "codec/logtank.h"

#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_mutable(Fields& fields, model::AccessLogTarget& target) {
  fields.refuse({"id"}, kReadOnly);
  fields.line("log_group_id", target.group).line("log_topic_id", target.stream);
}

}  // namespace

Value encode_logtank(const model::LoadBalancer& load_balancer) {
  const model::AccessLogTarget target = load_balancer.access_log.value_or(model::AccessLogTarget{});
  Value out = Value::object();
  out.set("id", target.id).set("loadbalancer_id", load_balancer.id);
  out.set("log_group_id", target.group).set("log_topic_id", target.stream);
  out.set("project_id", load_balancer.project_id).set("tenant_id", load_balancer.project_id);
  return out;
}

Result<NewLogtank> decode_logtank(const Value& body) {
  const auto object = open_envelope(body, "logtank");
  if (!object) return pass_on(object.error());
  NewLogtank decoded;
  Fields fields(*object, "");
  model::Common owner;  // the project is the load balancer's
  read_project(fields, owner);
  fields.require("loadbalancer_id").require("log_group_id").require("log_topic_id");
  fields.id("loadbalancer_id", decoded.loadbalancer_id);
  read_mutable(fields, decoded.target);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return decoded;
}

Status decode_update(const Value& body, model::AccessLogTarget& target) {
  const auto object = open_envelope(body, "logtank");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"loadbalancer_id"}, kImmutable);
  read_mutable(fields, target);
  return fields.finish();
}

}  // namespace elb::codec
