// SPDX-License-Identifier: Apache-2.0
// GET /v1/doctor: the findings of the data path, those about what is configured (pools, zones, executors), and the list
// of what to ask oneself when a service cannot be reached (FAQ-01).
#include "api/handlers.h"

namespace elb::api {
namespace {

using codec::Value;
using model::Finding;
using model::Findings;
using model::Severity;

constexpr int64_t kReconcileLate = 30;  // seconds; audits come every five

/// Refused and reset mean that the host answers; silence that a firewall or the host is in the way.
std::string remedy_for(const model::Member& member, const std::string& reason) {
  const std::string address = member.address.to_string();
  const std::string port = std::to_string(member.protocol_port);
  if (reason.find("refused") != std::string::npos)
    return fmt::format("ss -lnt 'sport = :{}'   # on {}: does the server listen, on this address?", port, address);
  return fmt::format("nc -vz {0} {1}   # from this node; silence: firewall or route of {0} back to the local addresses",
                     address, port);
}

void look_at_pool(View& view, const model::Pool& pool, bool used, Findings& findings) {
  const codec::ShownStatus status = view.observed.of(pool);
  const std::string subject = "pool " + (pool.name.empty() ? pool.id : pool.name);
  size_t down = 0;
  for (const auto& member : view.relations->members_of(pool.id)) {
    const codec::ShownStatus shown = view.observed.of(*member);
    if (shown.operating != "ERROR") continue;
    ++down;
    findings.push_back(
        {Severity::kWarning, "member.health",
         fmt::format("member {} of {}", Endpoint{member->address, member->protocol_port}.to_string(), subject),
         "fails its health check: " + shown.reason, remedy_for(*member, shown.reason)});
  }
  if (status.operating == "ERROR" && used)
    findings.push_back({Severity::kError, "pool.no_member", subject, status.reason,
                        fmt::format("elbctl member list {}", pool.name.empty() ? pool.id : pool.name)});
  for (const std::string& zone : view.observed.zones_without_member(pool))
    findings.push_back({Severity::kWarning, "az_without_healthy_member", subject,
                        fmt::format("no healthy member in zone {}: its traffic goes to other zones", zone),
                        fmt::format("elbctl member list {}", pool.name.empty() ? pool.id : pool.name)});
  if (down == 0 && status.operating != "ERROR")
    findings.push_back({Severity::kOk, "pool", subject,
                        fmt::format("is {}{}", status.operating, status.reason.empty() ? "" : ": " + status.reason),
                        ""});
}

void look_at_model(View& view, Findings& findings) {
  for (const auto& [id, pool] : view.model().pools) look_at_pool(view, *pool, view.relations->is_used(id), findings);
  for (const auto& [id, listener] : view.model().listeners)
    if (!listener->default_pool_id)
      findings.push_back(
          {Severity::kWarning, "listener.no_pool", "listener " + (listener->name.empty() ? id : listener->name),
           "has no pool: every connection is refused",
           fmt::format("elbctl pool create NAME --listener {}", listener->name.empty() ? id : listener->name)});
}

void look_at_sinks(const Context& context, const View& view, Findings& findings) {
  for (const model::SinkStatus& sink : context.reconciler().sinks()) {
    const std::string subject = "executor " + sink.name;
    if (!sink.error.empty())
      findings.push_back(
          {Severity::kError, "agent.apply", subject, "fails: " + sink.error, "journalctl -u elb-agent -n 50"});
    else if (sink.idle_s > kReconcileLate)
      findings.push_back({Severity::kError, "agent.reconcile", subject,
                          fmt::format("was last applied or audited {} s ago: changes are not carried out", sink.idle_s),
                          "systemctl restart elb-agent   # connections stay"});
    else
      findings.push_back({Severity::kOk, "agent.reconcile", subject,
                          sink.idle_s < 0
                              ? "has nothing to do yet"
                              : fmt::format("applied or audited {} s ago, revision {} of {}, {} repairs", sink.idle_s,
                                            sink.applied_revision, view.model().revision, sink.drift_repaired),
                          ""});
  }
}

/// What findings cannot know: asked in this order (HC-20, FAQ-01).
Value checklist() {
  static constexpr std::pair<const char*, const char*> kQuestions[] = {
      {"Is the service configured and applied, and are its members healthy?", "elbctl status"},
      {"Does a firewall on the members let the local addresses in? Members see those, not the clients.",
       "iptables -L INPUT -nv; nft list ruleset   # on the member"},
      {"Does the whitelist of the listener hold the client?", "elbctl trace tcp CLIENT:PORT VIP:PORT"},
      {"Does the server listen on the member's address and port, not on 127.0.0.1 only?", "ss -lnt   # on the member"},
      {"Does the member route the local addresses back to this node, and is it not overloaded?",
       "ip route get 100.125.0.2; uptime   # on the member"},
      {"Does the server refuse the balancer by hosts.deny or a list of its own?",
       "cat /etc/hosts.deny   # on the member"},
      {"Do connections break after a pause? A TCP connection that is silent for 300 s is ended: send keepalives.",
       "sysctl -w net.ipv4.tcp_keepalive_time=120   # on client or member"},
      {"Does one member get nearly everything? Behind a CDN, WAF or NAT many clients share one address, and source "
       "hash and source address stickiness put them together.",
       "elbctl pool set POOL --algorithm ROUND_ROBIN"},
      {"Does a client change members? Stickiness ends after its idle time, and a cookie that is replaced ends it at "
       "once.",
       "elbctl pool show POOL"},
  };
  Value list = Value::array();
  for (const auto& [question, command] : kQuestions)
    list.push(Value().set("question", question).set("command", command));
  return list;
}

}  // namespace

Result<Reply> native_doctor(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  if (context.diagnosis() == nullptr) return fail(ErrorCode::kUnsupported, "there is no data path to look at");
  Findings findings = context.diagnosis()->findings();
  View view = context.view();
  look_at_sinks(context, view, findings);
  look_at_model(view, findings);
  Value list = Value::array();
  int64_t counts[3] = {};
  for (const Finding& finding : findings) {
    ++counts[static_cast<size_t>(finding.severity)];
    list.push(Value()
                  .set("severity", std::string(to_string(finding.severity)))
                  .set("check", finding.check)
                  .set("subject", finding.subject)
                  .set("seen", finding.seen)
                  .set("remedy", finding.remedy));
  }
  Value out = Value::object();
  out.set("errors", counts[2]).set("warnings", counts[1]).set("ok", counts[0]);
  out.set("findings", std::move(list)).set("checklist", checklist());
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
