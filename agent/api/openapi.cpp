// SPDX-License-Identifier: Apache-2.0
// GET /openapi.json: the API described in OpenAPI 3.1. It is made of what serves requests: the table of routes, and the
// decoders, which tell what they take (codec/schema.h). docs/openapi.json is the same text, held to it by a test.
#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "api/etag.h"
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/router.h"
#include "codec/floating_ip.h"
#include "codec/identity.h"
#include "codec/key_value.h"
#include "codec/schema.h"
#include "codec/whitelist.h"
#include "identity/quotas.h"

namespace elb::api {
namespace {

using codec::Value;
using Decode = std::function<void(const Value&)>;

/// What a decoder made of the probe is of no use.
template <class T>
void drop(const T&) {}

template <class T>
void read_update(const Value& probe) {
  T resource;
  drop(codec::decode_update(probe, resource));
}

void read_batch(const Value& probe) {
  drop(codec::decode_member_batch(probe));
  drop(codec::decode_batch_member(probe, 0));
  drop(codec::decode_batch_id(probe, 0));
}

void read_quotas(const Value& probe) {
  std::vector<std::string> names;
  for (const auto& [name, most] : identity::default_quotas()) names.emplace_back(name);
  drop(codec::decode_quotas(probe, names, identity::kQuotaMax));
}

/// Which decoder reads the body of a route. Those that are not here take JSON that the schema says nothing about.
struct Body {
  std::string_view method, path, name;
  Decode decode;
};

const std::vector<Body>& bodies() {
  static const std::vector<Body> kBodies = {
      {"POST", "lbaas/loadbalancers", "LoadBalancerNew", [](const Value& v) { drop(codec::decode_load_balancer(v)); }},
      {"PUT", "lbaas/loadbalancers/{}", "LoadBalancerChange", read_update<model::LoadBalancer>},
      {"POST", "lbaas/loadbalancers/{}/tags", "TagNew", [](const Value& v) { drop(codec::decode_tag(v)); }},
      {"POST", "lbaas/loadbalancers/{}/tags/action", "TagAction",
       [](const Value& v) { drop(codec::decode_tag_action(v)); }},
      {"POST", "lbaas/listeners/{}/tags", "TagNew", [](const Value& v) { drop(codec::decode_tag(v)); }},
      {"POST", "lbaas/listeners/{}/tags/action", "TagAction",
       [](const Value& v) { drop(codec::decode_tag_action(v)); }},
      {"POST", "lbaas/listeners", "ListenerNew", [](const Value& v) { drop(codec::decode_listener(v)); }},
      {"PUT", "lbaas/listeners/{}", "ListenerChange",
       [](const Value& v) {
         for (const auto protocol : {model::Protocol::kTcp, model::Protocol::kHttps}) {
           model::Listener listener;
           listener.protocol = protocol;
           drop(codec::decode_update(v, listener));
         }
       }},
      {"POST", "lbaas/pools", "PoolNew", [](const Value& v) { drop(codec::decode_pool(v)); }},
      {"PUT", "lbaas/pools/{}", "PoolChange",
       [](const Value& v) {
         for (const auto protocol : {model::Protocol::kTcp, model::Protocol::kHttp}) {
           model::Pool pool;
           pool.protocol = protocol;
           drop(codec::decode_update(v, pool));
         }
       }},
      {"POST", "lbaas/pools/{}/members", "MemberNew", [](const Value& v) { drop(codec::decode_member(v)); }},
      {"PUT", "lbaas/pools/{}/members", "MemberBatch", read_batch},
      {"PUT", "lbaas/pools/{}/members/{}", "MemberChange", read_update<model::Member>},
      {"POST", "lbaas/healthmonitors", "HealthMonitorNew",
       [](const Value& v) { drop(codec::decode_health_monitor(v)); }},
      {"PUT", "lbaas/healthmonitors/{}", "HealthMonitorChange",
       [](const Value& v) {
         for (const auto type : {model::MonitorType::kTcp, model::MonitorType::kHttp}) {
           model::HealthMonitor monitor;
           monitor.type = type;
           drop(codec::decode_update(v, monitor));
         }
       }},
      {"POST", "lbaas/l7policies", "L7PolicyNew", [](const Value& v) { drop(codec::decode_l7policy(v)); }},
      {"PUT", "lbaas/l7policies/{}", "L7PolicyChange", read_update<model::L7Policy>},
      {"POST", "lbaas/l7policies/{}/rules", "L7RuleNew", [](const Value& v) { drop(codec::decode_l7rule(v)); }},
      {"PUT", "lbaas/l7policies/{}/rules/{}", "L7RuleChange", read_update<model::L7Rule>},
      {"POST", "lbaas/certificates", "CertificateNew", [](const Value& v) { drop(codec::decode_certificate(v)); }},
      {"PUT", "lbaas/certificates/{}", "CertificateChange", read_update<model::Certificate>},
      {"POST", "lbaas/whitelists", "WhitelistNew", [](const Value& v) { drop(codec::decode_whitelist(v)); }},
      {"PUT", "lbaas/whitelists/{}", "WhitelistChange", read_update<model::Whitelist>},
      {"PUT", "lbaas/quotas/{}", "QuotaChange", read_quotas},
      {"POST", "network/floatingips", "FloatingIpNew", [](const Value& v) { drop(codec::decode_floating_ip(v)); }},
      {"PUT", "network/floatingips/{}", "FloatingIpChange", read_update<codec::FloatingIp>},
      {"POST", "v1/eips", "EipNew", [](const Value& v) { drop(codec::decode_eip(v)); }},
      {"PUT", "v1/eips/{}", "EipChange", read_update<model::Eip>},
      {"POST", "v1/tokens", "TokenNew", [](const Value& v) { drop(codec::decode_token(v)); }},
      {"POST", "v1/projects", "ProjectNew", [](const Value& v) { drop(codec::decode_project(v)); }},
  };
  return kBodies;
}

Value reference(std::string_view kind, std::string_view name) {
  return Value().set("$ref", fmt::format("#/components/{}/{}", kind, name));
}

Value json_content(Value schema) { return Value().set("application/json", Value().set("schema", std::move(schema))); }

std::vector<std::string_view> words_of(std::string_view path) {
  std::vector<std::string_view> words;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    words.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return words;
}

std::string singular(std::string_view noun) {
  if (noun.ends_with("ies")) return std::string(noun.substr(0, noun.size() - 3)) + "y";
  return std::string(noun.ends_with('s') ? noun.substr(0, noun.size() - 1) : noun);
}

/// The table's path as clients write it; names of what stands in it.
std::string shown_path(std::string_view path, std::vector<std::string>& parameters) {
  if (path.empty()) return "/";
  if (path == "version") return "/v2.0";
  std::string out = path.starts_with("lbaas/") ? "/v2.0" : "";
  std::string_view before;
  for (const std::string_view word : words_of(path)) {
    if (word == "network" && out.empty()) {
      out = "/v2.0";
    } else if (word == "{}") {
      parameters.push_back(singular(before) + "_id");
      out += "/{" + parameters.back() + "}";
    } else {
      out += fmt::format("/{}", word);
    }
    before = word;
  }
  return out;
}

std::string_view verb_of(const RouteName& route, bool one) {
  if (route.method == "GET") return one ? "show" : "list";
  if (route.method == "POST") return "create";
  return route.method == "PUT" ? "change" : "delete";
}

Value security_of(identity::Access access) {
  Value out = Value::array();
  if (access == identity::Access::kPublic) return out;
  for (const char* scheme : {"token", "bearer", "basic"}) out.push(Value().set(scheme, Value::array()));
  return out;
}

std::string_view audience_of(identity::Access access) {
  switch (access) {
    case identity::Access::kPublic:
      return "Everybody.";
    case identity::Access::kProject:
      return "Members and observers of a project see and change what is their project's.";
    case identity::Access::kQuota:
      return "Everybody with a token; to change: administrators and quota-admins.";
    case identity::Access::kNode:
      return "Those who are bound to no project; to change: administrators.";
    case identity::Access::kAdmin:
      return "Administrators.";
  }
  return "";
}

Value parameters_of(const RouteName& route, const std::vector<std::string>& ids, bool list) {
  Value parameters = Value::array();
  for (const std::string& id : ids) {
    Value parameter = Value().set("name", id).set("in", "path").set("required", true);
    parameters.push(parameter.set("schema", Value().set("type", "string")));
  }
  if (list)
    for (const char* name : {"fields", "sort", "sort_key", "sort_dir", "limit", "marker", "page_reverse", "filters"})
      parameters.push(reference("parameters", name));
  if (has_tag(route.method, route.path)) {
    parameters.push(reference("parameters", "If-Match"));
    if (route.method == "GET") parameters.push(reference("parameters", "If-None-Match"));
  }
  if (route.method != "GET" && route.access != identity::Access::kPublic && route.path != "v1/tokens")
    parameters.push(reference("parameters", "Idempotency-Key"));
  return parameters;
}

Value operation(const RouteName& route) {
  std::vector<std::string> ids;
  const std::string shown = shown_path(route.path, ids);
  const auto words = words_of(route.path);
  const bool one = route.path.ends_with("{}");
  const std::string_view last = words.empty() ? "versions" : one ? words[words.size() - 2] : words.back();
  const bool list = route.method == "GET" && route.path.starts_with("lbaas/") && last.ends_with('s') && !one &&
                    last != "status" && last != "statuses" && last != "stats";
  Value out = Value::object();
  std::string id(route.method);
  for (const std::string_view word : words) id += fmt::format("_{}", word == "{}" ? "id" : word);
  out.set("operationId", id).set("summary", fmt::format("{} {}", verb_of(route, one), one ? singular(last) : last));
  out.set("description", audience_of(route.access)).set("tags", Value::array().push(words.empty() ? "versions" : last));
  out.set("security", security_of(route.access)).set("parameters", parameters_of(route, ids, list));
  if (route.method == "POST" || route.method == "PUT") {
    const auto body = std::ranges::find_if(
        bodies(), [&](const Body& known) { return known.method == route.method && known.path == route.path; });
    Value content = json_content(body == bodies().end() ? Value::object() : reference("schemas", body->name));
    out.set("requestBody", Value().set("content", std::move(content)));
  }
  Value responses = Value::object();
  responses.set("2XX", Value().set("description", "done"));
  out.set("responses", responses.set("default", reference("responses", "Error")));
  return out;
}

Value shared_parameters() {
  Value out = Value::object();
  const auto add = [&](std::string_view name, Value schema, std::string_view description) {
    Value parameter = Value().set("name", name).set("in", "query").set("description", description);
    out.set(name, parameter.set("schema", std::move(schema)));
  };
  const auto type = [](std::string_view word) { return Value().set("type", word); };
  add("fields", type("string"), "fields of the answer, separated by commas; may be repeated");
  add("sort", type("string"), "field:direction, separated by commas; direction is asc or desc");
  add("sort_key", type("string"), "fields to sort by");
  add("sort_dir", type("string"), "asc or desc, one for each sort_key");
  add("limit", type("integer").set("minimum", 0), "at most so many; 0: all");
  add("marker", type("string"), "id of the last one that was seen");
  add("page_reverse", type("boolean"), "towards the beginning");
  add("filters", type("object").set("additionalProperties", type("string")),
      "any field of the resource by its value, repeated for alternatives; tags, tags-any, not-tags, not-tags-any");
  const auto add_header = [&](std::string_view name, std::string_view description) {
    Value parameter = Value().set("name", name).set("in", "header").set("description", description);
    out.set(name, parameter.set("schema", type("string")));
  };
  add_header("If-Match", "* or tags of ETag: 412, and nothing is done, if the configuration has none of them any more");
  add_header(
      "Idempotency-Key",
      "1 to 255 visible characters: a request that comes again with it within 24 hours is answered again and not "
      "done again");
  add_header("If-None-Match", "* or tags of ETag: 304 without a body if it still has one of them");
  return out;
}

Value error_schema() {
  Value members = Value::object();
  for (const char* name : {"faultcode", "faultstring", "error_code", "error_msg", "request_id", "field"})
    members.set(name, Value().set("type", "string"));
  members.set("debuginfo", Value().set("type", "null")).set("NeutronError", Value().set("type", "object"));
  return Value().set("type", "object").set("properties", std::move(members));
}

Value components() {
  Value schemas = Value::object();
  for (const Body& body : bodies()) schemas.set(body.name, codec::describe(body.decode));
  schemas.set("Error", error_schema());
  Value failed = Value().set("description", "refused: faultstring says which field breaks which rule");
  failed.set("content", json_content(reference("schemas", "Error")));
  Value schemes = Value::object();
  schemes.set("token", Value().set("type", "apiKey").set("in", "header").set("name", "X-Auth-Token"));
  schemes.set("bearer", Value().set("type", "http").set("scheme", "bearer"));
  schemes.set("basic", Value().set("type", "http").set("scheme", "basic"));
  Value out = Value::object();
  out.set("schemas", std::move(schemas)).set("responses", Value().set("Error", std::move(failed)));
  return out.set("parameters", shared_parameters()).set("securitySchemes", std::move(schemes));
}

Value document() {
  Value paths = Value::object();
  for (const RouteName& route : route_names()) {
    std::vector<std::string> ids;
    const std::string path = shown_path(route.path, ids);
    std::string method(route.method);
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    Value item = paths.get(path);
    paths.set(path, item.set(method, operation(route)));
  }
  Value out = Value::object();
  out.set("openapi", "3.1.0");
  out.set("info", Value()
                      .set("title", "ELB")
                      .set("version", "2.27")
                      .set("description",
                           "The load-balancing API of OpenStack (Octavia v2) with the vendor's v2.0 API as a "
                           "superset, and what is ours under /v1."));
  out.set("servers", Value::array().push(Value().set("url", "/")));
  return out.set("paths", std::move(paths)).set("components", components());
}

}  // namespace

Result<Reply> show_openapi(Context&, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  static const Value kDocument = document();
  return Reply{200, kDocument};
}

}  // namespace elb::api
