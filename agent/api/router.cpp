// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <algorithm>
#include <array>
#include <optional>

#include "api/handlers.h"
#include "api/native_handlers.h"

namespace elb::api {
namespace {

using identity::Access;

struct Route {
  std::string_view method;
  std::string_view path;  // canonical, {} for an id
  Handler handler;
  std::optional<Access> access{};  // empty: by its path, so that a new route is closed until somebody opens it
};

/// Objects of projects are under these; everything else is of the node.
Access access_of(const Route& route) {
  if (route.access) return *route.access;
  const bool of_projects = route.path.starts_with("lbaas/") || route.path.starts_with("network/");
  return of_projects ? Access::kProject : Access::kNode;
}

constexpr Route kRoutes[] = {
    {"GET", "", list_versions, Access::kPublic},
    {"GET", "version", show_version, Access::kPublic},
    {"GET", "openapi.json", show_openapi, Access::kPublic},

    {"GET", "lbaas/loadbalancers", list_load_balancers},
    {"POST", "lbaas/loadbalancers", create_load_balancer},
    {"GET", "lbaas/loadbalancers/{}", show_load_balancer},
    {"PUT", "lbaas/loadbalancers/{}", update_load_balancer},
    {"DELETE", "lbaas/loadbalancers/{}", delete_load_balancer},
    {"GET", "lbaas/loadbalancers/{}/status", show_status_tree},
    {"GET", "lbaas/loadbalancers/{}/statuses", show_status_tree},
    {"GET", "lbaas/loadbalancers/{}/stats", show_load_balancer_stats},
    {"PUT", "lbaas/loadbalancers/{}/failover", fail_over},
    {"GET", "lbaas/loadbalancers/{}/tags", list_tags},
    {"POST", "lbaas/loadbalancers/{}/tags", create_tag},
    {"POST", "lbaas/loadbalancers/{}/tags/action", change_tags},
    {"DELETE", "lbaas/loadbalancers/{}/tags/{}", delete_tag},

    {"GET", "lbaas/listeners", list_listeners},
    {"POST", "lbaas/listeners", create_listener},
    {"GET", "lbaas/listeners/{}", show_listener},
    {"PUT", "lbaas/listeners/{}", update_listener},
    {"DELETE", "lbaas/listeners/{}", delete_listener},
    {"GET", "lbaas/listeners/{}/stats", show_listener_stats},
    {"GET", "lbaas/listeners/{}/tags", list_tags},
    {"POST", "lbaas/listeners/{}/tags", create_tag},
    {"POST", "lbaas/listeners/{}/tags/action", change_tags},
    {"DELETE", "lbaas/listeners/{}/tags/{}", delete_tag},

    {"GET", "lbaas/pools", list_pools},
    {"POST", "lbaas/pools", create_pool},
    {"GET", "lbaas/pools/{}", show_pool},
    {"PUT", "lbaas/pools/{}", update_pool},
    {"DELETE", "lbaas/pools/{}", delete_pool},

    {"GET", "lbaas/pools/{}/members", list_members},
    {"POST", "lbaas/pools/{}/members", create_member},
    {"PUT", "lbaas/pools/{}/members", batch_members},
    {"GET", "lbaas/pools/{}/members/{}", show_member},
    {"PUT", "lbaas/pools/{}/members/{}", update_member},
    {"DELETE", "lbaas/pools/{}/members/{}", delete_member},

    {"GET", "lbaas/healthmonitors", list_health_monitors},
    {"POST", "lbaas/healthmonitors", create_health_monitor},
    {"GET", "lbaas/healthmonitors/{}", show_health_monitor},
    {"PUT", "lbaas/healthmonitors/{}", update_health_monitor},
    {"DELETE", "lbaas/healthmonitors/{}", delete_health_monitor},

    {"GET", "lbaas/whitelists", list_whitelists},
    {"POST", "lbaas/whitelists", create_whitelist},
    {"GET", "lbaas/whitelists/{}", show_whitelist},
    {"PUT", "lbaas/whitelists/{}", update_whitelist},
    {"DELETE", "lbaas/whitelists/{}", delete_whitelist},

    {"GET", "lbaas/logtanks", list_logtanks},
    {"POST", "lbaas/logtanks", create_logtank},
    {"GET", "lbaas/logtanks/{}", show_logtank},
    {"PUT", "lbaas/logtanks/{}", update_logtank},
    {"DELETE", "lbaas/logtanks/{}", delete_logtank},

    {"GET", "lbaas/certificates", list_certificates},
    {"POST", "lbaas/certificates", create_certificate},
    {"GET", "lbaas/certificates/{}", show_certificate},
    {"PUT", "lbaas/certificates/{}", update_certificate},
    {"DELETE", "lbaas/certificates/{}", delete_certificate},

    {"GET", "lbaas/l7policies", list_l7policies},
    {"POST", "lbaas/l7policies", create_l7policy},
    {"GET", "lbaas/l7policies/{}", show_l7policy},
    {"PUT", "lbaas/l7policies/{}", update_l7policy},
    {"DELETE", "lbaas/l7policies/{}", delete_l7policy},
    {"GET", "lbaas/l7policies/{}/rules", list_l7rules},
    {"POST", "lbaas/l7policies/{}/rules", create_l7rule},
    {"GET", "lbaas/l7policies/{}/rules/{}", show_l7rule},
    {"PUT", "lbaas/l7policies/{}/rules/{}", update_l7rule},
    {"DELETE", "lbaas/l7policies/{}/rules/{}", delete_l7rule},

    {"GET", "lbaas/providers", list_providers},
    {"GET", "lbaas/quotas", list_quotas, Access::kQuota},
    {"GET", "lbaas/quotas/defaults", show_default_quotas, Access::kQuota},
    {"GET", "lbaas/quotas/{}", show_quotas, Access::kQuota},
    {"PUT", "lbaas/quotas/{}", update_quotas, Access::kQuota},
    {"DELETE", "lbaas/quotas/{}", reset_quotas, Access::kQuota},

    {"GET", "network/subnets", list_subnets},
    {"GET", "network/subnets/{}", show_subnet},
    {"GET", "network/networks", list_networks},
    {"GET", "network/networks/{}", show_network},

    {"GET", "network/floatingips", list_floating_ips},
    {"POST", "network/floatingips", create_floating_ip},
    {"GET", "network/floatingips/{}", show_floating_ip},
    {"PUT", "network/floatingips/{}", update_floating_ip},
    {"DELETE", "network/floatingips/{}", delete_floating_ip},
    {"GET", "network/ports", list_ports},
    {"GET", "network/ports/{}", show_port},

    {"GET", "v1/eips", list_eips, Access::kProject},
    {"POST", "v1/eips", create_eip, Access::kProject},
    {"GET", "v1/eips/{}", show_eip, Access::kProject},
    {"PUT", "v1/eips/{}", update_eip, Access::kProject},
    {"DELETE", "v1/eips/{}", delete_eip, Access::kProject},
    {"GET", "v1/logs", list_logs, Access::kProject},
    {"GET", "v1/explain", native_explain, Access::kProject},
    {"POST", "v1/apply", apply_document, Access::kProject},
    {"GET", "v1/export", export_document, Access::kProject},
    {"GET", "v1/revisions", list_revisions, Access::kProject},
    {"GET", "v1/revisions/{}", show_revision, Access::kProject},
    {"GET", "v1/diff", diff_revisions, Access::kProject},
    {"POST", "v1/rollback", roll_back, Access::kProject},
    {"GET", "v1/events", list_events, Access::kProject},
    {"GET", "v1/traces", list_traces, Access::kProject},
    {"GET", "v1/traces/{}", show_trace, Access::kProject},
    {"GET", "v1/tokens", list_tokens, Access::kAdmin},
    {"POST", "v1/tokens", create_token, Access::kAdmin},
    {"GET", "v1/tokens/{}", show_token, Access::kAdmin},
    {"DELETE", "v1/tokens/{}", delete_token, Access::kAdmin},
    {"GET", "v1/projects", list_projects, Access::kAdmin},
    {"POST", "v1/projects", create_project, Access::kAdmin},
    {"GET", "v1/projects/{}", show_project, Access::kAdmin},
    {"DELETE", "v1/projects/{}", delete_project, Access::kAdmin},

    {"GET", "identity/v3", identity_version, Access::kPublic},
    {"POST", "identity/v3/auth/tokens", identity_login, Access::kPublic},
    {"GET", "identity/v3/auth/tokens", identity_token, Access::kPublic},
    {"GET", "identity/v3/projects", identity_projects, Access::kQuota},
    {"GET", "identity/v3/projects/{}", identity_project, Access::kQuota},
    {"GET", "identity/v3/auth/projects", identity_projects, Access::kQuota},
    {"GET", "identity/v3/roles", identity_roles, Access::kQuota},
    {"GET", "identity/v3/roles/{}", identity_role, Access::kQuota},
    {"GET", "identity/v3/role_assignments", identity_assignments, Access::kQuota},

    {"GET", "v1/status", native_status, Access::kProject},  // of a project: its part
    {"GET", "v1/flows", native_flows},
    {"GET", "v1/drops", native_drops},
    {"GET", "v1/counters", native_counters, Access::kProject},
    {"GET", "v1/doctor", native_doctor},
    {"GET", "v1/trace", native_trace},
    {"GET", "v1/version", native_version, Access::kQuota},
    {"GET", "v1/metrics", query_metrics},
    {"POST", "v1/metrics/batch", query_metric_batch},
    {"GET", "metrics", scrape_metrics, Access::kProject},
    {"GET", "v1/alarms", list_alarms},
    {"POST", "v1/alarms", create_alarm},
    {"GET", "v1/alarms/{}", show_alarm},
    {"PUT", "v1/alarms/{}", update_alarm},
    {"DELETE", "v1/alarms/{}", delete_alarm},
    {"POST", "v1/alarms/{}/test", test_alarm},
};

using Segments = std::vector<std::string_view>;

Segments split(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    if (path.empty()) break;  // a slash at the end means nothing
    const size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The segments as the table spells them. Clients say /v2 or /v2.0, with or without "lbaas" for some collections, with a
// project in the vendor's SDK, and with a prefix when a service catalog has one.
Segments canonical(Segments segments) {
  const auto drop = [&segments](size_t count) {
    segments.erase(segments.begin(), segments.begin() + static_cast<ptrdiff_t>(count));
  };
  if (!segments.empty() && segments[0] == "load-balancer") drop(1);
  if (segments.empty() || one_of(segments[0], {"v1", "metrics", "openapi.json"})) return segments;
  if (segments[0] == "identity" && segments.size() > 1 && segments[1] == "v3") return segments;
  // of the vendor's v3 only the access logs, which v2.0 does not have
  if (segments.size() > 3 && segments[0] == "v3" && segments[2] == "elb" && segments[3] == "logtanks") {
    drop(2);
    segments[0] = "lbaas";
    return segments;
  }
  if (!one_of(segments[0], {"v2", "v2.0"})) return {"unknown"};  // the table's own words are no paths
  if (segments.size() == 1) return {"version"};
  if (segments[1] == "lbaas" && segments.size() > 2) {
    drop(1);
  } else if (segments.size() > 3 && segments[2] == "elb") {
    drop(2);
    segments[0] = "lbaas";
  } else if (one_of(segments[1], {"quotas", "providers", "loadbalancers", "listeners", "pools", "healthmonitors",
                                  "whitelists", "certificates", "l7policies"})) {
    segments[0] = "lbaas";
  } else if (one_of(segments[1], {"subnets", "networks", "floatingips", "ports"})) {
    segments[0] = "network";
  } else if (segments.size() > 4 && segments[4] == "tags" && one_of(segments[2], {"loadbalancers", "listeners"})) {
    drop(1);  // /v2.0/{project}/loadbalancers/{id}/tags
    segments[0] = "lbaas";
  }
  return segments;
}

bool matches(const Segments& pattern, const Segments& path, std::vector<std::string>& ids) {
  if (pattern.size() != path.size()) return false;
  ids.clear();
  for (size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] == "{}") {
      ids.emplace_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<RouteName> route_names() {
  std::vector<RouteName> names;
  for (const Route& route : kRoutes) names.push_back({route.method, route.path, access_of(route)});
  return names;
}

Match find_route(std::string_view method, std::string_view path) {
  const Segments segments = canonical(split(path));
  if (method == "HEAD") method = "GET";
  Match match;
  std::vector<std::string> ids;
  for (const Route& route : kRoutes) {
    if (!matches(split(route.path), segments, ids)) continue;
    if (match.pattern.empty()) match.pattern = route.path;
    if (route.method == method && !match.handler) {
      match.handler = route.handler;
      match.ids = ids;
      match.pattern = route.path;
      match.access = access_of(route);
    }
    const std::string allowed(route.method);
    if (std::find(match.allowed.begin(), match.allowed.end(), allowed) != match.allowed.end()) continue;
    match.allowed.push_back(allowed);
    if (allowed == "GET") match.allowed.emplace_back("HEAD");
  }
  return match;
}

}  // namespace elb::api
