// SPDX-License-Identifier: Apache-2.0
// The vendor's view of a listener's whitelist (AC-01..04). The listener holds it: what changes here shows there in
// allowed_cidrs, and the other way round.
#include "codec/whitelist.h"

#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using codec::Value;
using control::Draft;
using model::Id;
using model::Listener;

Result<std::shared_ptr<const Listener>> listener_with(const model::Model& model, const Id& whitelist_id) {
  for (const auto& [id, listener] : model.listeners)
    if (listener->whitelist && listener->whitelist->id == whitelist_id) return listener;
  return fail(ErrorCode::kNotFound, fmt::format("whitelist {} does not exist", whitelist_id));
}

Result<std::shared_ptr<const Listener>> listener_with(const Draft& draft, const Id& whitelist_id) {
  auto found = listener_with(draft.model(), whitelist_id);
  if (found && !draft.sees(**found)) return listener_with(model::Model(), whitelist_id);  // as if it were not there
  return found;
}

Result<Reply> shown_whitelist(Context& context, int status, const Id& listener_id) {
  const View view = context.view();
  const auto listener = find<Listener>(view, "listener", listener_id);
  if (!listener) return pass_on(listener.error());
  return Reply{status, Value().set("whitelist", codec::encode_whitelist(**listener))};
}

}  // namespace

Result<Reply> list_whitelists(Context& context, const Request& request) {
  const View view = context.view();
  std::vector<Value> items;
  for (const auto& [id, listener] : view.model().listeners)
    if (listener->whitelist) items.push_back(codec::encode_whitelist(*listener));
  auto list = render_list(request, {"whitelists", codec::encode_whitelist({}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_whitelist(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto decoded = codec::decode_whitelist(*body);
  if (!decoded) return pass_on(decoded.error());
  const Status written = context.write([&](Draft& draft) -> Status {
    const auto found = draft.find<Listener>(decoded->listener_id);
    if (!found) return fail(ErrorCode::kNotFound, found.error().message, "listener_id");
    if ((*found)->whitelist)  // AC-01
      return fail(ErrorCode::kConflict,
                  fmt::format("listener {} already has whitelist {}", (*found)->id, (*found)->whitelist->id),
                  "listener_id");
    Listener listener = **found;
    listener.whitelist = decoded->whitelist;
    return draft.update(std::move(listener));
  });
  if (!written) return pass_on(written.error());
  return shown_whitelist(context, 201, decoded->listener_id);
}

Result<Reply> show_whitelist(Context& context, const Request& request) {
  const auto listener = listener_with(context.view().model(), request.ids[0]);
  if (!listener) return pass_on(listener.error());
  auto item = select_fields(request, codec::encode_whitelist(**listener));
  if (!item) return pass_on(item.error());
  return Reply{200, Value().set("whitelist", std::move(*item))};
}

Result<Reply> update_whitelist(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  Id listener_id;
  const Status written = context.write([&](Draft& draft) -> Status {
    const auto found = listener_with(draft, request.ids[0]);
    if (!found) return pass_on(found.error());
    Listener listener = **found;
    if (Status status = codec::decode_update(*body, *listener.whitelist); !status) return status;
    listener_id = listener.id;
    return draft.update(std::move(listener));
  });
  if (!written) return pass_on(written.error());
  return shown_whitelist(context, 200, listener_id);
}

Result<Reply> delete_whitelist(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](Draft& draft) -> Status {
    const auto found = listener_with(draft, request.ids[0]);
    if (!found) return pass_on(found.error());
    Listener listener = **found;
    listener.whitelist.reset();
    return draft.update(std::move(listener));
  });
}

}  // namespace elb::api
