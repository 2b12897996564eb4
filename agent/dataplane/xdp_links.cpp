// SPDX-License-Identifier: Apache-2.0
#include "dataplane/xdp_links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "dataplane/drift.h"
#include "dataplane/libxdp_links.h"
#include "dataplane/routes.h"
#include "dataplane/tc_program.h"

namespace elb::dataplane {

namespace {

/// "veth", "bond", ...; empty for a physical one.
std::string kind_of(const std::string& name) {
  auto routes = Routes::open();
  if (!routes) return {};
  const auto links = routes->links();
  if (!links) return {};
  const auto link = std::find_if(links->begin(), links->end(), [&](const LinkInfo& one) { return one.name == name; });
  return link == links->end() ? std::string{} : link->kind;
}

/// "program 12 (xdp_pass)"; the name needs CAP_SYS_ADMIN.
std::string attached_program(uint32_t ifindex) {
  uint32_t id = 0;
  if (bpf_xdp_query_id(static_cast<int>(ifindex), 0, &id) != 0 || id == 0) return "another program";
  const Fd program(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (!program || bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) return fmt::format("program {}", id);
  return fmt::format("program {} ({})", id, info.name);
}

tl::unexpected<Error> refusal(int error, const std::string& name, uint32_t ifindex) {
  const auto because = [&](std::string_view remedy) {
    return fail(ErrorCode::kSystem, fmt::format("interface {}: {}", name, remedy), "interfaces");
  };
  switch (error) {
    case EBUSY:
    case EEXIST:
      return fail(ErrorCode::kConflict,
                  fmt::format("interface {}: {} is attached already: remove it ('ip link set {} xdp off') or set "
                              "xdp-attach to libxdp to share the interface",
                              name, attached_program(ifindex), name),
                  "interfaces");
    case EOPNOTSUPP:
      return because("its driver has no native XDP: use mode tc, or another driver (generic XDP is never used)");
    case ERANGE:
    case EINVAL:
      return because(
          "the driver refuses XDP with its present settings: usual causes are LRO or hardware GRO ('ethtool -K "
          "<interface> lro off rx-gro-hw off'), too few queues for XDP ('ethtool -L'), or a too large MTU");
    case EPERM:
      return because("attaching is not permitted: the agent needs CAP_NET_ADMIN and CAP_BPF");
    default:
      return fail_errno(error, fmt::format("interface {}: attach of the XDP program", name));
  }
}

constexpr uint32_t kTcxLink = 11;  // BPF_LINK_TYPE_TCX, newer than Debian's headers

enum class Hook : uint8_t { kXdp, kTc };
const char* text_of(Hook hook) { return hook == Hook::kXdp ? "xdp" : "tc"; }

struct LinkState {
  uint32_t ifindex = 0;  // 0: detached
  uint32_t program = 0;
  Hook hook = Hook::kXdp;
};

Result<LinkState> state_of(int link) {
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(link, &info, &size) != 0) return fail_errno(errno, "link info");
  // In both kinds the interface is the first word.
  if (info.type == kTcxLink) return LinkState{info.xdp.ifindex, info.prog_id, Hook::kTc};
  if (info.type != BPF_LINK_TYPE_XDP) return LinkState{};
  return LinkState{info.xdp.ifindex, info.prog_id, Hook::kXdp};
}

class BpfLinks final : public XdpLinks {
 public:
  BpfLinks(const DataplaneOptions& options, const BpfObject& object, const PinDir& pins)
      : options_(options), object_(object), pins_(pins) {}

  Status attach_all() {
    auto interfaces = find_interfaces(options_.interfaces);
    if (!interfaces) return pass_on(std::move(interfaces.error()));
    std::set<uint32_t> wanted;
    for (const auto& [name, ifindex] : *interfaces) {
      wanted.insert(ifindex);
      if (auto status = take_over(name, ifindex); !status) {
        undo();
        return status;
      }
    }
    for (const uint32_t ifindex : pins_.links()) {
      if (wanted.count(ifindex) > 0) continue;
      if (auto status = pins_.unpin(pins_.link_path(ifindex)); !status) return status;
      log::info("detached from an interface that is not configured any more ifindex={}", ifindex);
    }
    return {};
  }

  Status audit(model::Audit& audit) override {
    for (const std::string& name : options_.interfaces) {
      ++audit.checked;
      if (auto status = audit_one(name, audit); !status) return status;
    }
    return {};
  }

  std::set<uint32_t> ifindexes() const override {
    std::set<uint32_t> result;
    for (const auto& [name, link] : links_) result.insert(link.ifindex);
    return result;
  }

 private:
  struct Link {
    Fd fd;  // empty: a filter of tc, which no descriptor stands for
    uint32_t ifindex = 0;
    Hook hook = Hook::kXdp;
  };

  /// What the mode asks for, before the driver was asked, and why.
  std::pair<Hook, const char*> wanted_hook(const std::string& name) {
    switch (options_.mode_of(name)) {
      case HookMode::kXdp:
        return {Hook::kXdp, "configured"};
      case HookMode::kTc:
        return {Hook::kTc, "configured"};
      default:
        break;
    }
    const std::string kind = kind_of(name);
    if (kind == "veth") return {Hook::kTc, "a veth: its peer may leave checksums to the receiver"};
    if (kind == "bond") return {Hook::kTc, "a bond: XDP is told the port that a frame came by, not the bond"};
    return {Hook::kXdp, "native XDP"};
  }

  Result<int> program(Hook hook) {
    if (hook == Hook::kXdp) return object_.program_fd();
    if (!tc_) {
      auto loaded = TcProgram::load(options_, object_);
      if (!loaded) return pass_on(std::move(loaded.error()));
      tc_ = std::move(*loaded);
    }
    return tc_->fd();
  }
  uint32_t program_id(Hook hook) const { return hook == Hook::kXdp ? object_.program_id() : tc_ ? tc_->id() : 0; }

  /// A pinned link that holds the interface where the mode wants it gets the new program; else a new one is made, and
  /// the old one goes after it.
  Status take_over(const std::string& name, uint32_t ifindex) {
    auto pinned = pins_.get(pins_.link_path(ifindex));
    if (!pinned) return pass_on(std::move(pinned.error()));
    if (!*pinned) return create(name, ifindex, filter_program(ifindex) == 0);
    auto state = state_of(pinned->get());
    if (!state) return pass_on(std::move(state.error()));
    const bool holds = state->ifindex == ifindex;
    if (!holds || state->hook != wanted_hook(name).first) return create(name, ifindex, !holds);
    auto program_fd = program(state->hook);
    if (!program_fd) return pass_on(std::move(program_fd.error()));
    if (bpf_link_update(pinned->get(), *program_fd, nullptr) != 0)
      return fail_errno(errno, fmt::format("interface {}: replacing the program", name));
    links_[name] = {std::move(*pinned), ifindex, state->hook};
    log::info("program replaced in place interface={} mode={}", name, text_of(state->hook));
    return {};
  }

  /// A start that fails leaves no interface attached that was not before.
  void undo() {
    for (const uint32_t ifindex : created_) {
      if (auto status = pins_.unpin(pins_.link_path(ifindex)); !status)
        log::error("detach failed ifindex={} error=\"{}\"", ifindex, status.error().to_string());
      if (auto status = detach_filter(ifindex); !status)
        log::error("detach failed ifindex={} error=\"{}\"", ifindex, status.error().to_string());
    }
    links_.clear();
  }

  Status create(const std::string& name, uint32_t ifindex, bool anew) {
    auto [hook, why] = wanted_hook(name);
    Result<Fd> link = hook == Hook::kXdp ? attach_xdp(name, ifindex) : attach_tc(name, ifindex);
    if (!link && hook == Hook::kXdp && options_.mode_of(name) == HookMode::kAuto &&
        link.error().code != ErrorCode::kConflict) {
      log::warn("native XDP is refused, tc is used interface={} reason=\"{}\"", name, link.error().message);
      hook = Hook::kTc;
      why = "native XDP is refused";
      link = attach_tc(name, ifindex);
    }
    if (!link) return pass_on(std::move(link.error()));
    const std::string path = pins_.link_path(ifindex);
    if (auto status = *link ? pins_.pin(link->get(), path) : pins_.unpin(path); !status) return status;
    if (*link)
      if (auto status = detach_filter(ifindex); !status) return status;  // of an older kernel or another mode
    links_[name] = {std::move(*link), ifindex, hook};
    if (anew) created_.insert(ifindex);
    log::info("attached interface={} ifindex={} mode={} reason=\"{}\"", name, ifindex, text_of(hook), why);
    return {};
  }

  Result<Fd> attach_xdp(const std::string& name, uint32_t ifindex) {
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
    Fd fd(bpf_link_create(object_.program_fd(), static_cast<int>(ifindex), BPF_XDP, &opts));
    if (!fd) return refusal(errno, name, ifindex);
    return fd;
  }

  Result<Fd> attach_tc(const std::string& name, uint32_t ifindex) {
    if (auto loaded = program(Hook::kTc); !loaded) return pass_on(std::move(loaded.error()));
    auto link = tc_->attach(ifindex);
    if (!link)
      return fail(link.error().code, fmt::format("interface {}: {}", name, link.error().message), "interfaces");
    return link;
  }

  Status audit_one(const std::string& name, model::Audit& audit) {
    const uint32_t ifindex = if_nametoindex(name.c_str());
    const auto link = links_.find(name);
    if (ifindex == 0) {
      if (link == links_.end()) return {};
      add_finding(audit, fmt::format("interface {} is gone", name));
      const uint32_t old = link->second.ifindex;
      links_.erase(link);
      return pins_.unpin(pins_.link_path(old));
    }
    if (link == links_.end() || link->second.ifindex != ifindex) {
      add_finding(audit, fmt::format("interface {} has appeared: attached", name));
      return recreate(name, ifindex);
    }
    if (!link->second.fd) return audit_filter(name, ifindex, audit);
    auto state = state_of(link->second.fd.get());
    if (!state) return pass_on(std::move(state.error()));
    if (state->ifindex != ifindex) {
      add_finding(audit, fmt::format("interface {} had lost its program: attached again", name));
      return recreate(name, ifindex);
    }
    if (state->program != program_id(state->hook)) {
      add_finding(audit, fmt::format("interface {} had another program in our place: replaced", name));
      auto program_fd = program(state->hook);
      if (!program_fd) return pass_on(std::move(program_fd.error()));
      if (bpf_link_update(link->second.fd.get(), *program_fd, nullptr) != 0)
        return fail_errno(errno, fmt::format("interface {}: replacing the program", name));
    }
    if (!pins_.exists(pins_.link_path(ifindex))) {
      add_finding(audit, fmt::format("interface {}: the link's pin was gone: pinned again", name));
      return pins_.pin(link->second.fd.get(), pins_.link_path(ifindex));
    }
    return {};
  }

  Status audit_filter(const std::string& name, uint32_t ifindex, model::Audit& audit) {
    if (filter_program(ifindex) == program_id(Hook::kTc)) return {};
    add_finding(audit, fmt::format("interface {} had lost its program: attached again", name));
    return tc_->attach_filter(ifindex);
  }

  Status recreate(const std::string& name, uint32_t ifindex) {
    if (const auto link = links_.find(name); link != links_.end()) {
      if (auto status = pins_.unpin(pins_.link_path(link->second.ifindex)); !status) return status;
      links_.erase(link);
    }
    return create(name, ifindex, true);
  }

  const DataplaneOptions options_;
  const BpfObject& object_;
  const PinDir& pins_;
  std::unique_ptr<TcProgram> tc_;  // when an interface needs it
  std::map<std::string, Link> links_;
  std::set<uint32_t> created_;  // not taken over from an agent before
};

}  // namespace

Result<std::map<std::string, uint32_t>> find_interfaces(const std::vector<std::string>& names) {
  std::map<std::string, uint32_t> found;
  for (const std::string& name : names) {
    const uint32_t ifindex = if_nametoindex(name.c_str());
    if (ifindex == 0)
      return fail(ErrorCode::kNotFound,
                  fmt::format("interface '{}' does not exist: see 'ip link' for those that do", name), "interfaces");
    found[name] = ifindex;
  }
  return found;
}

Result<std::unique_ptr<XdpLinks>> XdpLinks::attach(const DataplaneOptions& options, const BpfObject& object,
                                                   const PinDir& pins) {
  if (options.attach == XdpAttach::kLibxdp) return attach_libxdp(options, object, pins);
  auto links = std::make_unique<BpfLinks>(options, object, pins);
  if (auto status = links->attach_all(); !status) return pass_on(std::move(status.error()));
  return links;
}

}  // namespace elb::dataplane
