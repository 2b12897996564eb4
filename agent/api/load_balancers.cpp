// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/tree_create.h"

namespace elb::api {

using model::LoadBalancer;

Result<Reply> list_load_balancers(Context& context, const Request& request) {
  return list_all<LoadBalancer>(context, request);
}

Result<Reply> create_load_balancer(Context& context, const Request& request) {
  return create_one<LoadBalancer>(context, request, codec::decode_load_balancer,
                                  [](control::Draft& draft, const auto& tree) { return create_tree(draft, tree); });
}

Result<Reply> show_load_balancer(Context& context, const Request& request) {
  return show_one<LoadBalancer>(context, request, request.ids[0]);
}

Result<Reply> update_load_balancer(Context& context, const Request& request) {
  return update_one<LoadBalancer>(context, request, request.ids[0]);
}

Result<Reply> delete_load_balancer(Context& context, const Request& request) {
  bool cascade = false;
  if (request.has_query("cascade")) {  // LB-15; clients send true and True
    const auto flag = parse_flag("cascade", request.query("cascade"));
    if (!flag) return pass_on(flag.error());
    cascade = *flag;
  }
  return delete_one(context, request, [&](control::Draft& draft) -> Status {
    return draft.remove_load_balancer(request.ids[0], cascade);
  });
}

Result<Reply> fail_over(Context& context, const Request& request) {
  const View view = context.view();
  const auto found = find<LoadBalancer>(view, Words<LoadBalancer>::kOne, request.ids[0]);
  if (!found) return pass_on(found.error());
  return fail(ErrorCode::kUnsupported,
              "failover: not supported by this version, one node serves every load balancer and has no standby");
}

}  // namespace elb::api
