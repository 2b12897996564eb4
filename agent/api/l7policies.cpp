// SPDX-License-Identifier: Apache-2.0
// Forwarding policies, redirects and their rules.
#include <fmt/core.h>

#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/tree_create.h"

namespace elb::api {
namespace {

using model::Id;
using model::L7Policy;
using model::L7Rule;

// A rule is found only under its own policy.
Status check_policy(const model::Model& model, const Id& policy_id, const Id& rule_id) {
  if (!model.l7policies.contains(policy_id))
    return fail(ErrorCode::kNotFound, fmt::format("l7policy {} does not exist", policy_id));
  const auto rule = model.l7rules.find(rule_id);
  if (rule == model.l7rules.end() || rule->second->l7policy_id != policy_id)
    return fail(ErrorCode::kNotFound, fmt::format("l7rule {} does not exist in l7policy {}", rule_id, policy_id));
  return {};
}

}  // namespace

Result<Reply> list_l7policies(Context& context, const Request& request) { return list_all<L7Policy>(context, request); }

Result<Reply> create_l7policy(Context& context, const Request& request) {
  return create_one<L7Policy>(context, request, codec::decode_l7policy,
                              [](control::Draft& draft, const auto& tree) { return create_tree(draft, tree); });
}

Result<Reply> show_l7policy(Context& context, const Request& request) {
  return show_one<L7Policy>(context, request, request.ids[0]);
}

Result<Reply> update_l7policy(Context& context, const Request& request) {
  return update_one<L7Policy>(context, request, request.ids[0]);
}

Result<Reply> delete_l7policy(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) { return draft.remove_l7policy(request.ids[0]); });
}

Result<Reply> list_l7rules(Context& context, const Request& request) {
  View view = context.view();
  const auto policy = find<L7Policy>(view, "l7policy", request.ids[0]);
  if (!policy) return pass_on(policy.error());
  return list_reply<L7Rule>(view, request, view.relations->rules_of(request.ids[0]));
}

Result<Reply> create_l7rule(Context& context, const Request& request) {
  return create_one<L7Rule>(context, request, codec::decode_l7rule,
                            [&](control::Draft& draft, L7Rule rule) -> Result<Id> {
                              const auto policy = draft.find<L7Policy>(request.ids[0]);
                              if (!policy) return pass_on(policy.error());
                              rule.l7policy_id = request.ids[0];
                              return draft.create(std::move(rule));
                            });
}

Result<Reply> show_l7rule(Context& context, const Request& request) {
  if (Status status = check_policy(context.view().model(), request.ids[0], request.ids[1]); !status)
    return pass_on(status.error());
  return show_one<L7Rule>(context, request, request.ids[1]);
}

Result<Reply> update_l7rule(Context& context, const Request& request) {
  if (Status status = check_policy(context.view().model(), request.ids[0], request.ids[1]); !status)
    return pass_on(status.error());
  return update_one<L7Rule>(context, request, request.ids[1]);  // a rule never changes its policy
}

Result<Reply> delete_l7rule(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return delete_one(context, request, [&](control::Draft& draft) -> Status {
    if (const auto policy = draft.find<L7Policy>(request.ids[0]); !policy) return pass_on(policy.error());
    if (Status status = check_policy(draft.model(), request.ids[0], request.ids[1]); !status) return status;
    return draft.remove_l7rule(request.ids[1]);
  });
}

}  // namespace elb::api
