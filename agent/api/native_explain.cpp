// SPDX-License-Identifier: Apache-2.0
// GET /v1/explain: what is wrong, or not as one may expect, with an object and everything below it, each with the
// reason and the command to go on with (HC-20). Without an id: of all load balancers that the caller sees and, for
// whoever may see the node, of the node.
#include <set>

#include "api/handlers.h"
#include "api/lookup.h"
#include "api/resource_handlers.h"

namespace elb::api {
namespace {

using codec::Value;

class Explanation {
 public:
  Explanation(Context& context, View view) : context_(context), view_(std::move(view)) {}

  void add(const model::LoadBalancer& load_balancer) {
    judge("loadbalancer", load_balancer, "elbctl lb set " + load_balancer.id + " --enable",
          "elbctl listener create NAME --lb " + load_balancer.id + " --protocol TCP --port PORT");
    for (const auto& listener : view_.relations->listeners_of(load_balancer.id)) add(*listener);
    for (const auto& pool : view_.relations->pools_of(load_balancer.id))
      if (view_.relations->users_of(pool->id).empty()) add(*pool);
    if (const auto eip = view_.relations->eip_of(load_balancer.id)) judge("eip", *eip, "", "");
  }

  void add(const model::Listener& listener) {
    judge("listener", listener, "elbctl listener set " + listener.id + " --enable",
          "elbctl listener set " + listener.id + " --default-pool POOL");
    model::is_l7(listener.protocol) ? count_http(listener) : count_packets(listener);
    for (const auto& policy : view_.relations->policies_of(listener.id))
      judge("l7policy", *policy, "elbctl l7policy set " + policy->id + " --enable", "elbctl l7rule list " + policy->id);
    if (!listener.default_pool_id) return;
    const auto pool = view_.model().pools.find(*listener.default_pool_id);
    if (pool != view_.model().pools.end()) add(*pool->second);
  }

  void add(const model::Pool& pool) {
    if (!seen_.insert(pool.id).second) return;
    const bool empty = view_.relations->members_of(pool.id).empty();
    judge("pool", pool, "elbctl pool set " + pool.id + " --enable",
          !view_.relations->is_used(pool.id) ? "elbctl listener set LISTENER --default-pool " + pool.id
          : empty                            ? "elbctl member add " + pool.id + " ADDRESS:PORT"
                                             : "elbctl healthmonitor explain " + pool.id);
    if (const auto monitor = view_.relations->monitor_of(pool.id))
      judge("healthmonitor", *monitor, "elbctl healthmonitor set " + monitor->id + " --enable", "");
    for (const auto& member : view_.relations->members_of(pool.id)) add(*member);
  }

  void add(const model::Member& member) {
    const std::string set = "elbctl member set " + member.pool_id + " " + member.id;
    judge("member", member, set + " --enable",
          member.weight == 0 ? set + " --weight 1" : "elbctl healthmonitor explain " + member.pool_id);
    const auto* http = context_.http_traffic();
    const auto counts = http != nullptr ? http->http_member_traffic(member.id) : std::nullopt;
    if (!counts) return;
    const std::string logs = "elbctl logs --text member_" + member.id;
    count(member, "member", counts->failed_connections,
          "connections to it could not be opened; each request went on to the next member", logs);
    count(member, "member", counts->failed_requests, "requests ended without a whole response of it", logs);
  }

  void add_node() {
    for (const model::SinkStatus& sink : context_.reconciler().sinks())
      if (!sink.error.empty())
        put("node", "", sink.name, "ERROR", "the configuration is not applied: " + sink.error, "elbctl doctor");
    for (const model::DropCount& drop : context_.traffic().drops())
      if (drop.drop && drop.packets > 0)
        put("packets", "", drop.reason, "DROPPED", fmt::format("{} packets: {}", drop.packets, drop.description),
            "elbctl doctor");
  }

  /// Each member with its last check, whatever came of it (HC-20).
  Value checks(const model::Pool& pool) {
    Value list = Value::array();
    const auto monitor = view_.relations->monitor_of(pool.id);
    for (const auto& member : view_.relations->members_of(pool.id)) {
      const model::Health health = view_.observed.health(member->id);
      const auto status = view_.observed.of(*member);
      const uint16_t port = monitor && monitor->monitor_port ? *monitor->monitor_port : member->protocol_port;
      Value item = Value::object();
      item.set("member_id", member->id).set("member", label(*member));
      item.set("checked", Endpoint{member->address, port}.to_string());
      item.set("type", monitor ? Value(std::string(to_string(monitor->type))) : Value());
      item.set("operating_status", status.operating);
      const bool checked = health.checked != WallTime{};
      item.set("result", !health.reason.empty() ? Value(health.reason) : checked ? Value("passed") : Value());
      item.set("checked_at", checked ? Value(format_utc(health.checked)) : Value());
      item.set("since", health.since == WallTime{} ? Value() : Value(format_utc(health.since)));
      item.set("latency_us", health.latency_us < 0 ? Value() : Value(health.latency_us));
      list.push(std::move(item));
    }
    return list;
  }

  Value take() { return std::move(findings_); }
  View& view() { return view_; }

 private:
  void put(std::string_view kind, const model::Id& id, const std::string& name, const std::string& status,
           const std::string& reason, const std::string& next) {
    Value item = Value::object();
    item.set("kind", kind).set("id", id.empty() ? Value() : Value(id)).set("name", name).set("status", status);
    item.set("reason", reason).set("next", next.empty() ? Value() : Value(next));
    findings_.push(std::move(item));
  }

  template <class T>
  void judge(std::string_view kind, const T& resource, const std::string& enable, const std::string& otherwise) {
    const codec::ShownStatus status = view_.observed.of(resource);
    const bool well = status.operating == "ONLINE" || status.operating == "NO_MONITOR";
    if (well && status.reason.empty() && status.provisioning != "ERROR") return;
    const bool failed = status.provisioning == "ERROR";
    put(kind, resource.id, label(resource), failed ? status.provisioning : status.operating, status.reason,
        failed                    ? "elbctl doctor"
        : resource.admin_state_up ? otherwise
                                  : enable);
  }

  void count(const model::Common& resource, std::string_view kind, uint64_t number, std::string_view what,
             const std::string& next) {
    if (number > 0) put(kind, resource.id, label(resource), "COUNTED", fmt::format("{} {}", number, what), next);
  }

  void count_packets(const model::Listener& listener) {
    const auto counts = context_.traffic().listener_traffic(listener.id);
    if (counts)
      count(listener, "listener", counts->refused,
            "new connections were refused: whitelist, limit, or no usable member",
            "elbctl whitelist list --listener " + listener.id);
  }

  void count_http(const model::Listener& listener) {
    const auto* http = context_.http_traffic();
    const auto counts = http != nullptr ? http->http_listener_traffic(listener.id) : std::nullopt;
    if (!counts) return;
    const auto logs = [&](const char* how) { return fmt::format("elbctl logs --listener {} --{}", listener.id, how); };
    const auto say = [&](uint64_t number, std::string_view what, const std::string& next) {
      count(listener, "listener", number, what, next);
    };
    say(counts->retries, "requests were given to another member after the first one failed",
        logs("termination retried"));
    say(counts->limited, "requests were refused with 429: more than request_rate", logs("termination rate_limit"));
    say(counts->refused_connections, "connections were refused by the whitelist or the connection limit",
        "elbctl whitelist list --listener " + listener.id);
    say(counts->malformed, "requests could not be understood", logs("termination malformed"));
    say(counts->status_499, "requests were given up by their client (499)", logs("status 499"));
    say(counts->status_502, "requests were answered with 502: the member closed, refused or made no sense",
        logs("status 502"));
    say(counts->failed_handshakes, "TLS handshakes failed: protocol, cipher or certificate of the client",
        "elbctl listener show " + listener.id);
    say(counts->bad_proxy_headers, "connections had a PROXY header that may not be there, or none",
        "elbctl listener show " + listener.id);
    say(counts->floods, "HTTP/2 connections were ended because they burdened the proxy", logs("status 4xx"));
  }

  Context& context_;
  View view_;
  Value findings_ = Value::array();
  std::set<model::Id> seen_;
};

/// The guide's order of looking for the reason of an unhealthy member (Table 10-2), each with the command.
Value troubleshooting(const model::Pool& pool, const model::HealthMonitor* monitor) {
  const std::string checker = "the first address of --local-addresses (100.125.0.1 unless it was changed)";
  Value steps = Value::array();
  const auto step = [&steps](std::string_view what, std::string_view command) {
    steps.push(Value().set("step", what).set("command", command));
  };
  step("the check itself: type, port, path, codes and times are what the member answers to",
       monitor != nullptr ? "elbctl healthmonitor show " + monitor->id : "elbctl healthmonitor create " + pool.id);
  step("firewalls on the way let checks pass, from " + checker, "elbctl doctor");
  step("network ACLs of both subnets let the member's port and its answers pass", "elbctl subnet list");
  step("on the member: its server listens on the port, on an address that is not loopback", "ss -ltnup");
  step("on the member: its own firewall lets " + checker + " in", "nft list ruleset; iptables -S");
  step("on the member: its route back leads to this node", "ip route get 100.125.0.1");
  step("on the member: it is not overloaded, so that it answers in time", "uptime; ss -s");
  step("on the member: hosts.deny does not refuse the checks", "cat /etc/hosts.deny");
  const auto type = monitor != nullptr ? monitor->type : model::MonitorType::kTcp;
  if (type == model::MonitorType::kHttp)
    step("the same check by hand, from this node", std::string("curl -sv ") +
                                                       (pool.grpc ? "--http2-prior-knowledge " : "") +
                                                       "http://MEMBER:PORT" + monitor->url_path);
  else if (type == model::MonitorType::kGrpcHealth)
    step("the same check by hand, from this node", "grpc_health_probe -addr=MEMBER:PORT");
  else
    step("a connection by hand, from this node", "nc -vz MEMBER PORT");
  return steps;
}

}  // namespace

Result<Reply> native_explain(Context& context, const Request& request) {
  if (Status status = request.only_queries({"id"}); !status) return pass_on(status.error());
  Explanation explanation(context, context.view());
  const model::Model& model = explanation.view().model();
  Value out = Value::object();
  const std::string id = request.query("id");
  if (!request.has_query("id")) {
    for (const auto& [lb_id, load_balancer] : model.load_balancers) explanation.add(*load_balancer);
    if (!context.project()) explanation.add_node();
  } else if (const auto lb = model.load_balancers.find(id); lb != model.load_balancers.end()) {
    explanation.add(*lb->second);
  } else if (const auto listener = model.listeners.find(id); listener != model.listeners.end()) {
    explanation.add(*listener->second);
  } else if (const auto pool = model.pools.find(id); pool != model.pools.end()) {
    explanation.add(*pool->second);
    out.set("checks", explanation.checks(*pool->second));
    out.set("steps", troubleshooting(*pool->second, explanation.view().relations->monitor_of(id).get()));
  } else if (const auto member = model.members.find(id); member != model.members.end()) {
    explanation.add(*member->second);
  } else {
    return fail(ErrorCode::kNotFound, fmt::format("there is no load balancer, listener, pool or member {}", id), "id");
  }
  out.set("findings", explanation.take());
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
