// SPDX-License-Identifier: Apache-2.0
// Access logs, switched for each load balancer (LOG-01): the vendor's log tanks, /v3/{project}/elb/logtanks. The load
// balancer holds its own.
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "codec/logtank.h"

namespace elb::api {
namespace {

using codec::Value;
using control::Draft;
using model::Id;
using model::LoadBalancer;

Result<std::shared_ptr<const LoadBalancer>> load_balancer_with(const model::Model& model, const Id& logtank_id) {
  for (const auto& [id, load_balancer] : model.load_balancers)
    if (load_balancer->access_log && load_balancer->access_log->id == logtank_id) return load_balancer;
  return fail(ErrorCode::kNotFound, fmt::format("logtank {} does not exist", logtank_id));
}

Result<std::shared_ptr<const LoadBalancer>> load_balancer_with(const Draft& draft, const Id& logtank_id) {
  auto found = load_balancer_with(draft.model(), logtank_id);
  if (found && !draft.sees(**found)) return load_balancer_with(model::Model(), logtank_id);  // as if it were not there
  return found;
}

Result<Reply> shown_logtank(Context& context, int status, const Id& load_balancer_id) {
  const View view = context.view();
  const auto load_balancer = find<LoadBalancer>(view, "load balancer", load_balancer_id);
  if (!load_balancer) return pass_on(load_balancer.error());
  return Reply{status, Value().set("logtank", codec::encode_logtank(**load_balancer))};
}

}  // namespace

Result<Reply> list_logtanks(Context& context, const Request& request) {
  const View view = context.view();
  std::vector<Value> items;
  for (const auto& [id, load_balancer] : view.model().load_balancers)
    if (load_balancer->access_log) items.push_back(codec::encode_logtank(*load_balancer));
  auto list = render_list(request, {"logtanks", codec::encode_logtank({}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_logtank(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  if (context.logs() == nullptr)
    return fail(ErrorCode::kUnsupported,
                "this node has no place for access logs; start elb-agent with --access-log-directory, "
                "--access-log-syslog or --access-log-otlp");
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto decoded = codec::decode_logtank(*body);
  if (!decoded) return pass_on(decoded.error());
  const Status written = context.write([&](Draft& draft) -> Status {
    const auto found = draft.find<LoadBalancer>(decoded->loadbalancer_id);
    if (!found) return fail(ErrorCode::kNotFound, found.error().message, "loadbalancer_id");
    if ((*found)->access_log)
      return fail(ErrorCode::kConflict,
                  fmt::format("load balancer {} already has logtank {}", (*found)->id, (*found)->access_log->id),
                  "loadbalancer_id");
    LoadBalancer load_balancer = **found;
    load_balancer.access_log = decoded->target;
    return draft.update(std::move(load_balancer));
  });
  if (!written) return pass_on(written.error());
  return shown_logtank(context, 201, decoded->loadbalancer_id);
}

Result<Reply> show_logtank(Context& context, const Request& request) {
  const auto load_balancer = load_balancer_with(context.view().model(), request.ids[0]);
  if (!load_balancer) return pass_on(load_balancer.error());
  auto item = select_fields(request, codec::encode_logtank(**load_balancer));
  if (!item) return pass_on(item.error());
  return Reply{200, Value().set("logtank", std::move(*item))};
}

Result<Reply> update_logtank(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  Id load_balancer_id;
  const Status written = context.write([&](Draft& draft) -> Status {
    const auto found = load_balancer_with(draft, request.ids[0]);
    if (!found) return pass_on(found.error());
    LoadBalancer load_balancer = **found;
    if (Status status = codec::decode_update(*body, *load_balancer.access_log); !status) return status;
    load_balancer_id = load_balancer.id;
    return draft.update(std::move(load_balancer));
  });
  if (!written) return pass_on(written.error());
  return shown_logtank(context, 200, load_balancer_id);
}

Result<Reply> delete_logtank(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](Draft& draft) -> Status {
    const auto found = load_balancer_with(draft, request.ids[0]);
    if (!found) return pass_on(found.error());
    LoadBalancer load_balancer = **found;
    load_balancer.access_log.reset();
    return draft.update(std::move(load_balancer));
  });
}

}  // namespace elb::api
