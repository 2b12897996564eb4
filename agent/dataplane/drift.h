// SPDX-License-Identifier: Apache-2.0
// What an audit tells: the differences between what we wrote and what the kernel holds now, a line for each.
// Thread rule: pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "dataplane/map_port.h"
#include "model/sink.h"

namespace elb::dataplane {

/// Adds to audit.checked, .repaired (the caller is about to repair) and .findings (at most kFindingsMax lines in all).
inline constexpr size_t kFindingsMax = 100;
void add_finding(model::Audit& audit, std::string finding);

void describe_drift(const ListenerTable& expected, const ListenerTable& found, model::Audit& audit);
void describe_drift(const MemberTable& expected, const MemberTable& found, model::Audit& audit);
void describe_drift(const std::map<uint32_t, std::optional<Ring>>& expected,
                    const std::map<uint32_t, std::optional<Ring>>& found, model::Audit& audit);
void describe_drift(const PolicyTable& expected, const PolicyTable& found, model::Audit& audit);
void describe_drift(const AclTable& expected, const AclTable& found, model::Audit& audit);
void describe_drift(const AddrTable& expected, const AddrTable& found, model::Audit& audit);
void describe_drift(const HopTable& expected, const HopTable& found, model::Audit& audit);
void describe_drift(const LinkTable& expected, const LinkTable& found, model::Audit& audit);
void describe_drift(const std::set<uint32_t>& expected_tx_ports, const std::set<uint32_t>& found, model::Audit& audit);

}  // namespace elb::dataplane
