// SPDX-License-Identifier: Apache-2.0
#include "dataplane/libxdp_links.h"

#include <net/if.h>
#include <xdp/libxdp.h>

#include <cerrno>
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

/// Ids of our programs in the interface's dispatcher.
std::vector<uint32_t> attached_ids(uint32_t ifindex) {
  std::vector<uint32_t> ids;
  xdp_multiprog* raw = xdp_multiprog__get_from_ifindex(static_cast<int>(ifindex));
  if (raw == nullptr || libxdp_get_error(raw) != 0) return ids;
  const Multiprog multiprog(raw);
  for (const xdp_program* program = xdp_multiprog__next_prog(nullptr, raw); program != nullptr;
       program = xdp_multiprog__next_prog(program, raw))
    if (std::string_view(xdp_program__name(program)) == kProgramName) ids.push_back(xdp_program__id(program));
  return ids;
}

Status detach(uint32_t ifindex, uint32_t id) {
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
    for (const auto& [name, ifindex] : *interfaces) {
      const auto old = attached_ids(ifindex);
      if (auto status = add(name, ifindex); !status) return status;
      for (const uint32_t id : old)
        if (auto status = detach(ifindex, id); !status) return status;
    }
    return {};
  }

  Status audit(model::Audit& audit) override {
    for (const std::string& name : names_) {
      ++audit.checked;
      const uint32_t ifindex = if_nametoindex(name.c_str());
      const auto link = links_.find(name);
      if (ifindex == 0) continue;
      if (link != links_.end() && link->second.ifindex == ifindex && !attached_ids(ifindex).empty()) continue;
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
  for (const uint32_t ifindex : ifindexes)
    for (const uint32_t id : attached_ids(ifindex))
      if (auto status = detach(ifindex, id); !status) return status;
  return {};
}

}  // namespace elb::dataplane
