// SPDX-License-Identifier: Apache-2.0
#include "steer/steer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/sk_steer.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "sk_steer.skel.h"
#include "steer/local_routes.h"

namespace elb::steer {
namespace {

constexpr std::string_view kLink = "link";
constexpr const char* kMaps[] = {ELB_STEER_PORTS, ELB_STEER_SOCKETS, ELB_STEER_CONF, ELB_STEER_COUNTS};

struct CloseSkeleton {
  void operator()(sk_steer* skeleton) const { sk_steer__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<sk_steer, CloseSkeleton>;

struct CloseLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

std::string pin(const std::string& directory, std::string_view name) { return fmt::format("{}/{}", directory, name); }

Result<Fd> open_pin(const std::string& directory, std::string_view name) {
  Fd fd(bpf_obj_get(pin(directory, name).c_str()));
  if (!fd && errno != ENOENT) return fail_errno(errno, pin(directory, name));
  return fd;
}

Result<Skeleton> load(const std::string& directory) {
  Skeleton skeleton(sk_steer__open());
  if (!skeleton) return fail_errno(errno, "open sk_steer");
  for (const char* name : kMaps) {
    bpf_map* map = bpf_object__find_map_by_name(skeleton->obj, name);
    if (bpf_map__set_pin_path(map, pin(directory, name).c_str()) != 0) return fail_errno(errno, "pin path");
  }
  // libbpf takes pinned maps over, and refuses those of another shape with EINVAL
  if (sk_steer__load(skeleton.get()) != 0) return fail_errno(errno, "load of sk_steer with the maps in " + directory);
  return skeleton;
}

/// The network namespace of a link; 0: it is gone.
uint32_t netns_of(int link) {
  bpf_link_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(link, &info, &size) == 0 ? info.netns.netns_ino : 0;
}

/// In the pinned link if it is of this namespace: then there is no moment without a program.
Status attach(sk_steer& skeleton, const std::string& directory) {
  const Fd netns(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  struct stat here {};
  if (!netns || ::fstat(netns.get(), &here) != 0) return fail_errno(errno, "network namespace");
  auto pinned = open_pin(directory, kLink);
  if (!pinned) return pass_on(std::move(pinned.error()));
  const bool ours = *pinned && netns_of(pinned->get()) == here.st_ino;
  if (ours && bpf_link_update(pinned->get(), bpf_program__fd(skeleton.progs.elb_steer), nullptr) == 0) return {};
  if (*pinned) (void)bpf_link_detach(pinned->get());
  const std::string path = pin(directory, kLink);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, path);
  const std::unique_ptr<bpf_link, CloseLink> link(bpf_program__attach_netns(skeleton.progs.elb_steer, netns.get()));
  if (!link) return fail_errno(errno, "attach of sk_steer to the network namespace");
  if (bpf_link__pin(link.get(), path.c_str()) != 0) return fail_errno(errno, path);
  return {};
}

using Ports = std::set<Endpoint>;

elb_steer_key to_key(const Endpoint& endpoint) {
  elb_steer_key key{};
  if (endpoint.address.is_v4()) {
    key.addr = elb_mapped(endpoint.address.v4_be());
  } else {
    std::memcpy(&key.addr, endpoint.address.bytes().data(), sizeof key.addr);
  }
  key.port = __builtin_bswap16(endpoint.port);
  return key;
}

Endpoint from_key(const elb_steer_key& key) {
  const uint16_t port = __builtin_bswap16(key.port);
  if (key.addr.word[0] == 0 && key.addr.word[1] == 0 && key.addr.word[2] == ELB_MAPPED_WORD)
    return {IpAddress::from_v4_be(key.addr.word[3]), port};
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &key.addr, sizeof key.addr);
  return {IpAddress::from_v6(bytes), port};
}

/// Addresses and ports of the listeners that the proxy serves.
Ports wanted_ports(const model::Snapshot& snapshot) {
  Ports ports;
  for (const model::SnapshotListener& listener : snapshot.listeners) {
    if (!listener.http) continue;
    ports.insert(listener.vip);
    if (listener.eip) ports.insert({*listener.eip, listener.vip.port});
  }
  return ports;
}

std::set<IpAddress> addresses_of(const Ports& ports) {
  std::set<IpAddress> addresses;
  for (const Endpoint& port : ports) addresses.insert(port.address);
  return addresses;
}

Result<Ports> read_ports(int map) {
  Ports ports;
  elb_steer_key key{};
  const void* previous = nullptr;
  while (bpf_map_get_next_key(map, previous, &key) == 0) {
    ports.insert(from_key(key));
    previous = &key;
  }
  if (errno != ENOENT) return fail_errno(errno, "read of " ELB_STEER_PORTS);
  return ports;
}

template <class T>
std::vector<T> difference(const std::set<T>& from, const std::set<T>& without) {
  std::vector<T> left;
  std::set_difference(from.begin(), from.end(), without.begin(), without.end(), std::back_inserter(left));
  return left;
}

}  // namespace

struct Steer::Parts {
  std::string directory;
  Skeleton skeleton;
  LocalRoutes routes;
  Ports wanted;
  model::SnapshotPtr applied = nullptr;  // that is in the maps; null: in doubt

  int map(const char* name) const { return bpf_object__find_map_fd_by_name(skeleton->obj, name); }
  Status change_port(const Endpoint& endpoint, bool there) const;
  /// Makes kernel and `wanted` the same; one line for each difference.
  Result<std::vector<std::string>> repair();
};

Status Steer::Parts::change_port(const Endpoint& endpoint, bool there) const {
  const elb_steer_key key = to_key(endpoint);
  const uint32_t yes = 1;
  const int failed = there ? bpf_map_update_elem(map(ELB_STEER_PORTS), &key, &yes, BPF_ANY)
                           : bpf_map_delete_elem(map(ELB_STEER_PORTS), &key);
  if (failed == 0 || (!there && errno == ENOENT)) return {};
  return fail_errno(errno, fmt::format("{} in " ELB_STEER_PORTS, endpoint.to_string()));
}

// The address before its ports, and gone after them: a connection never meets a port that the kernel does not take for
// its own.
Result<std::vector<std::string>> Steer::Parts::repair() {
  auto ports = read_ports(map(ELB_STEER_PORTS));
  if (!ports) return pass_on(std::move(ports.error()));
  auto local = routes.read();
  if (!local) return pass_on(std::move(local.error()));
  const std::set<IpAddress> addresses = addresses_of(wanted);

  std::vector<std::string> changes;
  const auto note = [&](std::string_view what, const std::string& whom) {
    changes.push_back(fmt::format("{} {}", what, whom));
  };
  for (const IpAddress& address : difference(addresses, *local)) {
    if (auto status = routes.add(address); !status) return pass_on(std::move(status.error()));
    note("added local route", address.to_string());
  }
  for (const Endpoint& port : difference(wanted, *ports)) {
    if (auto status = change_port(port, true); !status) return pass_on(std::move(status.error()));
    note("added port", port.to_string());
  }
  for (const Endpoint& port : difference(*ports, wanted)) {
    if (auto status = change_port(port, false); !status) return pass_on(std::move(status.error()));
    note("removed port", port.to_string());
  }
  for (const IpAddress& address : difference(*local, addresses)) {
    if (auto status = routes.remove(address); !status) return pass_on(std::move(status.error()));
    note("removed local route", address.to_string());
  }
  return changes;
}

Steer::Steer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Steer::~Steer() = default;

Result<std::unique_ptr<Steer>> Steer::start(const std::string& pin_dir, Random& random) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(pin_dir).parent_path(), error);
  if (::mkdir(pin_dir.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, pin_dir);
  auto routes = LocalRoutes::open();
  if (!routes) return pass_on(std::move(routes.error()));
  auto skeleton = load(pin_dir);
  if (!skeleton) return pass_on(std::move(skeleton.error()));

  const int conf_map = bpf_map__fd((*skeleton)->maps.steer_conf);
  const uint32_t zero = 0;
  elb_steer_conf conf{};
  if (bpf_map_lookup_elem(conf_map, &zero, &conf) != 0) return fail_errno(errno, "read of " ELB_STEER_CONF);
  if (conf.version != 0 && conf.version != ELB_STEER_VERSION)
    return fail(ErrorCode::kConflict,
                fmt::format("the pins in {} are of version {} instead of {}: run 'elb-agent --teardown' first", pin_dir,
                            conf.version, ELB_STEER_VERSION));
  if (conf.version == 0) {
    conf.version = ELB_STEER_VERSION;
    conf.seed = static_cast<uint32_t>(random.next());
    if (bpf_map_update_elem(conf_map, &zero, &conf, BPF_ANY) != 0) return fail_errno(errno, "write of " ELB_STEER_CONF);
  }
  if (auto status = attach(**skeleton, pin_dir); !status) return pass_on(std::move(status.error()));
  return std::unique_ptr<Steer>(
      new Steer(std::unique_ptr<Parts>(new Parts{pin_dir, std::move(*skeleton), std::move(*routes), {}})));
}

Status Steer::set_sockets(const std::vector<LoopSockets>& loops) {
  if (loops.empty() || loops.size() > ELB_STEER_LOOPS_MAX)
    return fail(ErrorCode::kInvalid, fmt::format("{} loops, 1 to {} are possible", loops.size(), ELB_STEER_LOOPS_MAX));
  const auto put = [&](uint32_t place, int socket) -> Status {
    const uint64_t value = static_cast<uint64_t>(socket);
    if (socket < 0 || bpf_map_update_elem(parts_->map(ELB_STEER_SOCKETS), &place, &value, BPF_ANY) == 0) return {};
    return fail_errno(errno, fmt::format("socket {} in " ELB_STEER_SOCKETS, place));
  };
  for (uint32_t i = 0; i < loops.size(); ++i) {
    if (auto status = put(i, loops[i].v4); !status) return status;
    if (auto status = put(ELB_STEER_LOOPS_MAX + i, loops[i].v6); !status) return status;
  }
  const uint32_t zero = 0;
  elb_steer_conf conf{};
  if (bpf_map_lookup_elem(parts_->map(ELB_STEER_CONF), &zero, &conf) != 0)
    return fail_errno(errno, "read of " ELB_STEER_CONF);
  conf.loops = static_cast<uint32_t>(loops.size());
  if (bpf_map_update_elem(parts_->map(ELB_STEER_CONF), &zero, &conf, BPF_ANY) != 0)
    return fail_errno(errno, "write of " ELB_STEER_CONF);
  return {};
}

Result<model::Applied> Steer::apply(model::SnapshotPtr snapshot) {
  if (parts_->applied && model::differs_in_members_only(*parts_->applied, *snapshot))
    return model::Applied{snapshot->generation, 0};
  parts_->applied.reset();
  parts_->wanted = wanted_ports(*snapshot);
  auto changes = parts_->repair();
  if (!changes) return pass_on(std::move(changes.error()));
  parts_->applied = snapshot;
  return model::Applied{snapshot->generation, changes->size()};
}

Result<model::Audit> Steer::audit() {
  auto applied = std::exchange(parts_->applied, nullptr);
  auto changes = parts_->repair();
  if (!changes) return pass_on(std::move(changes.error()));
  auto link = open_pin(parts_->directory, kLink);
  if (!link) return pass_on(std::move(link.error()));
  if (!*link || netns_of(link->get()) == 0) {
    if (auto status = attach(*parts_->skeleton, parts_->directory); !status) return pass_on(std::move(status.error()));
    changes->push_back("attached sk_steer again");
  }
  parts_->applied = std::move(applied);
  return model::Audit{parts_->wanted.size() + 1, changes->size(), std::move(*changes)};
}

Result<Steer::Counts> Steer::counts() const {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return fail_errno(-cpus, "number of CPUs");
  std::vector<uint64_t> values(static_cast<size_t>(cpus));
  Counts counts;
  for (uint32_t i = 0; i < ELB_STEER_COUNT; ++i) {
    if (bpf_map_lookup_elem(parts_->map(ELB_STEER_COUNTS), &i, values.data()) != 0)
      return fail_errno(errno, "read of " ELB_STEER_COUNTS);
    uint64_t& sum = i == ELB_STEER_GIVEN ? counts.given : counts.no_socket;
    for (const uint64_t value : values) sum += value;
  }
  return counts;
}

Status teardown(const std::string& pin_dir) {
  if (::access(pin_dir.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  if (auto link = open_pin(pin_dir, kLink); link && *link) (void)bpf_link_detach(link->get());
  for (const std::string_view name : {kLink, std::string_view(kMaps[0]), std::string_view(kMaps[1]),
                                      std::string_view(kMaps[2]), std::string_view(kMaps[3])})
    if (::unlink(pin(pin_dir, name).c_str()) != 0 && errno != ENOENT) return fail_errno(errno, pin(pin_dir, name));
  if (::rmdir(pin_dir.c_str()) != 0) return fail_errno(errno, pin_dir);
  auto routes = LocalRoutes::open();
  if (!routes) return pass_on(std::move(routes.error()));
  auto there = routes->read();
  if (!there) return pass_on(std::move(there.error()));
  for (const IpAddress& address : *there)
    if (auto status = routes->remove(address); !status) return status;
  return {};
}

}  // namespace elb::steer
