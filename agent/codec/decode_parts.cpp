// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {

void read_common(Fields& fields, model::Common& common) {
  fields.refuse({"id", "created_at", "updated_at", "provisioning_status", "operating_status", "status_reason"},
                kReadOnly);
  fields.line("name", common.name);
  fields.flag("admin_state_up", common.admin_state_up, true);
  if (fields.given("tags") && !fields.given_not_null("tags")) common.tags.clear();
  fields.tags("tags", common.tags);
}

void read_project(Fields& fields, model::Common& common) {
  std::string tenant;
  fields.line("project_id", common.project_id).line("tenant_id", tenant);
  if (common.project_id.empty()) common.project_id = tenant;
  if (!tenant.empty() && tenant != common.project_id) {
    fields.fail(ErrorCode::kInvalid, "tenant_id", "must be the same as project_id");
  }
}

void refuse_project(Fields& fields, std::string_view rule) { fields.refuse({"project_id", "tenant_id"}, rule); }

}  // namespace elb::codec
