// SPDX-License-Identifier: Apache-2.0
// PUT pools/{id}/members: the whole batch or nothing, in one transaction (MB-01). Entries meet existing members by
// address and port. Octavia: the pool becomes the list (replace), with ?additive_only=true nothing is removed. Vendor
// dialect: "action" is add (only new ones), delete (by id) or replace.
#include <fmt/core.h>

#include <map>
#include <set>

#include "api/handlers.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using codec::MemberBatch;
using control::Draft;
using model::Id;
using model::Member;

using Key = std::pair<IpAddress, uint16_t>;

struct Plan {
  MemberBatch batch;
  bool additive = false;
  std::vector<Member> members;  // as new ones, one for each entry
  std::vector<Id> ids;          // delete: one for each entry
};

// A batch that names something twice says two things about it: one error, nothing done.
tl::unexpected<Error> twice(size_t index, size_t first, std::string_view what) {
  return invalid(fmt::format("members[{}]", index), fmt::format("has the same {} as members[{}]", what, first));
}

Status decode_entries(Plan& plan) {
  std::map<Key, size_t> keys;
  std::map<Id, size_t> ids;
  for (size_t i = 0; i < plan.batch.members.size(); ++i) {
    const codec::Value& entry = plan.batch.members[i];
    if (plan.batch.action == MemberBatch::Action::kDelete) {
      auto id = codec::decode_batch_id(entry, i);
      if (!id) return pass_on(id.error());
      if (const auto [at, fresh] = ids.emplace(*id, i); !fresh) return twice(i, at->second, "id");
      plan.ids.push_back(std::move(*id));
    } else {
      auto member = codec::decode_batch_member(entry, i);
      if (!member) return pass_on(member.error());
      const auto [at, fresh] = keys.emplace(Key{member->address, member->protocol_port}, i);
      if (!fresh) return twice(i, at->second, "address and protocol_port");
      plan.members.push_back(std::move(*member));
    }
  }
  return {};
}

Result<Plan> read_plan(const Request& request) {
  if (Status status = request.only_queries({"additive_only"}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  auto batch = codec::decode_member_batch(*body);
  if (!batch) return pass_on(batch.error());
  Plan plan;
  plan.batch = std::move(*batch);
  if (request.has_query("additive_only")) {
    const auto flag = parse_flag("additive_only", request.query("additive_only"));
    if (!flag) return pass_on(flag.error());
    if (plan.batch.action_given) return invalid("additive_only", "must not be given together with action");
    plan.additive = *flag;
  }
  if (Status status = decode_entries(plan); !status) return pass_on(status.error());
  return plan;
}

Status remove_members(Draft& draft, const Id& pool_id, const std::vector<Id>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto member = draft.find<Member>(ids[i]);
    if (!member || (*member)->pool_id != pool_id) {
      return fail(ErrorCode::kNotFound, fmt::format("member {} does not exist in pool {}", ids[i], pool_id),
                  fmt::format("members[{}].id", i));
    }
    if (Status status = draft.remove_member(ids[i]); !status) return status;
  }
  return {};
}

Status put_member(Draft& draft, const Id& pool_id, const Plan& plan, size_t index,
                  const std::shared_ptr<const Member>& existing) {
  const std::string path = fmt::format("members[{}]", index);
  if (!existing) {
    Member member = plan.members[index];
    member.pool_id = pool_id;
    const auto created = draft.create(std::move(member));
    return created ? Status() : pass_on(below(path, created.error()));
  }
  if (plan.batch.action == MemberBatch::Action::kAdd) {
    return fail(ErrorCode::kConflict,
                fmt::format("member {} has the same address and protocol_port already", existing->id), path);
  }
  Member member = *existing;
  if (Status status = codec::decode_batch_update(plan.batch.members[index], index, member); !status) return status;
  if (Status status = draft.update(std::move(member)); !status) return pass_on(below(path, status.error()));
  return {};
}

Status apply(Draft& draft, const Id& pool_id, const Plan& plan) {
  if (const auto pool = draft.find<model::Pool>(pool_id); !pool) return pass_on(pool.error());
  if (plan.batch.action == MemberBatch::Action::kDelete) return remove_members(draft, pool_id, plan.ids);
  std::map<Key, std::shared_ptr<const Member>> existing;
  for (const auto& [id, member] : draft.model().members) {
    if (member->pool_id == pool_id) existing[{member->address, member->protocol_port}] = member;
  }
  for (size_t i = 0; i < plan.members.size(); ++i) {
    const auto found = existing.find({plan.members[i].address, plan.members[i].protocol_port});
    const auto member = found == existing.end() ? nullptr : found->second;
    if (Status status = put_member(draft, pool_id, plan, i, member); !status) return status;
    if (found != existing.end()) existing.erase(found);
  }
  if (plan.additive || plan.batch.action == MemberBatch::Action::kAdd) return {};
  for (const auto& [key, member] : existing) {
    if (Status status = draft.remove_member(member->id); !status) return status;
  }
  return {};
}

}  // namespace

Result<Reply> batch_members(Context& context, const Request& request) {
  const auto plan = read_plan(request);
  if (!plan) return pass_on(plan.error());
  const Status written = context.write([&](Draft& draft) { return apply(draft, request.ids[0], *plan); });
  if (!written) return pass_on(written.error());
  return Reply{202, {}};
}

}  // namespace elb::api
