// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dataplane.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "dataplane/bpf_object.h"
#include "dataplane/capabilities.h"
#include "dataplane/doctor.h"
#include "dataplane/drift.h"
#include "dataplane/flow_sweeper.h"
#include "dataplane/flow_table.h"
#include "dataplane/libbpf_map_port.h"
#include "dataplane/load_counts.h"
#include "dataplane/map_sync.h"
#include "dataplane/next_hops.h"
#include "dataplane/pin_dir.h"
#include "dataplane/routes.h"
#include "dataplane/syn_cookies.h"
#include "dataplane/tracer.h"
#include "dataplane/traffic_reader.h"
#include "dataplane/xdp_links.h"

namespace elb::dataplane {

/// In the order of their making; destroyed in the reverse, so threads end before what they use.
struct Dataplane::Parts {
  explicit Parts(const DataplaneOptions& given, Routes kernel_routes, PinDir dir)
      : options(given), routes(std::move(kernel_routes)), pins(std::move(dir)) {}

  Status start(const Clock& clock, Random& random, model::TakeFlowEvents flow_events);
  Status move_host_addresses();
  void warn_about_veth();

  const DataplaneOptions options;
  Routes routes;
  PinDir pins;
  std::unique_ptr<BpfObject> object;
  std::unique_ptr<LibbpfMapPort> port;
  std::unique_ptr<MapSync> sync;
  std::unique_ptr<NextHops> hops;
  std::unique_ptr<XdpLinks> links;
  std::unique_ptr<FlowTable> table;
  std::unique_ptr<ResetSender> resets;
  std::unique_ptr<LoadCounts> loads;
  std::unique_ptr<FlowSampler> sampler;  // null: no connection is recorded
  std::unique_ptr<FlowSweeper> sweeper;
  std::unique_ptr<TrafficReader> traffic;
  model::SnapshotPtr applied;  // that the maps hold; null: in doubt
};

Status Dataplane::Parts::start(const Clock& clock, Random& random, model::TakeFlowEvents flow_events) {
  if (auto status = check_capabilities(); !status) return status;
  auto interfaces = find_interfaces(options.interfaces);
  if (!interfaces) return pass_on(std::move(interfaces.error()));
  warn_about_veth();
  if (const auto cookies = judge_syn_cookies(options, syn_cookie_obstacle()); cookies.severity != model::Severity::kOk)
    log::warn("{}", cookies.seen);

  auto loaded = BpfObject::load(options, pins, random);
  if (!loaded) return pass_on(std::move(loaded.error()));
  object = std::move(*loaded);
  port = std::make_unique<LibbpfMapPort>(*object);
  sync = std::make_unique<MapSync>(*port, options, object->rate());
  if (auto status = sync->adopt(); !status) return status;
  auto mapped = FlowTable::map(object->map_fd(ELB_MAP_FLOWS),
                               options.local_addresses6 ? std::optional(object->map_fd(ELB_MAP_FLOWS6)) : std::nullopt,
                               object->map_fd(ELB_MAP_SEQS), object->meta());
  if (!mapped) return pass_on(std::move(mapped.error()));
  table = std::move(*mapped);
  auto counts = LoadCounts::map(object->map_fd(ELB_MAP_LOADS), options.max_members, object->map_fd(ELB_MAP_CURSORS),
                                options.max_listeners);
  if (!counts) return pass_on(std::move(counts.error()));
  loads = std::move(*counts);

  if (auto status = move_host_addresses(); !status) return status;
  auto started = NextHops::start(*port, clock);
  if (!started) return pass_on(std::move(started.error()));
  hops = std::move(*started);
  std::set<uint32_t> ifindexes;
  for (const auto& [name, ifindex] : *interfaces) ifindexes.insert(ifindex);
  if (auto status = hops->attach(std::move(ifindexes)); !status) return status;
  auto attached = XdpLinks::attach(options, *object, pins);
  if (!attached) return pass_on(std::move(attached.error()));
  links = std::move(*attached);

  const auto tick = [this] { return object->tick(); };
  auto sender = ResetSender::make(*object);
  if (!sender) return pass_on(std::move(sender.error()));
  resets = std::move(*sender);
  if (options.flow_sampling != 0 && flow_events)
    sampler = std::make_unique<FlowSampler>(options.flow_sampling, table->slots(), object->rate(), clock,
                                            std::move(flow_events));
  sweeper = std::make_unique<FlowSweeper>(*table, *loads, options, object->rate(), tick, sync->view(), *resets,
                                          sampler.get());
  traffic = std::make_unique<TrafficReader>(*port, *table, *sweeper, object->rate(), tick, sync->view());
  log::info("dataplane is up maps={} flow_slots={} hz={} adopted_members={}", object->adopted() ? "adopted" : "new",
            options.flow_slots, object->rate().hz, sync->adopted_members().size());
  return {};
}

/// The agent before may have been given other local addresses.
Status Dataplane::Parts::move_host_addresses() {
  const auto own = options.host_addresses();
  const auto held = port->read_addrs();
  if (!held) return pass_on(Error(held.error()));
  for (const auto& [key, kind] : *held) {
    const auto address = ip_of(key.addr);
    if (kind != ELB_ADDR_HOST || std::find(own.begin(), own.end(), address) != own.end()) continue;
    if (auto status = routes.remove_host_address(address); !status) return status;
  }
  for (const IpAddress& address : own)
    if (auto added = routes.add_host_address(address); !added) return pass_on(std::move(added.error()));
  return {};
}

/// XDP sees a packet before its checksum is computed when the sender is the peer of a veth: incremental updates then go
/// wrong.
void Dataplane::Parts::warn_about_veth() {
  const auto found = routes.links();
  if (!found) return;
  for (const LinkInfo& link : *found)
    if (link.kind == "veth" && options.mode_of(link.name) == HookMode::kXdp &&
        std::find(options.interfaces.begin(), options.interfaces.end(), link.name) != options.interfaces.end())
      log::warn(
          "native XDP on a veth: its peer, and every host behind it that sends through veths only, must compute "
          "checksums itself ('ethtool -K PEER tx off'), and the peer must take redirected frames (an XDP program "
          "there, or 'ethtool -K PEER gro on' once it is up); mode tc needs neither interface={}",
          link.name);
}

Dataplane::Dataplane(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Dataplane::~Dataplane() = default;

Result<std::unique_ptr<Dataplane>> Dataplane::start(const DataplaneOptions& options, const Clock& clock, Random& random,
                                                    model::TakeFlowEvents flow_events) {
  if (auto status = options.validate(); !status) return pass_on(std::move(status.error()));
  auto routes = Routes::open();
  if (!routes) return pass_on(std::move(routes.error()));
  auto pins = PinDir::open(options.pin_dir);
  if (!pins) return pass_on(std::move(pins.error()));
  auto parts = std::make_unique<Parts>(options, std::move(*routes), std::move(*pins));
  if (auto status = parts->start(clock, random, std::move(flow_events)); !status)
    return pass_on(std::move(status.error()));
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(parts)));
}

std::vector<model::Id> Dataplane::adopted_members() const { return parts_->sync->adopted_members(); }

/// Next hops first: a member enters its ring with its neighbour resolved, as far as it answers.
Result<model::Applied> Dataplane::apply(model::SnapshotPtr snapshot) {
  if (const auto applied = std::exchange(parts_->applied, nullptr)) {
    const auto adjusted = parts_->sync->adjust(*applied, *snapshot);
    if (!adjusted) return pass_on(Error(adjusted.error()));
    if (*adjusted) {
      parts_->applied = snapshot;
      return model::Applied{snapshot->generation, **adjusted};
    }
  }
  const auto before = parts_->sync->view().get()->whitelists;
  auto desired = parts_->sync->plan(*snapshot, parts_->sweeper->usage());
  if (!desired) return pass_on(std::move(desired.error()));
  if (auto status = parts_->hops->want(desired->hops); !status) return pass_on(std::move(status.error()));
  auto writes = parts_->sync->commit(std::move(*desired), [this] { return parts_->sweeper->usage().begun; });
  if (!writes) return pass_on(std::move(writes.error()));
  if (parts_->sync->view().get()->whitelists != before) parts_->sweeper->hurry();
  parts_->applied = snapshot;
  return model::Applied{snapshot->generation, *writes};
}

/// Each part is looked at even if one before fails; the first error is told when all are done.
Result<model::Audit> Dataplane::audit() {
  auto applied = std::exchange(parts_->applied, nullptr);
  std::optional<Error> first;
  const auto keep = [&first](auto result) {
    if (!result && !first) first = std::move(result.error());
  };
  model::Audit audit;
  if (auto maps = parts_->sync->audit(parts_->sweeper->usage()); maps)
    audit = std::move(*maps);
  else
    keep(std::move(maps));
  keep(parts_->hops->audit(audit));
  const auto before = parts_->links->ifindexes();
  keep(parts_->links->audit(audit));
  if (const auto after = parts_->links->ifindexes(); after != before) keep(parts_->hops->attach(after));
  auto pinned = parts_->object->repair_pins();
  for (uint32_t i = 0; pinned && i < *pinned; ++i) add_finding(audit, "a pin was gone: pinned again");
  keep(std::move(pinned));
  for (const IpAddress& address : parts_->options.host_addresses()) {
    auto added = parts_->routes.add_host_address(address);
    if (added && *added)
      add_finding(audit, fmt::format("address {} was gone from lo: added again", address.to_string()));
    keep(std::move(added));
  }
  if (first) return pass_on(std::move(*first));
  parts_->applied = std::move(applied);
  return audit;
}

std::optional<model::Traffic> Dataplane::listener_traffic(const model::Id& listener_id) const {
  return parts_->traffic->listener_traffic(listener_id);
}
std::optional<model::Traffic> Dataplane::member_traffic(const model::Id& member_id) const {
  return parts_->traffic->member_traffic(member_id);
}
std::vector<model::DropCount> Dataplane::drops() const { return parts_->traffic->drops(); }
model::FlowPage Dataplane::flows(const model::FlowFilter& filter) const { return parts_->traffic->flows(filter); }

model::Findings Dataplane::findings() const {
  Parts& parts = *parts_;
  return examine(
      {parts.options, *parts.object, parts.pins, *parts.port, *parts.hops, *parts.sweeper, parts.sync->view()});
}

Result<model::Trace> Dataplane::trace(const model::TraceQuery& query) const {
  const auto view = parts_->sync->view().get();
  return Tracer(parts_->options, *parts_->object, *parts_->table, *view,
                [this](uint32_t listener) { return parts_->port->read_ring(listener); })
      .trace(query);
}

}  // namespace elb::dataplane
