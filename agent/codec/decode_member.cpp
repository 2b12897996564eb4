// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

std::string entry_path(size_t index) { return fmt::format("members[{}]", index); }

void read_optional_address(Fields& fields, std::string_view key, std::optional<IpAddress>& out) {
  if (!fields.given_not_null(key)) {
    fields.neutral(key);
    if (fields.given(key)) out.reset();
    return;
  }
  IpAddress address;
  fields.address(key, address);
  out = address;
}

void read_mutable(Fields& fields, model::Member& member) {
  read_common(fields, member);
  fields.integer<int>("weight", member.weight, 0, model::kWeightMax, 1);  // MB-02
  fields.line("availability_zone", member.availability_zone);             // GEN-06
  fields.flag("backup", member.backup, false);
  read_optional_address(fields, "monitor_address", member.monitor_address);
  read_optional(fields, "monitor_port", member.monitor_port, 1, 65535);
  fields.neutral("request_sriov", {"false"}).neutral("vnic_type", {"\"normal\""});
}

void read_new(Fields& fields, model::Member& member) {
  read_mutable(fields, member);
  fields.require("address").address("address", member.address);
  fields.require("protocol_port").integer<uint16_t>("protocol_port", member.protocol_port, 1, 65535, std::nullopt);
  fields.line("subnet_id", member.subnet_id);
  fields.refuse({"pool_id"}, "must not be given: it follows from the URL");
}

}  // namespace

Result<model::Member> decode_member(const Value& body) {
  const auto object = open_envelope(body, "member");
  if (!object) return pass_on(object.error());
  model::Member member;
  Fields fields(*object, "");
  read_project(fields, member);
  read_new(fields, member);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return member;
}

Result<model::Member> decode_nested_member(const Value& object, const std::string& path) {
  model::Member member;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  read_new(fields, member);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return member;
}

Status decode_update(const Value& body, model::Member& member) {
  const auto object = open_envelope(body, "member");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"address", "protocol_port", "subnet_id", "pool_id"}, kImmutable);
  read_mutable(fields, member);
  return fields.finish();
}

Result<MemberBatch> decode_member_batch(const Value& body) {
  if (!body.is_object()) return invalid("", "expected an object with the field 'members'");
  MemberBatch batch;
  Fields fields(body, "");
  Value list;
  fields.require("members").array("members", list);
  std::string action;
  if (fields.given("action")) {
    fields.word("action", action, {"add", "delete", "replace"}, {});
    batch.action_given = true;
    if (action == "add") batch.action = MemberBatch::Action::kAdd;
    if (action == "delete") batch.action = MemberBatch::Action::kDelete;
  }
  if (list.size() > model::kMembersPerBatch) {  // MB-01
    fields.fail(ErrorCode::kInvalid, "members",
                fmt::format("must have 0 to {} members, got {}", model::kMembersPerBatch, list.size()));
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  for (size_t i = 0; i < list.size(); ++i) batch.members.push_back(list.at(i));
  return batch;
}

Result<model::Member> decode_batch_member(const Value& entry, size_t index) {
  model::Member member;
  Fields fields(entry, entry_path(index));
  read_project(fields, member);
  read_new(fields, member);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return member;
}

Status decode_batch_update(const Value& entry, size_t index, model::Member& member) {
  // Address and port are what the entry was matched by; the subnet cannot change.
  const model::Member before = member;
  Fields fields(entry, entry_path(index));
  model::Member given = member;
  read_project(fields, given);
  read_new(fields, given);
  if (given.subnet_id != before.subnet_id) fields.fail(ErrorCode::kInvalid, "subnet_id", std::string(kImmutable));
  if (given.project_id != before.project_id) fields.fail(ErrorCode::kInvalid, "project_id", std::string(kImmutable));
  if (Status status = fields.finish(); !status) return status;
  member = std::move(given);
  return {};
}

Result<model::Id> decode_batch_id(const Value& entry, size_t index) {
  model::Id id;
  Fields fields(entry, entry_path(index));
  fields.require("id").id("id", id);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return id;
}

}  // namespace elb::codec
