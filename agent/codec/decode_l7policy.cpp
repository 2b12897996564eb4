// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_optional_id(Fields& fields, std::string_view key, std::optional<model::Id>& out) {
  std::string id;
  fields.id(key, id);
  if (!fields.ok() || !fields.given(key)) return;
  out.reset();
  if (!id.empty()) out = id;
}

void read_action(Fields& fields, model::L7Policy& policy) {
  read_word(fields, "action", policy.action, model::parse_l7_action,
            {"REDIRECT_TO_POOL", "REDIRECT_TO_LISTENER", "REDIRECT_TO_URL", "REDIRECT_PREFIX", "REJECT"},
            {"FIXED_RESPONSE"});
}

void read_mutable(Fields& fields, model::L7Policy& policy) {
  read_common(fields, policy);
  fields.text("description", policy.description);
  fields.integer<int>("position", policy.position, 1, model::kPositionMax, policy.position);
  fields.line("redirect_url", policy.redirect_url).line("redirect_prefix", policy.redirect_prefix);
  read_optional(fields, "redirect_http_code", policy.redirect_http_code, 301, 308);
}

/// What another action needs goes with the action that needed it, unless it is given anew.
void change_action(Fields& fields, model::L7Policy& policy) {
  const model::L7Action before = policy.action;
  read_action(fields, policy);
  if (policy.action == before) return;
  policy.redirect_pool_id.reset();
  policy.redirect_listener_id.reset();
  policy.redirect_url.clear();
  policy.redirect_prefix.clear();
  policy.redirect_http_code.reset();
}

void read_mutable(Fields& fields, model::L7Rule& rule) {
  read_common(fields, rule);
  fields.text("description", rule.description);
  read_word(fields, "type", rule.type, model::parse_rule_type, {"HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE"},
            {"SSL_CONN_HAS_CERT", "SSL_VERIFY_RESULT", "SSL_DN_FIELD"});
  read_word(fields, "compare_type", rule.compare, model::parse_rule_compare,
            {"EQUAL_TO", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "REGEX"});
  fields.flag("invert", rule.invert, false);
  fields.line("key", rule.key).line("value", rule.value);
}

void read_new(Fields& fields, model::L7Rule& rule) {
  fields.require("type").require("compare_type").require("value");
  read_mutable(fields, rule);
}

Result<model::L7Rule> decode_nested_rule(const Value& object, const std::string& path) {
  model::L7Rule rule;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  read_new(fields, rule);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return rule;
}

void read_new(Fields& fields, L7PolicyTree& tree) {
  tree.policy.position = 0;
  fields.require("action");
  read_action(fields, tree.policy);
  read_mutable(fields, tree.policy);
  read_nested(fields, "rules", tree.rules, decode_nested_rule);
}

void read_redirect_pool(Fields& fields, L7PolicyTree& tree, bool by_name, Dialect dialect) {
  Value pool;
  fields.object("redirect_pool", pool);
  if (!fields.ok() || pool.is_null()) return;
  if (by_name && pool.size() == 1 && pool.get("name").is_string()) {
    tree.redirect_pool_name = pool.get("name").as_string();
    if (tree.redirect_pool_name.empty()) fields.fail(ErrorCode::kInvalid, "redirect_pool.name", "must not be empty");
    return;
  }
  auto decoded = decode_nested_pool(pool, fields.path_of("redirect_pool"), dialect);
  if (!decoded) {
    fields.adopt(std::move(decoded.error()));
  } else {
    tree.redirect_pool = std::move(*decoded);
  }
}

}  // namespace

Result<L7PolicyTree> decode_l7policy(const Value& body) {
  const auto object = open_envelope(body, "l7policy");
  if (!object) return pass_on(object.error());
  L7PolicyTree tree;
  Fields fields(*object, "");
  read_project(fields, tree.policy);
  fields.require("listener_id").id("listener_id", tree.policy.listener_id);
  read_new(fields, tree);
  read_optional_id(fields, "redirect_pool_id", tree.policy.redirect_pool_id);
  read_optional_id(fields, "redirect_listener_id", tree.policy.redirect_listener_id);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Result<L7PolicyTree> decode_nested_l7policy(const Value& object, const std::string& path, bool lone, Dialect dialect) {
  L7PolicyTree tree;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"listener_id"}, kFromParent);
  read_new(fields, tree);
  read_redirect_pool(fields, tree, !lone, dialect);
  if (lone) {
    read_optional_id(fields, "redirect_pool_id", tree.policy.redirect_pool_id);
    read_optional_id(fields, "redirect_listener_id", tree.policy.redirect_listener_id);
  } else {
    fields.refuse({"redirect_pool_id", "redirect_listener_id"}, "must not be given where nothing exists yet");
  }
  if (tree.redirect_pool && tree.policy.redirect_pool_id)
    fields.fail(ErrorCode::kInvalid, "redirect_pool", "must not be given together with redirect_pool_id");
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::L7Policy& policy) {
  const auto object = open_envelope(body, "l7policy");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"listener_id"}, kImmutable);
  fields.refuse({"rules"}, kReadOnly);
  change_action(fields, policy);
  read_mutable(fields, policy);
  read_optional_id(fields, "redirect_pool_id", policy.redirect_pool_id);
  read_optional_id(fields, "redirect_listener_id", policy.redirect_listener_id);
  return fields.finish();
}

Result<model::L7Rule> decode_l7rule(const Value& body) {
  const auto object = open_envelope(body, "rule");
  if (!object) return pass_on(object.error());
  model::L7Rule rule;
  Fields fields(*object, "");
  read_project(fields, rule);
  read_new(fields, rule);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return rule;
}

Status decode_update(const Value& body, model::L7Rule& rule) {
  const auto object = open_envelope(body, "rule");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  read_mutable(fields, rule);
  return fields.finish();
}

}  // namespace elb::codec
