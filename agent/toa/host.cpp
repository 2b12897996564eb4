// SPDX-License-Identifier: Apache-2.0
#include "toa/host.h"

#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace elb::toa {

namespace fs = std::filesystem;

Status check_cgroup(const std::string& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return invalid("cgroup", fmt::format("{}: {}", path, std::strerror(errno)));
  if (static_cast<uint32_t>(info.f_type) != CGROUP2_SUPER_MAGIC)
    return invalid("cgroup",
                   fmt::format("{} is no directory of a cgroup2; 'mount -t cgroup2' lists where it is mounted", path));
  return {};
}

Result<std::string> find_cgroup2() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, path, type;
    if (words >> device >> path >> type && type == "cgroup2" && check_cgroup(path))
      return path;  // not one that is covered
  }
  return fail(
      ErrorCode::kSystem,
      "no cgroup2 is mounted: run 'mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2' as root, or boot "
      "with systemd.unified_cgroup_hierarchy=1 (it may be mounted beside cgroup v1)");
}

Result<uint64_t> cgroup_id(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno(errno, path);
  return info.st_ino;  // since Linux 5.5
}

std::string cgroup_path(uint64_t id) {
  const auto root = find_cgroup2();
  if (!root) return "";
  if (const auto found = cgroup_id(*root); found && *found == id) return *root;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(*root, options, error); !error && at != fs::end(at);
       at.increment(error)) {
    if (!at->is_directory(error)) continue;
    if (const auto found = cgroup_id(at->path().string()); found && *found == id) return at->path().string();
  }
  return "";
}

Status check_bpffs(const std::string& path) {
  fs::path existing = path;
  struct statfs info {};
  while (::statfs(existing.c_str(), &info) != 0) {
    if (errno != ENOENT || existing == existing.parent_path()) return fail_errno(errno, existing.string());
    existing = existing.parent_path();
  }
  if (static_cast<uint32_t>(info.f_type) == BPF_FS_MAGIC) return {};
  return fail(
      ErrorCode::kSystem,
      fmt::format("{} is not on a BPF file system: run 'mount -t bpf bpf /sys/fs/bpf' as root (systemd does so at "
                  "boot), or choose another --pin-dir",
                  path));
}

Status check_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2]{};
  if (syscall(SYS_capget, &header, held) != 0) return fail_errno(errno, "capabilities");
  const auto has = [&](int capability) {
    return (held[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  };
  std::string missing;
  const auto need = [&](bool held_already, const char* name) {
    if (!held_already) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(has(CAP_BPF) || has(CAP_SYS_ADMIN), "CAP_BPF");
  need(has(CAP_NET_ADMIN), "CAP_NET_ADMIN");
  need(has(CAP_PERFMON) || has(CAP_SYS_ADMIN), "CAP_PERFMON");  // packet pointers with an offset that is not constant
  if (missing.empty()) return {};
  return fail(ErrorCode::kSystem, fmt::format("lacks {}: run it as root, or through elb-toa.service", missing));
}

std::string kernel_hint() {
  utsname name{};
  ::uname(&name);
  int major = 0, minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 10)))
    return fmt::format("; this is Linux {}, older than the 5.10 it is written for: use the kernel module toa.ko here",
                       name.release);
  return fmt::format(
      "; this is Linux {}: it needs CONFIG_CGROUP_BPF and CONFIG_BPF_SYSCALL, and --verbose tells what "
      "the kernel says",
      name.release);
}

}  // namespace elb::toa
