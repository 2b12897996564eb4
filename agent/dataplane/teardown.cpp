// SPDX-License-Identifier: Apache-2.0
// What teardown() has to know it reads from the pinned maps: the configuration may have changed or be gone.
#include <bpf/bpf.h>

#include <set>

#include "base/log.h"
#include "dataplane/abi_values.h"
#include "dataplane/dataplane.h"
#include "dataplane/libbpf_log.h"
#include "dataplane/pin_dir.h"
#include "dataplane/routes.h"
#include "dataplane/tc_program.h"
#include "dataplane/xdp_links.h"

namespace elb::dataplane {

namespace {

/// Calls with each key and value of a pinned map, if there is one of that shape.
template <class Key, class Value, class Each>
void for_each(const PinDir& pins, const char* name, Each each) {
  const auto fd = pins.get(pins.map_path(name));
  if (!fd || !*fd) return;
  bpf_map_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd->get(), &info, &size) != 0 || info.key_size != sizeof(Key) ||
      info.value_size != sizeof(Value))
    return;
  Key key{}, next{};
  const Key* from = nullptr;
  while (bpf_map_get_next_key(fd->get(), from, &next) == 0) {
    key = next;
    from = &key;
    Value value{};
    if (bpf_map_lookup_elem(fd->get(), &key, &value) == 0) each(key, value);
  }
}

void note(const Status& status) {
  if (!status) log::warn("teardown goes on after an error error=\"{}\"", status.error().to_string());
}

/// The kernel would go on asking for members' neighbours for ever.
void release_neighbours(const PinDir& pins, Routes& routes) {
  std::set<IpAddress> members;
  for_each<uint32_t, elb_member>(pins, ELB_MAP_MEMBERS, [&](uint32_t, const elb_member& member) {
    if (member.hop != 0) members.insert(ip_of(member.addr));
  });
  for (const IpAddress& address : members)
    if (const auto route = routes.route_to(address)) note(routes.release_neighbour(route->ifindex, route->neighbour));
}

}  // namespace

Status teardown(const std::string& pin_dir) {
  log_libbpf_messages();
  auto pins = PinDir::open_existing(pin_dir);
  if (!pins) {
    if (pins.error().code == ErrorCode::kNotFound) return {};
    return pass_on(std::move(pins.error()));
  }
  auto routes = Routes::open();
  if (!routes) return pass_on(std::move(routes.error()));
  std::set<uint32_t> attached;
  for_each<uint32_t, elb_link>(*pins, ELB_MAP_LINKS,
                               [&](uint32_t ifindex, const elb_link&) { attached.insert(ifindex); });
  if (pins->links().empty()) note(detach_libxdp(attached));
  for (const uint32_t ifindex : attached) note(detach_filter(ifindex));
  for_each<elb_addr_key, uint32_t>(*pins, ELB_MAP_ADDRS, [&](const elb_addr_key& key, uint32_t kind) {
    if (kind == ELB_ADDR_HOST) note(routes->remove_host_address(ip_of(key.addr)));
  });
  release_neighbours(*pins, *routes);
  return pins->remove();
}

}  // namespace elb::dataplane
