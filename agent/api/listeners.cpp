// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/tree_create.h"

namespace elb::api {

using model::Listener;

Result<Reply> list_listeners(Context& context, const Request& request) { return list_all<Listener>(context, request); }

Result<Reply> create_listener(Context& context, const Request& request) {
  return create_one<Listener>(context, request, codec::decode_listener,
                              [](control::Draft& draft, const auto& tree) { return create_tree(draft, tree); });
}

Result<Reply> show_listener(Context& context, const Request& request) {
  return show_one<Listener>(context, request, request.ids[0]);
}

Result<Reply> update_listener(Context& context, const Request& request) {
  return update_one<Listener>(context, request, request.ids[0]);
}

Result<Reply> delete_listener(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) { return draft.remove_listener(request.ids[0]); });
}

}  // namespace elb::api
