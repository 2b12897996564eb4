// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/tree_create.h"

namespace elb::api {

using model::Pool;

Result<Reply> list_pools(Context& context, const Request& request) {
  return list_all<Pool>(context, request, {{"listener_id", "listeners"}});
}

Result<Reply> create_pool(Context& context, const Request& request) {
  return create_one<Pool>(context, request, codec::decode_pool,
                          [](control::Draft& draft, const auto& tree) { return create_tree(draft, tree); });
}

Result<Reply> show_pool(Context& context, const Request& request) {
  return show_one<Pool>(context, request, request.ids[0]);
}

Result<Reply> update_pool(Context& context, const Request& request) {
  return update_one<Pool>(context, request, request.ids[0]);
}

Result<Reply> delete_pool(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) { return draft.remove_pool(request.ids[0]); });
}

}  // namespace elb::api
