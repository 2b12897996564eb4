// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using model::Id;
using model::Member;

// A member is found only under its own pool.
Status check_pool(const model::Model& model, const Id& pool_id, const Id& member_id) {
  if (!model.pools.contains(pool_id)) return fail(ErrorCode::kNotFound, fmt::format("pool {} does not exist", pool_id));
  const auto member = model.members.find(member_id);
  if (member == model.members.end() || member->second->pool_id != pool_id) {
    return fail(ErrorCode::kNotFound, fmt::format("member {} does not exist in pool {}", member_id, pool_id));
  }
  return {};
}

}  // namespace

Result<Reply> list_members(Context& context, const Request& request) {
  View view = context.view();
  const auto pool = find<model::Pool>(view, "pool", request.ids[0]);
  if (!pool) return pass_on(pool.error());
  return list_reply<Member>(view, request, view.relations->members_of(request.ids[0]));
}

Result<Reply> create_member(Context& context, const Request& request) {
  return create_one<Member>(context, request, codec::decode_member,
                            [&](control::Draft& draft, Member member) -> Result<Id> {
                              const auto pool = draft.find<model::Pool>(request.ids[0]);
                              if (!pool) return pass_on(pool.error());
                              member.pool_id = request.ids[0];
                              return draft.create(std::move(member));
                            });
}

Result<Reply> show_member(Context& context, const Request& request) {
  if (Status status = check_pool(context.view().model(), request.ids[0], request.ids[1]); !status) {
    return pass_on(status.error());
  }
  return show_one<Member>(context, request, request.ids[1]);
}

Result<Reply> update_member(Context& context, const Request& request) {
  if (Status status = check_pool(context.view().model(), request.ids[0], request.ids[1]); !status) {
    return pass_on(status.error());
  }
  return update_one<Member>(context, request, request.ids[1]);  // a member never changes its pool
}

Result<Reply> delete_member(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) -> Status {
    if (const auto pool = draft.find<model::Pool>(request.ids[0]); !pool) return pass_on(pool.error());
    if (Status status = check_pool(draft.model(), request.ids[0], request.ids[1]); !status) return status;
    return draft.remove_member(request.ids[1]);
  });
}

}  // namespace elb::api
