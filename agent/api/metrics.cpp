// SPDX-License-Identifier: Apache-2.0
// GET /metrics: what Prometheus scrapes (MON-04); a member of a project gets what belongs to it.
#include "api/handlers.h"
#include "telemetry/telemetry.h"

namespace elb::api {

Result<Reply> scrape_metrics(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  if (context.telemetry() == nullptr) return fail(ErrorCode::kUnsupported, "there are no metrics without telemetry");
  const auto format = telemetry::choose_format(request.http.accept);
  Reply reply;
  std::shared_ptr<const model::Model> project;  // of a caller who sees one project only
  if (context.caller().bound()) {
    const auto relations = context.view().relations;
    project = {relations, &relations->model()};
  }
  reply.text = context.telemetry()->scrape(format, project);
  reply.content_type = telemetry::content_type(format);
  return reply;
}

}  // namespace elb::api
