// SPDX-License-Identifier: Apache-2.0
// Quotas: how many objects of each kind a project may have (LB-20, chapter 18 of the catalogue). The one place where
// they are enforced is check(), which every write of the API passes inside its transaction.
// Thread rule: plain values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resources.h"

namespace elb::identity {

/// What has a quota, with the API's word for it and the number unless told otherwise; -1: any number.
struct QuotaKind {
  std::string_view name;
  model::Kind kind;
  int64_t most;
};
inline constexpr std::array<QuotaKind, 9> kQuotaKinds = {{
    {"loadbalancer", model::Kind::kLoadBalancer, 50},
    {"listener", model::Kind::kListener, 100},
    {"pool", model::Kind::kPool, 500},
    {"member", model::Kind::kMember, 500},
    {"healthmonitor", model::Kind::kHealthMonitor, -1},
    {"l7policy", model::Kind::kL7Policy, 500},
    {"l7rule", model::Kind::kL7Rule, -1},
    {"certificate", model::Kind::kCertificate, 120},
    {"eip", model::Kind::kEip, -1},
}};
inline constexpr int64_t kQuotaMax = 1'000'000'000;

/// By kind's name; what is absent is unlimited.
using Quotas = std::map<std::string, int64_t, std::less<>>;

Quotas default_quotas();

/// "loadbalancer=60,listener=-1" over `quotas`. kInvalid names what is wrong.
Status apply_quotas(std::string_view text, Quotas& quotas);

/// Whether the projects that `changes` gives new objects may have them. Objects that were there before a quota was
/// lowered stay. kQuota names the kind and the project.
template <class QuotasOf>  // Quotas(const std::string& project_id)
Status check_quotas(const model::Model& before, const model::Model& after, std::span<const model::Change> changes,
                    QuotasOf quotas_of);

/// How many objects of the kind the project has.
int64_t count(const model::Model& model, model::Kind kind, std::string_view project_id);

/// Kinds of which `changes` makes new objects, by project.
std::map<std::string, std::map<model::Kind, int64_t>> created_by(const model::Model& before,
                                                                 std::span<const model::Change> changes);
Status check_quota(const model::Model& after, const std::string& project_id, const std::map<model::Kind, int64_t>& made,
                   const Quotas& quotas);

template <class QuotasOf>
Status check_quotas(const model::Model& before, const model::Model& after, std::span<const model::Change> changes,
                    QuotasOf quotas_of) {
  for (const auto& [project, made] : created_by(before, changes))
    if (Status status = check_quota(after, project, made, quotas_of(project)); !status) return status;
  return {};
}

}  // namespace elb::identity
