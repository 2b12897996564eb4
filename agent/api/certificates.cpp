// SPDX-License-Identifier: Apache-2.0
// Certificates (TLS-01 to TLS-10). What is uploaded is checked here, before the draft sees it: the model does not know
// what PEM is. Answers have no envelope, and never a private key.
#include <algorithm>

#include "api/certificate_upload.h"
#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using codec::Value;
using model::Certificate;
using model::Id;

/// Clients write the id with or without dashes.
Id id_of(const Request& request) {
  Id id = request.ids[0];
  std::erase(id, '-');
  return id;
}

Value warnings_value(const std::vector<tls::Warning>& warnings) {
  Value list = Value::array();
  for (const tls::Warning& warning : warnings) list.push(warning.field + ": " + warning.message);
  return list;
}

Value encode_shown(View& view, const Certificate& certificate) {
  return codec::encode(certificate, *view.relations, view.observed.of(certificate));
}

Result<Reply> shown(Context& context, int status, const Id& id, const std::vector<tls::Warning>& warnings) {
  View view = context.view();
  const auto found = find<Certificate>(view, "certificate", id);
  if (!found) return pass_on(found.error());
  return Reply{status, encode_shown(view, **found).set("warnings", warnings_value(warnings))};
}

}  // namespace

Result<std::vector<tls::Warning>> check_upload(Certificate& certificate, WallTime now) {
  const bool server = certificate.type == model::CertificateType::kServer;
  if (server && certificate.private_key.empty())  // TLS-01
    return invalid("private_key", "is required for a server certificate");
  auto checked =
      server ? tls::check_server_certificate(certificate.certificate, certificate.private_key, certificate.domain, now)
             : tls::check_ca_certificates(certificate.certificate, certificate.private_key, certificate.domain, now);
  if (!checked) return pass_on(checked.error());
  certificate.certificate = std::move(checked->certificate);
  certificate.private_key = std::move(checked->private_key);
  certificate.domain = std::move(checked->domain);
  WallTime expires = checked->chain.front().not_after;
  for (const auto& facts : checked->chain) expires = std::min(expires, facts.not_after);
  certificate.expires_at = std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
  return std::move(checked->warnings);
}

Result<Reply> list_certificates(Context& context, const Request& request) {
  View view = context.view();
  std::vector<Value> items;
  for (const auto& [id, certificate] : view.model().certificates) items.push_back(encode_shown(view, *certificate));
  auto list = render_list(request, {"certificates", field_names<Certificate>()}, std::move(items));
  if (!list) return pass_on(list.error());
  list->set("instance_num", list->get("certificates").size());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_certificate(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  auto certificate = codec::decode_certificate(*body);
  if (!certificate) return pass_on(certificate.error());
  const auto warnings = check_upload(*certificate, context.clock().wall());
  if (!warnings) return pass_on(warnings.error());
  Id id;
  const Status written = context.write([&](control::Draft& draft) -> Status {
    const auto created = draft.create(*certificate);
    if (!created) return pass_on(created.error());
    id = *created;
    return {};
  });
  if (!written) return pass_on(written.error());
  return shown(context, 201, id, *warnings);
}

Result<Reply> show_certificate(Context& context, const Request& request) {
  View view = context.view();
  const auto found = find<Certificate>(view, "certificate", id_of(request));
  if (!found) return pass_on(found.error());
  auto item = select_fields(request, encode_shown(view, **found));
  if (!item) return pass_on(item.error());
  return Reply{200, std::move(*item)};
}

Result<Reply> update_certificate(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const Id id = id_of(request);
  std::vector<tls::Warning> warnings;
  const Status written = context.write([&](control::Draft& draft) -> Status {
    const auto current = draft.find<Certificate>(id);
    if (!current) return pass_on(current.error());
    Certificate certificate = **current;
    if (Status status = codec::decode_update(*body, certificate); !status) return status;
    auto checked = check_upload(certificate, context.clock().wall());
    if (!checked) return pass_on(checked.error());
    warnings = std::move(*checked);
    return draft.update(std::move(certificate));
  });
  if (!written) return pass_on(written.error());
  return shown(context, 200, id, warnings);
}

Result<Reply> delete_certificate(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) { return draft.remove_certificate(id_of(request)); });
}

}  // namespace elb::api
