// SPDX-License-Identifier: Apache-2.0
// Observed: the statuses that the API shows, from the health of members upward (Octavia's meanings): member, pool,
// listener, load balancer, each with the reason. Made for one request; remembers what it has worked out. Private to
// api. Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/change_log.h"
#include "codec/encode.h"
#include "codec/relations.h"
#include "model/views.h"

namespace elb::api {

class Observed {
 public:
  Observed(std::shared_ptr<const codec::Relations> relations, const model::ReconcilerView& reconciler,
           const ChangeLog& changes);

  codec::ShownStatus of(const model::LoadBalancer& load_balancer);
  codec::ShownStatus of(const model::Listener& listener);
  codec::ShownStatus of(const model::Pool& pool);
  codec::ShownStatus of(const model::Member& member);
  codec::ShownStatus of(const model::HealthMonitor& monitor);
  codec::ShownStatus of(const model::Eip& eip);
  codec::ShownStatus of(const model::L7Policy& policy);
  codec::ShownStatus of(const model::L7Rule& rule);
  codec::ShownStatus of(const model::Certificate& certificate);

  model::Health health(const model::Id& member_id) const { return reconciler_->member_health(member_id); }

  /// Zones in which the pool has members, but none that is usable (GEN-07).
  std::vector<std::string> zones_without_member(const model::Pool& pool);

 private:
  struct Verdict {
    std::string operating;
    std::string reason;
  };
  codec::ShownStatus complete(const model::Common& resource, Verdict verdict) const;
  Verdict judge(const model::LoadBalancer& load_balancer);
  Verdict judge(const model::Listener& listener);
  const Verdict& judge(const model::Pool& pool);  // remembered: listeners and load balancers ask again
  Verdict judge_members(const model::Pool& pool);
  const Verdict& judge(const model::Member& member);

  std::shared_ptr<const codec::Relations> relations_;
  const model::ReconcilerView* reconciler_;
  const ChangeLog* changes_;
  uint64_t applied_ = 0;
  std::vector<model::SinkStatus> sinks_;
  std::unordered_map<model::Id, Verdict> pools_, members_;
};

}  // namespace elb::api
