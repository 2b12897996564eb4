// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tc_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <tc_balancer.skel.h>

#include <cerrno>

#include "dataplane/constants.h"

namespace elb::dataplane {

namespace {

constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // BPF_TCX_INGRESS, newer than Debian's headers
constexpr uint32_t kHandle = 0xE1B, kPriority = 0xE1B;          // of our filter; low priorities run later

bpf_tc_hook hook_of(uint32_t ifindex) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = BPF_TC_INGRESS;
  return hook;
}

bpf_tc_opts our_filter() {
  bpf_tc_opts opts{};
  opts.sz = sizeof opts;
  opts.handle = kHandle;
  opts.priority = kPriority;
  return opts;
}

}  // namespace

Result<std::unique_ptr<TcProgram>> TcProgram::load(const DataplaneOptions& options, const BpfObject& object) {
  tc_balancer* skeleton = tc_balancer__open();
  if (skeleton == nullptr) return fail_errno(errno, "open of the tc program");
  std::unique_ptr<TcProgram> program(new TcProgram(skeleton));
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (bpf_map__is_internal(map)) continue;
    const int fd = object.map_fd(bpf_map__name(map));
    if (fd < 0) return fail(ErrorCode::kInternal, fmt::format("no map {} to share", bpf_map__name(map)));
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0)
      return fail_errno(-error, fmt::format("reuse of map {}", bpf_map__name(map)));
  }
  set_constants(*skeleton, options, object.meta(), object.rate());
  if (const int error = tc_balancer__load(skeleton); error != 0) return fail_errno(-error, "load of the tc program");
  return program;
}

TcProgram::~TcProgram() { tc_balancer__destroy(skeleton_); }

int TcProgram::fd() const { return bpf_program__fd(skeleton_->progs.tc_balancer); }

uint32_t TcProgram::id() const {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(fd(), &info, &size) == 0 ? info.id : 0;
}

Result<Fd> TcProgram::attach(uint32_t ifindex) const {
  Fd link(bpf_link_create(fd(), static_cast<int>(ifindex), kTcxIngress, nullptr));
  if (link) return link;
  if (errno != EINVAL && errno != EOPNOTSUPP) return fail_errno(errno, "attach of the tc program");
  if (auto status = attach_filter(ifindex); !status) return pass_on(std::move(status.error()));
  return Fd();
}

Status TcProgram::attach_filter(uint32_t ifindex) const {
  bpf_tc_hook hook = hook_of(ifindex);
  if (const int error = bpf_tc_hook_create(&hook); error != 0 && error != -EEXIST)
    return fail_errno(-error, "creation of the clsact qdisc");
  bpf_tc_opts opts = our_filter();
  opts.prog_fd = fd();
  opts.flags = BPF_TC_F_REPLACE;
  if (const int error = bpf_tc_attach(&hook, &opts); error != 0) return fail_errno(-error, "attach of the tc program");
  return {};
}

uint32_t filter_program(uint32_t ifindex) {
  bpf_tc_hook hook = hook_of(ifindex);
  bpf_tc_opts opts = our_filter();
  return bpf_tc_query(&hook, &opts) == 0 ? opts.prog_id : 0;
}

Status detach_filter(uint32_t ifindex) {
  if (filter_program(ifindex) == 0) return {};
  bpf_tc_hook hook = hook_of(ifindex);
  bpf_tc_opts opts = our_filter();
  if (const int error = bpf_tc_detach(&hook, &opts); error != 0 && error != -ENOENT && error != -EINVAL)
    return fail_errno(-error, "detach of the tc program");
  return {};
}

}  // namespace elb::dataplane
