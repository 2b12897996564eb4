// SPDX-License-Identifier: Apache-2.0
#include "identity/quotas.h"

#include <algorithm>
#include <charconv>

namespace elb::identity {
namespace {

/// Calls `look` with the kind's table.
template <class Look>
auto with_table(const model::Model& model, model::Kind kind, Look look) {
  switch (kind) {
    case model::Kind::kLoadBalancer:
      return look(model.load_balancers);
    case model::Kind::kListener:
      return look(model.listeners);
    case model::Kind::kPool:
      return look(model.pools);
    case model::Kind::kMember:
      return look(model.members);
    case model::Kind::kHealthMonitor:
      return look(model.health_monitors);
    case model::Kind::kCertificate:
      return look(model.certificates);
    case model::Kind::kL7Policy:
      return look(model.l7policies);
    case model::Kind::kL7Rule:
      return look(model.l7rules);
    case model::Kind::kEip:
      break;
  }
  return look(model.eips);
}

}  // namespace

Quotas default_quotas() {
  Quotas quotas;
  for (const QuotaKind& kind : kQuotaKinds) quotas.emplace(kind.name, kind.most);
  return quotas;
}

Status apply_quotas(std::string_view text, Quotas& quotas) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const size_t equals = part.find('=');
    const auto known = std::find_if(kQuotaKinds.begin(), kQuotaKinds.end(),
                                    [&](const QuotaKind& kind) { return kind.name == part.substr(0, equals); });
    if (equals == std::string_view::npos || known == kQuotaKinds.end())
      return invalid("", fmt::format("'{}' is not NAME=NUMBER with a name such as loadbalancer or listener", part));
    const std::string_view number = part.substr(equals + 1);
    int64_t most = -2;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), most);
    if (error != std::errc{} || end != number.data() + number.size() || most < -1 || most > kQuotaMax)
      return invalid(std::string(known->name), fmt::format("must be -1 to {}, got '{}'", kQuotaMax, number));
    quotas[std::string(known->name)] = most;
  }
  return {};
}

int64_t count(const model::Model& model, model::Kind kind, std::string_view project_id) {
  return with_table(model, kind, [&](const auto& table) -> int64_t {
    return std::count_if(table.begin(), table.end(),
                         [&](const auto& entry) { return entry.second->project_id == project_id; });
  });
}

std::map<std::string, std::map<model::Kind, int64_t>> created_by(const model::Model& before,
                                                                 std::span<const model::Change> changes) {
  std::map<std::string, std::map<model::Kind, int64_t>> made;
  for (const model::Change& change : changes) {
    const auto* put = std::get_if<model::Put>(&change);
    if (put == nullptr) continue;
    const auto kind = static_cast<model::Kind>(put->resource.index());
    std::visit(
        [&](const auto& resource) {
          const bool fresh = with_table(before, kind, [&](const auto& table) { return !table.contains(resource.id); });
          if (fresh) ++made[resource.project_id][kind];
        },
        put->resource);
  }
  return made;
}

Status check_quota(const model::Model& after, const std::string& project_id, const std::map<model::Kind, int64_t>& made,
                   const Quotas& quotas) {
  for (const QuotaKind& kind : kQuotaKinds) {
    const auto fresh = made.find(kind.kind);
    const auto most = quotas.find(kind.name);
    if (fresh == made.end() || most == quotas.end() || most->second < 0) continue;
    const int64_t there = count(after, kind.kind, project_id);
    if (there <= most->second) continue;
    return fail(ErrorCode::kQuota,
                fmt::format("quota has been met: project '{}' may have {} {}s, this would make {}; an administrator "
                            "can raise it (PUT /v2.0/lbaas/quotas/{})",
                            project_id, most->second, model::to_string(kind.kind), there,
                            project_id.empty() ? "none" : project_id),
                std::string(kind.name));
  }
  return {};
}

}  // namespace elb::identity
