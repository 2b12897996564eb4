// SPDX-License-Identifier: Apache-2.0
// A dry start: what an agent with these options would adopt, replace or rebuild. Changes nothing.
#include <net/if.h>

#include <algorithm>

#include "dataplane/dataplane.h"
#include "dataplane/doctor.h"
#include "dataplane/pin_dir.h"

namespace elb::dataplane {
namespace {

void add(StartPlan& plan, StartPlan::Step step, std::string text) { plan.steps.emplace_back(step, std::move(text)); }

void plan_interface(const std::string& name, const DataplaneOptions& options, const PinDir* pins, StartPlan& plan) {
  const uint32_t ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0) {
    add(plan, StartPlan::Step::kRefuse, fmt::format("interface {}: does not exist", name));
    return;
  }
  const AttachedProgram found = attached_program(ifindex);
  if (pins != nullptr && pins->exists(pins->link_path(ifindex)))
    add(plan, StartPlan::Step::kReplace,
        fmt::format("interface {}: program {} is replaced in place, no packet sees a gap", name, found.id));
  else if (found.mode == AttachedProgram::Mode::kNone || options.attach == XdpAttach::kLibxdp)
    add(plan, StartPlan::Step::kMake, fmt::format("interface {}: the program is attached", name));
  else
    add(plan, StartPlan::Step::kRefuse,
        fmt::format("interface {}: program {} {} is in the way: 'ip link set {} xdp off', or --xdp-attach libxdp", name,
                    found.id, found.name, name));
}

}  // namespace

Result<StartPlan> plan_start(const DataplaneOptions& options) {
  if (auto status = options.validate(); !status) return pass_on(std::move(status.error()));
  StartPlan plan;
  auto pins = PinDir::look(options.pin_dir);
  if (!pins && pins.error().code != ErrorCode::kNotFound) return pass_on(std::move(pins.error()));
  BpfObject::PinState state;
  if (pins) {
    auto found = BpfObject::look(options, *pins);
    if (!found) return pass_on(std::move(found.error()));
    state = std::move(*found);
    if (pins->in_use())
      add(plan, StartPlan::Step::kRefuse,
          fmt::format("{}: an agent is running on it; a start is refused until it has ended", options.pin_dir));
  }
  if (!state.any)
    add(plan, StartPlan::Step::kMake, fmt::format("{}: nothing is pinned, maps are made", options.pin_dir));
  else if (state.misfit.empty())
    add(plan, StartPlan::Step::kAdopt,
        fmt::format("{}: maps of ABI version {} are adopted, connections stay ({})", options.pin_dir, state.abi,
                    state.program));
  else
    add(plan, options.rebuild ? StartPlan::Step::kRebuild : StartPlan::Step::kRefuse,
        fmt::format("{}: maps do not fit, {} ({}): {}", options.pin_dir, state.misfit, state.program,
                    options.rebuild ? "they are rebuilt and all connections are lost"
                                    : "with --no-rebuild the agent refuses to start and leaves them alone"));
  for (const std::string& name : options.interfaces) plan_interface(name, options, pins ? &*pins : nullptr, plan);
  return plan;
}

std::string_view to_string(StartPlan::Step step) {
  switch (step) {
    case StartPlan::Step::kMake:
      return "make";
    case StartPlan::Step::kAdopt:
      return "adopt";
    case StartPlan::Step::kReplace:
      return "replace";
    case StartPlan::Step::kRebuild:
      return "REBUILD";
    case StartPlan::Step::kRefuse:
      return "REFUSE";
  }
  return "";
}

bool StartPlan::has(Step step) const {
  return std::any_of(steps.begin(), steps.end(), [step](const auto& entry) { return entry.first == step; });
}

}  // namespace elb::dataplane
