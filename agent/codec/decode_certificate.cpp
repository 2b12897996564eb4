// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

/// The vendor has no envelope. Where "certificate" is an object it is one, where it is PEM it is a field.
Result<Value> open_certificate(const Value& body) {
  if (body.is_object() && !body.get("certificate").is_object()) return body;
  return open_envelope(body, "certificate");
}

void read_mutable(Fields& fields, model::Certificate& certificate) {
  read_common(fields, certificate);
  if (!certificate.admin_state_up)
    fields.fail(ErrorCode::kInvalid, "admin_state_up", "must be true: a certificate is not switched off but deleted");
  fields.refuse({"expire_time", "create_time", "update_time", "warnings"}, kReadOnly);
  fields.text("description", certificate.description);
  fields.text("certificate", certificate.certificate).text("private_key", certificate.private_key);
  fields.line("domain", certificate.domain);
}

}  // namespace

Result<model::Certificate> decode_certificate(const Value& body) {
  const auto object = open_certificate(body);
  if (!object) return pass_on(object.error());
  model::Certificate certificate;
  Fields fields(*object, "");
  read_project(fields, certificate);
  if (fields.given_not_null("type")) {
    read_word(fields, "type", certificate.type, model::parse_certificate_type, {"server", "client"});
  } else {
    fields.neutral("type");
  }
  fields.require("certificate");
  read_mutable(fields, certificate);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return certificate;
}

Status decode_update(const Value& body, model::Certificate& certificate) {
  const auto object = open_certificate(body);
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"type"}, kImmutable);
  read_mutable(fields, certificate);
  return fields.finish();
}

}  // namespace elb::codec
