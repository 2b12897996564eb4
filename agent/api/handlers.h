// SPDX-License-Identifier: Apache-2.0
// The handlers behind the table of routes, one group for each file. Private to api.
// Thread rule: as Context, any thread.
#pragma once

#include "api/context.h"

namespace elb::api {

// discovery.cpp: version documents, subnets and networks, providers
Result<Reply> list_versions(Context& context, const Request& request);
Result<Reply> show_version(Context& context, const Request& request);
Result<Reply> list_subnets(Context& context, const Request& request);
Result<Reply> show_subnet(Context& context, const Request& request);
Result<Reply> list_networks(Context& context, const Request& request);
Result<Reply> show_network(Context& context, const Request& request);
Result<Reply> list_providers(Context& context, const Request& request);

// openapi.cpp
Result<Reply> show_openapi(Context& context, const Request& request);

// tags.cpp: those of a load balancer or a listener as keys and values
Result<Reply> list_tags(Context& context, const Request& request);
Result<Reply> create_tag(Context& context, const Request& request);
Result<Reply> change_tags(Context& context, const Request& request);
Result<Reply> delete_tag(Context& context, const Request& request);

// quotas.cpp
Result<Reply> list_quotas(Context& context, const Request& request);
Result<Reply> show_quotas(Context& context, const Request& request);
Result<Reply> show_default_quotas(Context& context, const Request& request);
Result<Reply> update_quotas(Context& context, const Request& request);
Result<Reply> reset_quotas(Context& context, const Request& request);

// tokens.cpp
Result<Reply> list_tokens(Context& context, const Request& request);
Result<Reply> create_token(Context& context, const Request& request);
Result<Reply> show_token(Context& context, const Request& request);
Result<Reply> delete_token(Context& context, const Request& request);

// projects.cpp
Result<Reply> list_projects(Context& context, const Request& request);
Result<Reply> create_project(Context& context, const Request& request);
Result<Reply> show_project(Context& context, const Request& request);
Result<Reply> delete_project(Context& context, const Request& request);

// traces.cpp
Result<Reply> list_traces(Context& context, const Request& request);
Result<Reply> show_trace(Context& context, const Request& request);

// keystone.cpp
Result<Reply> identity_version(Context& context, const Request& request);
Result<Reply> identity_login(Context& context, const Request& request);
Result<Reply> identity_token(Context& context, const Request& request);
Result<Reply> identity_projects(Context& context, const Request& request);
Result<Reply> identity_project(Context& context, const Request& request);
Result<Reply> identity_roles(Context& context, const Request& request);
Result<Reply> identity_role(Context& context, const Request& request);
Result<Reply> identity_assignments(Context& context, const Request& request);

// load_balancers.cpp
Result<Reply> list_load_balancers(Context& context, const Request& request);
Result<Reply> create_load_balancer(Context& context, const Request& request);
Result<Reply> show_load_balancer(Context& context, const Request& request);
Result<Reply> update_load_balancer(Context& context, const Request& request);
Result<Reply> delete_load_balancer(Context& context, const Request& request);
Result<Reply> fail_over(Context& context, const Request& request);

// listeners.cpp
Result<Reply> list_listeners(Context& context, const Request& request);
Result<Reply> create_listener(Context& context, const Request& request);
Result<Reply> show_listener(Context& context, const Request& request);
Result<Reply> update_listener(Context& context, const Request& request);
Result<Reply> delete_listener(Context& context, const Request& request);

// pools.cpp
Result<Reply> list_pools(Context& context, const Request& request);
Result<Reply> create_pool(Context& context, const Request& request);
Result<Reply> show_pool(Context& context, const Request& request);
Result<Reply> update_pool(Context& context, const Request& request);
Result<Reply> delete_pool(Context& context, const Request& request);

// members.cpp, member_batch.cpp
Result<Reply> list_members(Context& context, const Request& request);
Result<Reply> create_member(Context& context, const Request& request);
Result<Reply> show_member(Context& context, const Request& request);
Result<Reply> update_member(Context& context, const Request& request);
Result<Reply> delete_member(Context& context, const Request& request);
Result<Reply> batch_members(Context& context, const Request& request);

// health_monitors.cpp
Result<Reply> list_health_monitors(Context& context, const Request& request);
Result<Reply> create_health_monitor(Context& context, const Request& request);
Result<Reply> show_health_monitor(Context& context, const Request& request);
Result<Reply> update_health_monitor(Context& context, const Request& request);
Result<Reply> delete_health_monitor(Context& context, const Request& request);

// whitelists.cpp
Result<Reply> list_whitelists(Context& context, const Request& request);
Result<Reply> create_whitelist(Context& context, const Request& request);
Result<Reply> show_whitelist(Context& context, const Request& request);
Result<Reply> update_whitelist(Context& context, const Request& request);
Result<Reply> delete_whitelist(Context& context, const Request& request);

// certificates.cpp
Result<Reply> list_certificates(Context& context, const Request& request);
Result<Reply> create_certificate(Context& context, const Request& request);
Result<Reply> show_certificate(Context& context, const Request& request);
Result<Reply> update_certificate(Context& context, const Request& request);
Result<Reply> delete_certificate(Context& context, const Request& request);

// logtanks.cpp: the switch of access logs; logs.cpp: their lines
Result<Reply> list_logtanks(Context& context, const Request& request);
Result<Reply> create_logtank(Context& context, const Request& request);
Result<Reply> show_logtank(Context& context, const Request& request);
Result<Reply> update_logtank(Context& context, const Request& request);
Result<Reply> delete_logtank(Context& context, const Request& request);
Result<Reply> list_logs(Context& context, const Request& request);

// l7policies.cpp
Result<Reply> list_l7policies(Context& context, const Request& request);
Result<Reply> create_l7policy(Context& context, const Request& request);
Result<Reply> show_l7policy(Context& context, const Request& request);
Result<Reply> update_l7policy(Context& context, const Request& request);
Result<Reply> delete_l7policy(Context& context, const Request& request);
Result<Reply> list_l7rules(Context& context, const Request& request);
Result<Reply> create_l7rule(Context& context, const Request& request);
Result<Reply> show_l7rule(Context& context, const Request& request);
Result<Reply> update_l7rule(Context& context, const Request& request);
Result<Reply> delete_l7rule(Context& context, const Request& request);

// eips.cpp
Result<Reply> list_eips(Context& context, const Request& request);
Result<Reply> create_eip(Context& context, const Request& request);
Result<Reply> show_eip(Context& context, const Request& request);
Result<Reply> update_eip(Context& context, const Request& request);
Result<Reply> delete_eip(Context& context, const Request& request);

// floating_ips.cpp
Result<Reply> list_floating_ips(Context& context, const Request& request);
Result<Reply> create_floating_ip(Context& context, const Request& request);
Result<Reply> show_floating_ip(Context& context, const Request& request);
Result<Reply> update_floating_ip(Context& context, const Request& request);
Result<Reply> delete_floating_ip(Context& context, const Request& request);
Result<Reply> list_ports(Context& context, const Request& request);
Result<Reply> show_port(Context& context, const Request& request);

// statuses.cpp
Result<Reply> show_status_tree(Context& context, const Request& request);
Result<Reply> show_load_balancer_stats(Context& context, const Request& request);
Result<Reply> show_listener_stats(Context& context, const Request& request);

// native.cpp, native_*.cpp: /v1
Result<Reply> native_status(Context& context, const Request& request);
Result<Reply> native_flows(Context& context, const Request& request);
Result<Reply> native_drops(Context& context, const Request& request);
Result<Reply> native_counters(Context& context, const Request& request);
Result<Reply> native_doctor(Context& context, const Request& request);
Result<Reply> native_trace(Context& context, const Request& request);
Result<Reply> native_explain(Context& context, const Request& request);
Result<Reply> native_version(Context& context, const Request& request);

// metrics.cpp: for Prometheus; metric_queries.cpp: what is kept
Result<Reply> scrape_metrics(Context& context, const Request& request);
Result<Reply> query_metrics(Context& context, const Request& request);
Result<Reply> query_metric_batch(Context& context, const Request& request);

// alarms.cpp
Result<Reply> list_alarms(Context& context, const Request& request);
Result<Reply> create_alarm(Context& context, const Request& request);
Result<Reply> show_alarm(Context& context, const Request& request);
Result<Reply> update_alarm(Context& context, const Request& request);
Result<Reply> delete_alarm(Context& context, const Request& request);
Result<Reply> test_alarm(Context& context, const Request& request);

}  // namespace elb::api
