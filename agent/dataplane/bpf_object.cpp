// SPDX-License-Identifier: Apache-2.0
#include "dataplane/bpf_object.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/flow6.h>
#include <xdp_balancer.skel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <tuple>

#include "base/log.h"
#include "dataplane/constants.h"
#include "dataplane/libbpf_log.h"

namespace elb::dataplane {

namespace {

constexpr uint32_t kInterfacesMax = 256;
constexpr uint32_t kAddrsMin = 4096;
/// A whitelist that changes is there twice until the old one is deleted, a little later.
constexpr uint32_t kAclGenerations = 3;

bool is_pinned_kind(const bpf_map* map) { return !bpf_map__is_internal(map); }

/// The kernel sets this one by itself for device maps.
uint32_t comparable_flags(uint32_t type, uint32_t flags) {
  return type == BPF_MAP_TYPE_DEVMAP_HASH ? flags & ~static_cast<uint32_t>(BPF_F_RDONLY_PROG) : flags;
}

std::string difference(const bpf_map_info& found, const bpf_map* wanted) {
  const std::tuple<const char*, uint32_t, uint32_t> facts[] = {
      {"type", found.type, bpf_map__type(wanted)},
      {"key size", found.key_size, bpf_map__key_size(wanted)},
      {"value size", found.value_size, bpf_map__value_size(wanted)},
      {"size", found.max_entries, bpf_map__max_entries(wanted)},
      {"flags", comparable_flags(found.type, found.map_flags), bpf_map__map_flags(wanted)},
  };
  for (const auto& [what, is, should] : facts)
    if (is != should) return fmt::format("map {} has {} {} instead of {}", bpf_map__name(wanted), what, is, should);
  return {};
}

}  // namespace

BpfObject::Opened::~Opened() { xdp_balancer__destroy(skeleton_); }
bpf_object* BpfObject::Opened::object() const { return skeleton_->obj; }

BpfObject::~BpfObject() { xdp_balancer__destroy(skeleton_); }

Result<std::unique_ptr<BpfObject>> BpfObject::load(const DataplaneOptions& options, const PinDir& pins,
                                                   Random& random) {
  log_libbpf_messages();
  std::unique_ptr<BpfObject> object(new BpfObject(options, pins));
  if (auto status = object->start(random); !status) return pass_on(std::move(status.error()));
  return object;
}

Status BpfObject::start(Random& random) {
  auto hz = measure_hz();
  if (!hz) return pass_on(std::move(hz.error()));
  auto skeleton = open_skeleton();
  if (!skeleton) return pass_on(std::move(skeleton.error()));
  skeleton_ = *skeleton;

  auto found = pin_state();
  if (!found) return pass_on(std::move(found.error()));
  adopted_ = found->any && found->misfit.empty();
  if (!adopted_) {
    if (found->any) {
      if (!options_.rebuild)
        return fail(ErrorCode::kConflict,
                    fmt::format("the maps pinned in {} do not fit this agent ({}; {}) and are left alone: start the "
                                "agent that made them, or start without no-rebuild, which ends all connections",
                                options_.pin_dir, found->misfit, found->program),
                    "no-rebuild");
      log::warn("pinned maps do not fit and are rebuilt, open connections are lost reason=\"{}\" program=\"{}\"",
                found->misfit, found->program);
      if (auto status = pins_.remove_pins(); !status) return status;
    }
    meta_ = elb_meta{};
    meta_.abi_version = ELB_ABI_VERSION;
    meta_.flow_slots = options_.flow_slots;
    for (auto& seed : meta_.seed) seed = random.next() | 1;
    meta_.tick_shift = tick_shift_for(*hz);
  }
  rate_ = {*hz, meta_.tick_shift};

  if (adopted_)
    if (auto status = reuse_maps(skeleton_, true); !status) return status;
  set_constants(*skeleton_, options_, meta_, rate_);
  if (const int error = xdp_balancer__load(skeleton_); error != 0)
    return fail_errno(-error, -error == EPERM
                                  ? "load of the XDP program (the agent needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)"
                                  : "load of the XDP program (Linux 6.1 or newer is needed)");
  if (!adopted_)
    if (auto status = fill_new_maps(); !status) return status;
  if (auto status = pins_.pin(program_fd(), pins_.program_path()); !status) return status;
  if (auto pinned = repair_pins(); !pinned) return pass_on(std::move(pinned.error()));
  return {};
}

Result<xdp_balancer*> BpfObject::open_skeleton() const {
  xdp_balancer* skeleton = xdp_balancer__open();
  if (skeleton == nullptr) return fail_errno(errno, "open of the XDP program");
  const auto& maps = skeleton->maps;
  for (const auto& [map, entries] : std::initializer_list<std::pair<bpf_map*, uint32_t>>{
           {maps.elb_flows, options_.flow_slots},
           {maps.elb_flows6, options_.local_addresses6 ? options_.flow_slots : 1},
           {maps.elb_seqs, options_.flow_slots},
           {maps.elb_listeners, options_.max_listeners},
           {maps.elb_policies, options_.max_listeners},
           {maps.elb_acl, kAclGenerations * options_.max_acl_entries},
           {maps.elb_sticky, options_.max_sticky_clients},
           {maps.elb_loads, options_.max_members},
           {maps.elb_rings, options_.max_listeners},
           {maps.elb_cursors, options_.max_listeners},
           {maps.elb_refused, options_.max_listeners},
           {maps.elb_limited, options_.max_listeners},
           {maps.elb_rates, options_.max_listeners + 1},
           {maps.elb_buckets, 2 * (options_.max_listeners + 1)},
           {maps.elb_quanta, 2 * (options_.max_listeners + 1)},
           {maps.elb_members, options_.max_members},
           {maps.elb_ports, options_.max_members},
           {maps.elb_traffic, options_.max_members},
           {maps.elb_addrs, std::max(kAddrsMin, 2 * options_.max_listeners)},
           {maps.elb_links, kInterfacesMax},
           {maps.elb_tx_ports, kInterfacesMax}})
    bpf_map__set_max_entries(map, entries);
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) bpf_map__set_pin_path(map, nullptr);
  return skeleton;
}

/// The first word of elb_meta is the ABI version in all versions, whatever size it has.
Result<uint32_t> read_meta(int fd, uint32_t size, elb_meta& meta) {
  const uint32_t zero = 0;
  std::vector<uint8_t> bytes(std::max<size_t>(size, sizeof meta));
  if (bpf_map_lookup_elem(fd, &zero, bytes.data()) != 0) return fail_errno(errno, "read of elb_meta");
  std::memcpy(&meta, bytes.data(), sizeof meta);
  return meta.abi_version;
}

Result<BpfObject::PinState> BpfObject::pin_state() {
  PinState state;
  bool all = true;
  std::string shape;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    if (!is_pinned_kind(map)) continue;
    auto fd = pins_.get(pins_.map_path(bpf_map__name(map)));
    if (!fd) return pass_on(std::move(fd.error()));
    if (!*fd) {
      all = false;
      continue;
    }
    state.any = true;
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd->get(), &info, &size) != 0) return fail_errno(errno, "map info");
    if (shape.empty()) shape = difference(info, map);
    if (map != skeleton_->maps.elb_meta || info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(uint32_t))
      continue;
    auto abi = read_meta(fd->get(), info.value_size, meta_);
    if (!abi) return pass_on(std::move(abi.error()));
    state.abi = *abi;
  }
  if (!state.any) return state;
  state.program = pinned_program();
  if (state.abi != 0 && state.abi != ELB_ABI_VERSION)
    state.misfit = fmt::format("ABI version {} instead of {}", state.abi, ELB_ABI_VERSION);
  else if (!shape.empty())
    state.misfit = std::move(shape);
  else if (!all)
    state.misfit = "some maps are missing";
  else if (meta_.flow_slots != options_.flow_slots)
    state.misfit = fmt::format("{} flow slots instead of {}", meta_.flow_slots, options_.flow_slots);
  return state;
}

/// Who made the pins is not written there; their program at least has an age and a fingerprint.
std::string BpfObject::pinned_program() const {
  auto fd = pins_.get(pins_.program_path());
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (!fd || !*fd || bpf_obj_get_info_by_fd(fd->get(), &info, &size) != 0) return "no program is pinned";
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const int64_t age = now.tv_sec - static_cast<int64_t>(info.load_time / 1'000'000'000);
  std::string tag;
  for (const uint8_t byte : info.tag) tag += fmt::format("{:02x}", byte);
  return fmt::format("program {} with tag {}, loaded {} s ago by user {}", info.id, tag, age, info.created_by_uid);
}

Result<BpfObject::PinState> BpfObject::look(const DataplaneOptions& options, const PinDir& pins) {
  log_libbpf_messages();
  BpfObject object(options, pins);
  auto skeleton = object.open_skeleton();
  if (!skeleton) return pass_on(std::move(skeleton.error()));
  object.skeleton_ = *skeleton;
  return object.pin_state();
}

Status BpfObject::reuse_maps(xdp_balancer* skeleton, bool from_pins) const {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (!is_pinned_kind(map)) continue;
    Fd pinned;
    int fd = -1;
    if (from_pins) {
      auto found = pins_.get(pins_.map_path(bpf_map__name(map)));
      if (!found) return pass_on(std::move(found.error()));
      pinned = std::move(*found);
      fd = pinned.get();
    } else {
      fd = map_fd(bpf_map__name(map));
    }
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0)
      return fail_errno(-error, fmt::format("reuse of map {}", bpf_map__name(map)));
  }
  return {};
}

Status BpfObject::fill_new_maps() const {
  const int free_hops = map_fd(ELB_MAP_HOP_FREE);
  for (uint32_t index = ELB_HOPS_MEMBERS; index < ELB_HOPS_MAX; ++index)
    if (bpf_map_update_elem(free_hops, nullptr, &index, 0) != 0) return fail_errno(errno, "fill of elb_hop_free");
  const uint32_t zero = 0;
  if (bpf_map_update_elem(map_fd(ELB_MAP_META), &zero, &meta_, 0) != 0) return fail_errno(errno, "write of elb_meta");
  return {};
}

Result<uint32_t> BpfObject::repair_pins() const {
  uint32_t made = 0;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    if (!is_pinned_kind(map)) continue;
    const std::string path = pins_.map_path(bpf_map__name(map));
    if (pins_.exists(path)) continue;
    if (auto status = pins_.pin(bpf_map__fd(map), path); !status) return pass_on(std::move(status.error()));
    ++made;
  }
  if (pins_.exists(pins_.program_path())) return made;
  if (auto status = pins_.pin(program_fd(), pins_.program_path()); !status) return pass_on(std::move(status.error()));
  return made + 1;
}

int BpfObject::program_fd() const { return bpf_program__fd(skeleton_->progs.xdp_balancer); }

uint32_t BpfObject::program_id() const {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(program_fd(), &info, &size) == 0 ? info.id : 0;
}

int BpfObject::map_fd(std::string_view name) const {
  return bpf_object__find_map_fd_by_name(skeleton_->obj, std::string(name).c_str());
}

uint32_t BpfObject::map_entries(std::string_view name) const {
  const bpf_map* map = bpf_object__find_map_by_name(skeleton_->obj, std::string(name).c_str());
  return map == nullptr ? 0 : bpf_map__max_entries(map);
}

Result<uint32_t> BpfObject::tick() const {
  uint8_t frame[64] = {};
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof frame, .repeat = 1);
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.elb_clock), &opts) != 0)
    return fail_errno(errno, "run of the clock program");
  return opts.retval;
}

Status BpfObject::inject(uint32_t count, Family family) const {
  // The kernel looks at the type before the program has written anything.
  uint8_t frame[74] = {};
  frame[12] = family == Family::kIpv4 ? 0x08 : 0x86;
  frame[13] = family == Family::kIpv4 ? 0x00 : 0xdd;
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = family == Family::kIpv4 ? 54U : 74U,
              .repeat = static_cast<int>(count));
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.elb_inject), &opts) == 0) return {};
  return fail_errno(errno, "run of the program that sends resets");
}

Result<std::unique_ptr<BpfObject::Opened>> BpfObject::open_again() const {
  auto skeleton = open_skeleton();
  if (!skeleton) return pass_on(std::move(skeleton.error()));
  auto opened = std::make_unique<Opened>(*skeleton);
  if (auto status = reuse_maps(*skeleton, false); !status) return pass_on(std::move(status.error()));
  set_constants(**skeleton, options_, meta_, rate_);
  return opened;
}

}  // namespace elb::dataplane
