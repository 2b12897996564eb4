// SPDX-License-Identifier: Apache-2.0
// /v1/tokens (GEN-11). The secret is in the answer to the POST and nowhere else.
#include "api/handlers.h"
#include "api/list_query.h"
#include "base/clock.h"
#include "codec/identity.h"

namespace elb::api {
namespace {

using codec::Value;

Value time_value(std::optional<int64_t> seconds) {
  return seconds ? Value(format_utc(WallTime(std::chrono::seconds(*seconds)))) : Value();
}

Value token_value(const identity::Token& token) {
  Value out = Value::object();
  out.set("id", token.id).set("name", token.name).set("role", std::string(to_string(token.role)));
  out.set("project_id", token.project_id).set("created_at", time_value(token.created_at));
  return std::move(out.set("expires_at", time_value(token.expires_at)));
}

}  // namespace

Result<Reply> list_tokens(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  std::vector<Value> items;
  for (const identity::Token& token : (*directory)->tokens()) items.push_back(token_value(token));
  auto list = render_list(request, {"tokens", token_value({}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_token(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto wanted = codec::decode_token(*body);
  if (!wanted) return pass_on(wanted.error());
  const auto role = identity::parse_role(wanted->role);
  if (!role)
    return invalid("role", fmt::format("must be admin, member, observer or quota-admin, got '{}'", wanted->role));
  identity::Token token;
  token.name = wanted->name;
  token.project_id = wanted->project_id;
  token.role = *role;
  token.expires_at = wanted->expires_at;
  const auto issued = (*directory)->issue(std::move(token));
  if (!issued) return pass_on(issued.error());
  return Reply{201, Value().set("token", token_value(issued->token).set("secret", issued->secret))};
}

Result<Reply> show_token(Context& context, const Request& request) {
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  for (const identity::Token& token : (*directory)->tokens())
    if (token.id == request.ids[0]) return Reply{200, Value().set("token", token_value(token))};
  return fail(ErrorCode::kNotFound, fmt::format("token {} does not exist", request.ids[0]));
}

Result<Reply> delete_token(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto directory = context.directory();
  if (!directory) return pass_on(directory.error());
  if (Status status = (*directory)->revoke(request.ids[0]); !status) return pass_on(status.error());
  return Reply{204, {}};
}

}  // namespace elb::api
