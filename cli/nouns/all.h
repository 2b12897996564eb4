// SPDX-License-Identifier: Apache-2.0
// One maker for each noun, a file each; nouns() in registry.cpp puts them in order.
// Thread rule: called once.
#pragma once

#include "cli/command.h"

namespace elb::cli {

Noun load_balancer_noun();
Noun listener_noun();
Noun pool_noun();
Noun member_noun();
Noun health_monitor_noun();
Noun whitelist_noun();
Noun eip_noun();
Noun certificate_noun();
Noun l7policy_noun();
Noun l7rule_noun();
/// elbctl healthmonitor explain, with explain.cpp.
Done explain_checks(Context& context, const Command& command, const Args& args);
Noun subnet_noun();
Noun status_noun();
Noun flows_noun();
Noun drops_noun();
Noun top_noun();
Noun metrics_noun();
Noun alarm_noun();
Noun accesslog_noun();
Noun logs_noun();
Noun events_noun();
Noun explain_noun();
Noun trace_noun();
Noun doctor_noun();
Noun version_noun();
Noun completion_noun();
Noun complete_noun();  // hidden: what the shells ask
Noun manual_noun();    // hidden: the source of elbctl(1)

}  // namespace elb::cli
