// SPDX-License-Identifier: Apache-2.0
// Dataplane: the executor that makes the kernel balance what a snapshot says. It owns the pinned program, maps and
// links, the node's side of them (own address, next hops) and the end of connections. Destroying it stops its threads
// and leaves the kernel side running; a new one takes that over. Thread rule: start(), apply() and audit() by one
// thread at a time; the views from any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "dataplane/options.h"
#include "model/diagnosis.h"
#include "model/flow_event.h"
#include "model/sink.h"
#include "model/views.h"

namespace elb::dataplane {

class Dataplane final : public model::Sink, public model::TrafficView, public model::DiagnosisView {
 public:
  /// Loads or adopts, attaches, starts the threads. Errors name the option at fault and the remedy. Clock and random
  /// outlive it. `flow_events` gets what options.flow_sampling asks for; empty: nobody does.
  static Result<std::unique_ptr<Dataplane>> start(const DataplaneOptions& options, const Clock& clock, Random& random,
                                                  model::TakeFlowEvents flow_events = {});
  ~Dataplane() override;
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  /// Members that got connections when this object took over: they start as healthy.
  std::vector<model::Id> adopted_members() const;

  std::string_view name() const override { return "dataplane"; }
  Result<model::Applied> apply(model::SnapshotPtr snapshot) override;
  Result<model::Audit> audit() override;

  std::optional<model::Traffic> listener_traffic(const model::Id& listener_id) const override;
  std::optional<model::Traffic> member_traffic(const model::Id& member_id) const override;
  std::vector<model::DropCount> drops() const override;
  model::FlowPage flows(const model::FlowFilter& filter) const override;

  model::Findings findings() const override;
  Result<model::Trace> trace(const model::TraceQuery& query) const override;

 private:
  struct Parts;
  explicit Dataplane(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What a start with these options would do; nothing is changed. What 'elb-agent --check' shows.
struct StartPlan {
  enum class Step : uint8_t { kMake, kAdopt, kReplace, kRebuild, kRefuse };
  std::vector<std::pair<Step, std::string>> steps;
  bool has(Step step) const;
};
std::string_view to_string(StartPlan::Step step);
Result<StartPlan> plan_start(const DataplaneOptions& options);

/// Detaches from every interface, removes pins and the node's own address: what 'elb-agent --teardown' does.
/// Connections end. Nothing there is success; kConflict while an agent is running.
Status teardown(const std::string& pin_dir);

}  // namespace elb::dataplane
