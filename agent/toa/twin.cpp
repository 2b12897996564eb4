// SPDX-License-Identifier: Apache-2.0
#include "toa/twin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/toa_member.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "toa/host.h"
#include "toa/prefix.h"
#include "toa_member.skel.h"

namespace elb::toa {

namespace {

namespace fs = std::filesystem;

/// Detaching goes in this order: first nothing new is learnt, then nothing is told.
constexpr const char* kPrograms[] = {"elb_toa_accept", "elb_toa_peer4", "elb_toa_peer6"};
constexpr const char* kMaps[] = {"trusted", "clients", "stats"};

bool verbose = false;

int from_libbpf(libbpf_print_level level, const char* format, va_list args) {
  return verbose && level != LIBBPF_DEBUG ? std::vfprintf(stderr, format, args) : 0;
}

struct CloseSkeleton {
  void operator()(toa_member* skeleton) const { toa_member__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<toa_member, CloseSkeleton>;

struct CloseLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

std::string pin(const std::string& directory, std::string_view name) { return fmt::format("{}/{}", directory, name); }

/// The lock is the directory's own, so it goes with the process.
Result<Fd> lock(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, directory);
  if (::flock(fd.get(), LOCK_EX) != 0) return fail_errno(errno, fmt::format("lock {}", directory));
  return fd;
}

Result<Fd> open_pin(const std::string& directory, std::string_view name) {
  Fd fd(bpf_obj_get(pin(directory, name).c_str()));
  if (!fd && errno != ENOENT) return fail_errno(errno, pin(directory, name));
  return fd;
}

tl::unexpected<Error> not_loaded(const std::string& directory) {
  return fail(ErrorCode::kNotFound, fmt::format("not loaded: nothing is pinned in {}", directory));
}

/// Maps that another version has pinned cannot be used, and must not be replaced unasked: they know the open
/// connections.
Status check_pinned_maps(const toa_member& skeleton, const std::string& directory) {
  for (const char* name : kMaps) {
    auto pinned = open_pin(directory, name);
    if (!pinned) return pass_on(std::move(pinned.error()));
    if (!*pinned) continue;
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(pinned->get(), &info, &size) != 0) return fail_errno(errno, pin(directory, name));
    const bpf_map* map = bpf_object__find_map_by_name(skeleton.obj, name);
    if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
        info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map))
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} is of another version of elb-toa: run 'elb-toa unload' and load again (connections that are "
                      "open then show the balancer's address)",
                      pin(directory, name)));
  }
  return {};
}

Result<Skeleton> load_programs(const std::string& directory) {
  Skeleton skeleton(toa_member__open());
  if (!skeleton) return fail_errno(errno, "open the programs");
  if (auto status = check_pinned_maps(*skeleton, directory); !status) return pass_on(std::move(status.error()));
  for (const char* name : kMaps) {
    bpf_map* map = bpf_object__find_map_by_name(skeleton->obj, name);
    if (bpf_map__set_pin_path(map, pin(directory, name).c_str()) != 0) return fail_errno(errno, "pin path");
  }
  if (toa_member__load(skeleton.get()) != 0) {
    auto error = fail_errno(errno, "the kernel refuses the programs");
    error.value().message += kernel_hint();
    return error;
  }
  return skeleton;
}

Result<std::vector<elb_toa_prefix>> trusted_keys(int map) {
  std::vector<elb_toa_prefix> keys;
  elb_toa_prefix key{};
  const void* previous = nullptr;
  while (bpf_map_get_next_key(map, previous, &key) == 0) {
    keys.push_back(key);
    previous = &key;
  }
  if (errno != ENOENT) return fail_errno(errno, "read the trusted prefixes");
  return keys;
}

/// New ones first, so that whoever is trusted before and after is trusted throughout.
Status write_trusted(int map, const std::vector<Cidr>& trusted) {
  auto old = trusted_keys(map);
  if (!old) return pass_on(std::move(old.error()));
  const uint32_t yes = 1;
  for (const Cidr& cidr : trusted) {
    const elb_toa_prefix key = to_key(cidr);
    if (bpf_map_update_elem(map, &key, &yes, BPF_ANY) != 0)
      return fail_errno(errno, fmt::format("trust {}", cidr.to_string()));
  }
  for (const elb_toa_prefix& key : *old)
    if (std::find(trusted.begin(), trusted.end(), to_cidr(key)) == trusted.end() && bpf_map_delete_elem(map, &key) != 0)
      return fail_errno(errno, fmt::format("no longer trust {}", to_cidr(key).to_string()));
  return {};
}

/// The cgroup of a pinned link; 0: it is gone. Nothing: there is no such pin.
Result<std::optional<uint64_t>> attached_to(const std::string& directory, std::string_view name) {
  auto link = open_pin(directory, name);
  if (!link) return pass_on(std::move(link.error()));
  if (!*link) return std::optional<uint64_t>();
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(link->get(), &info, &size) != 0) return fail_errno(errno, pin(directory, name));
  return std::optional<uint64_t>(info.cgroup.cgroup_id);
}

/// In the pinned link if that is the cgroup's: then there is no moment without a program.
Status attach(const bpf_program* program, const std::string& directory, const Fd& cgroup, uint64_t id) {
  const char* name = bpf_program__name(program);
  auto before = attached_to(directory, name);
  if (!before) return pass_on(std::move(before.error()));
  if (*before == id) {
    auto link = open_pin(directory, name);
    if (!link) return pass_on(std::move(link.error()));
    if (bpf_link_update(link->get(), bpf_program__fd(program), nullptr) == 0) return {};
  }
  const std::unique_ptr<bpf_link, CloseLink> link(bpf_program__attach_cgroup(program, cgroup.get()));
  if (!link) return fail_errno(errno, fmt::format("attach {}", name));
  const std::string path = pin(directory, name);
  if (auto old = open_pin(directory, name); old && *old) (void)bpf_link_detach(old->get());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, path);
  if (bpf_link__pin(link.get(), path.c_str()) != 0) return fail_errno(errno, fmt::format("pin {}", path));
  return {};
}

Status attach_all(const toa_member& skeleton, const LoadOptions& options) {
  auto id = cgroup_id(options.cgroup);
  if (!id) return pass_on(std::move(id.error()));
  const Fd cgroup(::open(options.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!cgroup) return fail_errno(errno, options.cgroup);
  for (size_t i = std::size(kPrograms); i-- > 0;) {  // who tells before who learns
    const bpf_program* program = bpf_object__find_program_by_name(skeleton.obj, kPrograms[i]);
    if (auto status = attach(program, options.pin_dir, cgroup, *id); !status) return status;
  }
  return {};
}

Status remove_pins(const std::string& directory) {
  const auto remove = [&](const char* name) { return ::unlink(pin(directory, name).c_str()) == 0 || errno == ENOENT; };
  for (const char* name : kPrograms) {
    // Without its pin a link goes too, but some time later, and whoever unloads wants it done.
    if (auto link = open_pin(directory, name); link && *link) (void)bpf_link_detach(link->get());
    if (!remove(name)) return fail_errno(errno, pin(directory, name));
  }
  for (const char* name : kMaps)
    if (!remove(name)) return fail_errno(errno, pin(directory, name));
  if (::rmdir(directory.c_str()) != 0) return fail_errno(errno, directory);
  return {};
}

bool any_pin(const std::string& directory) {
  const auto pinned = [&](const char* name) { return ::access(pin(directory, name).c_str(), F_OK) == 0; };
  return std::any_of(std::begin(kPrograms), std::end(kPrograms), pinned) ||
         std::any_of(std::begin(kMaps), std::end(kMaps), pinned);
}

}  // namespace

void set_verbose(bool on) {
  verbose = on;
  libbpf_set_print(from_libbpf);
}

Result<bool> load(const LoadOptions& options) {
  libbpf_set_print(from_libbpf);
  if (auto status = check_capabilities(); !status) return pass_on(std::move(status.error()));
  if (auto status = check_cgroup(options.cgroup); !status) return pass_on(std::move(status.error()));
  if (auto status = check_bpffs(options.pin_dir); !status) return pass_on(std::move(status.error()));
  std::error_code error;
  fs::create_directories(fs::path(options.pin_dir).parent_path(), error);
  if (::mkdir(options.pin_dir.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, options.pin_dir);
  const auto held = lock(options.pin_dir);
  if (!held) return pass_on(Error(held.error()));

  const bool before = any_pin(options.pin_dir);
  const auto work = [&]() -> Status {
    auto skeleton = load_programs(options.pin_dir);
    if (!skeleton) return pass_on(std::move(skeleton.error()));
    if (auto status = write_trusted(bpf_map__fd((*skeleton)->maps.trusted), options.trusted); !status) return status;
    return attach_all(**skeleton, options);
  };
  if (auto status = work(); !status) {
    if (!before) (void)remove_pins(options.pin_dir);  // what there was before stays, half of something new does not
    return pass_on(std::move(status.error()));
  }
  return before;
}

Status unload(const std::string& pin_dir) {
  if (::access(pin_dir.c_str(), F_OK) != 0 && errno == ENOENT) return not_loaded(pin_dir);
  if (auto status = check_bpffs(pin_dir); !status) return status;
  const auto held = lock(pin_dir);
  if (!held) return pass_on(Error(held.error()));
  if (!any_pin(pin_dir)) {
    ::rmdir(pin_dir.c_str());
    return not_loaded(pin_dir);
  }
  return remove_pins(pin_dir);
}

bool State::complete() const {
  return std::all_of(attachments.begin(), attachments.end(), [&](const Attachment& one) {
    return one.pinned && one.cgroup_id != 0 && one.cgroup_id == attachments.front().cgroup_id;
  });
}

Result<State> status(const std::string& pin_dir) {
  State state;
  bool any = false;
  for (const char* name : kPrograms) {
    auto id = attached_to(pin_dir, name);
    if (!id) return pass_on(std::move(id.error()));
    state.attachments.push_back({name, id->has_value(), id->value_or(0)});
    any |= id->has_value();
  }
  if (!any) return not_loaded(pin_dir);
  auto map = open_pin(pin_dir, "trusted");
  if (!map) return pass_on(std::move(map.error()));
  if (!*map) return state;
  auto keys = trusted_keys(map->get());
  if (!keys) return pass_on(std::move(keys.error()));
  for (const elb_toa_prefix& key : *keys) state.trusted.push_back(to_cidr(key));
  std::sort(state.trusted.begin(), state.trusted.end());
  return state;
}

Result<std::vector<Stat>> stats(const std::string& pin_dir) {
  constexpr std::string_view kNames[] = {
#define X(name, text) text,
      ELB_TOA_STATS(X)
#undef X
  };
  auto map = open_pin(pin_dir, "stats");
  if (!map) return pass_on(std::move(map.error()));
  if (!*map) return not_loaded(pin_dir);
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return fail_errno(-cpus, "number of CPUs");
  std::vector<Stat> stats;
  std::vector<uint64_t> values(static_cast<size_t>(cpus));
  for (uint32_t i = 0; i < ELB_TOA_STAT_COUNT; ++i) {
    if (bpf_map_lookup_elem(map->get(), &i, values.data()) != 0) return fail_errno(errno, kNames[i]);
    Stat stat{kNames[i]};
    for (const uint64_t value : values) stat.value += value;
    stats.push_back(stat);
  }
  return stats;
}

}  // namespace elb::toa
