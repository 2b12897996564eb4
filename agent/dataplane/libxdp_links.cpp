// SPDX-License-Identifier: Apache-2.0
#include "dataplane/libxdp_links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <xdp/libxdp.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "dataplane/drift.h"

namespace elb::dataplane {

namespace {

constexpr const char* kProgramName = "xdp_balancer";
constexpr const char* kSection = "xdp.frags";

struct CloseProgram {
  void operator()(xdp_program* program) const { xdp_program__close(program); }
};
using Program = std::unique_ptr<xdp_program, CloseProgram>;
struct CloseMultiprog {
  void operator()(xdp_multiprog* multiprog) const { xdp_multiprog__close(multiprog); }
};
using Multiprog = std::unique_ptr<xdp_multiprog, CloseMultiprog>;

tl::unexpected<Error> failure(long error, std::string_view interface, std::string_view what) {
  char text[256] = "";
  libxdp_strerror(static_cast<int>(error), text, sizeof text);
  return fail(ErrorCode::kSystem, fmt::format("interface {}: {}: {}", interface, what, text), "interfaces");
}

/// Ours among what is attached to an interface. Where the kernel refuses dispatchers libxdp attaches a program alone.
struct Attached {
  std::vector<uint32_t> in_dispatcher;  // program ids
  std::optional<uint32_t> alone;
  bool any() const { return alone || !in_dispatcher.empty(); }
};

bool is_ours(const xdp_program* program) { return std::string_view(xdp_program__name(program)) == kProgramName; }

Attached find_attached(uint32_t ifindex) {
  Attached attached;
  xdp_multiprog* raw = xdp_multiprog__get_from_ifindex(static_cast<int>(ifindex));
  if (raw == nullptr || libxdp_get_error(raw) != 0) return attached;
  const Multiprog multiprog(raw);
  if (xdp_multiprog__is_legacy(raw)) {
    const xdp_program* main = xdp_multiprog__main_prog(raw);
    if (main != nullptr && is_ours(main)) attached.alone = xdp_program__id(main);
    return attached;
  }
  for (const xdp_program* program = xdp_multiprog__next_prog(nullptr, raw); program != nullptr;
       program = xdp_multiprog__next_prog(program, raw))
    if (is_ours(program)) attached.in_dispatcher.push_back(xdp_program__id(program));
  return attached;
}

/// Puts `program` (-1: none) in the place of one that is attached alone, in one step.
Status replace_alone(uint32_t ifindex, uint32_t old_id, int program) {
  const Fd old(bpf_prog_get_fd_by_id(old_id));
  if (!old) return fail_errno(errno, "open of the attached XDP program");
  LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = old.get());
  const auto flags = static_cast<uint32_t>(XDP_FLAGS_DRV_MODE | XDP_FLAGS_REPLACE);
  if (bpf_xdp_attach(static_cast<int>(ifindex), program, flags, &opts) != 0)
    return fail_errno(errno, "replacing the XDP program");
  return {};
}

Status detach_from_dispatcher(uint32_t ifindex, uint32_t id) {
  xdp_program* raw = xdp_program__from_id(id);
  if (const long error = libxdp_get_error(raw); error != 0)
    return failure(error, std::to_string(ifindex), "open program");
  const Program program(raw);
  if (const int error = xdp_program__detach(raw, static_cast<int>(ifindex), XDP_MODE_NATIVE, 0); error != 0)
    return failure(error, std::to_string(ifindex), "detach");
  return {};
}

class LibxdpLinks final : public XdpLinks {
 public:
  LibxdpLinks(const DataplaneOptions& options, const BpfObject& object) : names_(options.interfaces), object_(object) {}

  Status attach_all() {
    auto interfaces = find_interfaces(names_);
    if (!interfaces) return pass_on(std::move(interfaces.error()));
    for (const auto& [name, ifindex] : *interfaces)
      if (auto status = take_over(name, ifindex); !status) return status;
    return {};
  }

  Status audit(model::Audit& audit) override {
    for (const std::string& name : names_) {
      ++audit.checked;
      const uint32_t ifindex = if_nametoindex(name.c_str());
      const auto link = links_.find(name);
      if (ifindex == 0) continue;
      if (link != links_.end() && link->second.ifindex == ifindex && find_attached(ifindex).any()) continue;
      add_finding(audit, fmt::format("interface {} had lost its program: attached again", name));
      links_.erase(name);
      if (auto status = add(name, ifindex); !status) return status;
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
    uint32_t ifindex = 0;
    std::unique_ptr<BpfObject::Opened> opened;
    Program program;
  };

  Status take_over(const std::string& name, uint32_t ifindex) {
    const Attached old = find_attached(ifindex);
    if (old.alone) {
      if (auto status = replace_alone(ifindex, *old.alone, object_.program_fd()); !status) return status;
      links_[name] = Link{ifindex, nullptr, nullptr};
      log::info("program replaced in place interface={}", name);
      return {};
    }
    if (auto status = add(name, ifindex); !status) return status;
    for (const uint32_t id : old.in_dispatcher)
      if (auto status = detach_from_dispatcher(ifindex, id); !status) return status;
    return {};
  }

  Status add(const std::string& name, uint32_t ifindex) {
    auto opened = object_.open_again();
    if (!opened) return pass_on(std::move(opened.error()));
    xdp_program* raw = xdp_program__from_bpf_obj((*opened)->object(), kSection);
    if (const long error = libxdp_get_error(raw); error != 0) return failure(error, name, "open program");
    Program program(raw);
    // Packets that are not ours go on to the programs behind ours.
    xdp_program__set_chain_call_enabled(raw, XDP_PASS, true);
    if (const int error = xdp_program__attach(raw, static_cast<int>(ifindex), XDP_MODE_NATIVE, 0); error != 0)
      return failure(error, name, "attach through libxdp");
    links_[name] = Link{ifindex, std::move(*opened), std::move(program)};
    log::info("attached through libxdp interface={} ifindex={}", name, ifindex);
    if (find_attached(ifindex).alone)
      log::warn("this kernel refuses libxdp's dispatcher, no other XDP program can share the interface interface={}",
                name);
    return {};
  }

  const std::vector<std::string> names_;
  const BpfObject& object_;
  std::map<std::string, Link> links_;
};

}  // namespace

Result<std::unique_ptr<XdpLinks>> attach_libxdp(const DataplaneOptions& options, const BpfObject& object,
                                                const PinDir& pins) {
  for (const uint32_t ifindex : pins.links())  // of an agent that attached by links
    if (auto status = pins.unpin(pins.link_path(ifindex)); !status) return pass_on(std::move(status.error()));
  auto links = std::make_unique<LibxdpLinks>(options, object);
  if (auto status = links->attach_all(); !status) return pass_on(std::move(status.error()));
  return links;
}

Status detach_libxdp(const std::set<uint32_t>& ifindexes) {
  for (const uint32_t ifindex : ifindexes) {
    const Attached attached = find_attached(ifindex);
    if (attached.alone)
      if (auto status = replace_alone(ifindex, *attached.alone, -1); !status) return status;
    for (const uint32_t id : attached.in_dispatcher)
      if (auto status = detach_from_dispatcher(ifindex, id); !status) return status;
  }
  return {};
}

}  // namespace elb::dataplane
