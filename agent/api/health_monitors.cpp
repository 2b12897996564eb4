// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {

using model::HealthMonitor;

Result<Reply> list_health_monitors(Context& context, const Request& request) {
  return list_all<HealthMonitor>(context, request, {{"pool_id", "pools"}});
}

Result<Reply> create_health_monitor(Context& context, const Request& request) {
  return create_one<HealthMonitor>(
      context, request, codec::decode_health_monitor,
      [](control::Draft& draft, const HealthMonitor& monitor) { return draft.create(monitor); });
}

Result<Reply> show_health_monitor(Context& context, const Request& request) {
  return show_one<HealthMonitor>(context, request, request.ids[0]);
}

Result<Reply> update_health_monitor(Context& context, const Request& request) {
  return update_one<HealthMonitor>(context, request, request.ids[0]);
}

Result<Reply> delete_health_monitor(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request,
                    [&](control::Draft& draft) { return draft.remove_health_monitor(request.ids[0]); });
}

}  // namespace elb::api
