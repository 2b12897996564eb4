// SPDX-License-Identifier: Apache-2.0
// What the node's own network has to do with ours: programs on the interfaces, addresses that it has as well.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>

#include "dataplane/abi_values.h"
#include "dataplane/doctor.h"
#include "dataplane/netlink.h"

namespace elb::dataplane {
namespace {

using model::Finding;
using model::Findings;
using model::Severity;
using Mode = AttachedProgram::Mode;

std::string mode_text(Mode mode) {
  return mode == Mode::kNative    ? "native XDP"
         : mode == Mode::kGeneric ? "generic XDP"
         : mode == Mode::kSeveral ? "several modes of XDP"
                                  : "XDP in the card";
}

/// The address of one RTM_NEWADDR; IFA_LOCAL is the own one on point-to-point links.
std::optional<OwnAddress> parse_address(const NetlinkMessage& message) {
  const auto body = message.body<ifaddrmsg>();
  if (message.type() != RTM_NEWADDR || !body) return std::nullopt;
  OwnAddress own;
  own.prefix = body->ifa_prefixlen;
  char name[IF_NAMESIZE] = {};
  if (if_indextoname(body->ifa_index, name) != nullptr) own.interface = name;
  bool found = false, local = false;
  message.attributes(sizeof(ifaddrmsg), [&](uint16_t type, std::span<const uint8_t> bytes) {
    if ((type != IFA_LOCAL && type != IFA_ADDRESS) || (type == IFA_ADDRESS && local)) return;
    if (body->ifa_family == AF_INET) {
      if (const auto v4 = netlink_value<uint32_t>(bytes)) own.address = IpAddress::from_v4_be(*v4);
    } else if (const auto v6 = netlink_value<std::array<uint8_t, 16>>(bytes)) {
      own.address = IpAddress::from_v6(*v6);
    }
    found = true;
    local = type == IFA_LOCAL;
  });
  return found ? std::optional(own) : std::nullopt;
}

/// The kind of the longest prefix that holds the address, as a packet would find it.
uint32_t kind_of(const AddrTable& ours, const IpAddress& address) {
  const uint32_t shift = address.is_v4() ? ELB_MAPPED_SHIFT : 0;
  for (int length = address.is_v4() ? 32 : 128; length >= 0; --length) {
    const auto masked = Cidr::parse(fmt::format("{}/{}", address.to_string(), length));
    if (!masked) return ELB_ADDR_NONE;
    const auto found = ours.find({static_cast<uint32_t>(length) + shift, abi_ip(masked->address)});
    if (found != ours.end()) return found->second;
  }
  return ELB_ADDR_NONE;
}

}  // namespace

AttachedProgram attached_program(uint32_t ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  AttachedProgram found;
  if (bpf_xdp_query(static_cast<int>(ifindex), 0, &query) != 0) return found;
  switch (query.attach_mode) {
    case XDP_ATTACHED_DRV:
      found = {Mode::kNative, query.drv_prog_id, ""};
      break;
    case XDP_ATTACHED_SKB:
      found = {Mode::kGeneric, query.skb_prog_id, ""};
      break;
    case XDP_ATTACHED_HW:
      found = {Mode::kHardware, query.hw_prog_id, ""};
      break;
    case XDP_ATTACHED_MULTI:
      found = {Mode::kSeveral, query.drv_prog_id, ""};
      break;
    default:
      return found;
  }
  const Fd program(bpf_prog_get_fd_by_id(found.id));
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (program && bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0) found.name = info.name;
  return found;
}

Finding judge_program(const std::string& interface, const AttachedProgram& found, uint32_t ours, XdpAttach attach) {
  const std::string who =
      found.name.empty() ? fmt::format("program {}", found.id) : fmt::format("program {} ({})", found.id, found.name);
  if (found.mode == Mode::kNone)
    return {Severity::kError, "link.program", interface,
            "runs no packet program: nothing that arrives there is balanced (the agent attaches it again within "
            "seconds, unless somebody keeps removing it)",
            "journalctl -u elb-agent -n 50"};
  if (found.id != ours && attach == XdpAttach::kLink)
    return {Severity::kError, "link.program", interface, fmt::format("runs {}, which is not ours", who),
            fmt::format("ip link set {} xdp off   # or --xdp-attach libxdp to share the interface", interface)};
  if (found.mode == Mode::kGeneric)
    return {Severity::kWarning, "link.program", interface,
            fmt::format("runs {} as generic XDP, many times slower", who),
            fmt::format("ethtool -i {}   # the driver needs native XDP", interface)};
  return {Severity::kOk, "link.program", interface,
          fmt::format("runs {} as {}{}", who, mode_text(found.mode), found.id == ours ? "" : ", ours behind it"), ""};
}

Findings examine_programs(const DataplaneOptions& options, const BpfObject& object) {
  Findings findings;
  for (const std::string& name : options.interfaces) {
    const uint32_t ifindex = if_nametoindex(name.c_str());
    if (ifindex == 0) continue;  // the look at the link itself says so
    findings.push_back(judge_program(name, attached_program(ifindex), object.program_id(), options.attach));
  }
  return findings;
}

Result<std::vector<OwnAddress>> own_addresses() {
  auto netlink = Netlink::open();
  if (!netlink) return pass_on(std::move(netlink.error()));
  std::vector<OwnAddress> own;
  const ifaddrmsg body{};
  auto status = netlink->ask(NetlinkRequest(RTM_GETADDR, NLM_F_DUMP, body), "list of addresses",
                             [&](const NetlinkMessage& message) {
                               if (auto address = parse_address(message)) own.push_back(std::move(*address));
                             });
  if (!status) return pass_on(std::move(status.error()));
  return own;
}

Findings judge_addresses(const std::vector<OwnAddress>& own, const AddrTable& ours) {
  Findings findings;
  for (const OwnAddress& address : own) {
    const uint32_t kind = kind_of(ours, address.address);
    const std::string text = address.address.to_string();
    const std::string remedy = fmt::format("ip addr del {}/{} dev {}", text, address.prefix, address.interface);
    if (kind == ELB_ADDR_VIP && address.interface != "lo")
      findings.push_back({Severity::kWarning, "address.vip", text,
                          fmt::format("is a virtual address, and {} has it too: the node's own services answer there "
                                      "what is not balanced, and its own packets may leave with that source",
                                      address.interface),
                          remedy});
    if (kind == ELB_ADDR_LOCAL)
      findings.push_back({Severity::kError, "address.local", text,
                          fmt::format("is a local address towards members, and {} has it too: answers to the node's "
                                      "own connections from it are dropped as stray",
                                      address.interface),
                          remedy});
  }
  if (findings.empty())
    findings.push_back(
        {Severity::kOk, "address", "addresses", "no virtual or local address is configured on the node itself", ""});
  return findings;
}

}  // namespace elb::dataplane
