// SPDX-License-Identifier: Apache-2.0
// Public addresses under /v1/eips: ours, with the bandwidth. floating_ips.cpp shows the same ones as Neutron does.
#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {

using model::Eip;

Result<Reply> list_eips(Context& context, const Request& request) { return list_all<Eip>(context, request); }

Result<Reply> create_eip(Context& context, const Request& request) {
  return create_one<Eip>(context, request, codec::decode_eip, [](control::Draft& draft, const codec::NewEip& decoded) {
    return draft.create(decoded.eip, decoded.address_given);
  });
}

Result<Reply> show_eip(Context& context, const Request& request) {
  return show_one<Eip>(context, request, request.ids[0]);
}

Result<Reply> update_eip(Context& context, const Request& request) {
  return update_one<Eip>(context, request, request.ids[0]);
}

Result<Reply> delete_eip(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) { return draft.remove_eip(request.ids[0], false); });
}

}  // namespace elb::api
